package importer

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// documents tells whether the rows are JSON.
func (im *imports) documents() bool {
	return im.o.Format == daemonapi.TransferJSON || im.o.Format == daemonapi.TransferNDJSON
}

// openDocuments finds out which form the data has, and gives what opens it from
// its front.
func (im *imports) openDocuments(src io.Reader) (func(bool) (rows, error), error) {
	most := im.data.limits.Row
	lines := im.o.Format == daemonapi.TransferNDJSON
	frame := frame{}
	if !lines {
		var err error
		if frame, err = findFrame(src, most); err != nil {
			return nil, err
		}
		im.note(frame.notes...)
	}
	return func(bool) (rows, error) {
		src, err := im.data.text(im.encoding, false)
		if err != nil {
			return nil, err
		}
		return frame.open(src, lines, most)
	}, nil
}

// document is a reader of rows that knows their columns when all of them have
// been read.
type document interface {
	rows
	// columns gives the names, as they are in the data; named tells whether they
	// are there.
	columns() (names []string, named bool)
	// lost is how many values SQLite has no form for.
	lost() int64
}

func (r *documents) columns() (names []string, named bool) {
	if !r.arrays || r.within {
		return r.names, true
	}
	return make([]string, r.width), false
}

func (r *documents) lost() int64 { return r.nans }

func (t *turned) columns() (names []string, named bool) { return t.names, true }

func (t *turned) lost() int64 { return t.nans }

// documents takes the columns of JSON when all of it has been read.
func (sh *shape) documents(r document) {
	sh.given, sh.named = r.columns()
	sh.typed = true
	sh.names = distinct(sh.given, false)
	sh.seen = append(sh.seen, make([]seen, max(0, len(sh.names)-len(sh.seen)))...)
}

// nothing imports no rows at all, which is what an empty array says.
func (im *imports) nothing(l Loader, found bool) error {
	switch {
	case !found:
		return errs.E(errs.Invalid, "There are no rows, and so no columns to make the table %s of; create it, then import with the mode append or replace", shortened(im.o.Table, 80))
	case im.o.Mode == daemonapi.ImportReplace:
		return change(l, "DELETE FROM main."+quoteName(im.o.Table))
	}
	return nil
}

// note tells what was done with the data that is not plain.
func (im *imports) note(sentences ...string) {
	im.result.Notes = append(im.result.Notes, sentences...)
}

// noteOnce adds a remark that is not there yet.
func (im *imports) noteOnce(sentence string) {
	if !slices.Contains(im.result.Notes, sentence) {
		im.note(sentence)
	}
}

// computed tells that values were left out which the table computes itself.
func (im *imports) computed(names []string) {
	if len(names) > 0 {
		im.note("The table computes " + shortened(strings.Join(names, ", "), 300) + " itself; what the data says of that was left out")
	}
}

// noNumbers tells that NaN has become NULL, as everywhere in SQLite.
func (im *imports) noNumbers(r rows) {
	if d, ok := r.(document); ok && d.lost() > 0 {
		im.note(fmt.Sprintf("%d values NaN (not a number) became NULL: SQLite has no such number", d.lost()))
	}
}
