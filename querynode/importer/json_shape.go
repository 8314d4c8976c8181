package importer

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// isJSON reports whether the rows are JSON.
func (im *importRun) isJSON() bool {
	return im.options.Format == daemonapi.TransferJSON || im.options.Format == daemonapi.TransferNDJSON
}

// openDocuments finds out which form the data has, and gives what opens it from
// its front.
func (im *importRun) openDocuments(src io.Reader) (func(bool) (rows, error), error) {
	most := im.data.limits.Row
	lines := im.options.Format == daemonapi.TransferNDJSON
	frame := jsonForm{}
	if !lines {
		var err error
		if frame, err = findJSONForm(src, most); err != nil {
			return nil, err
		}
		im.remark(frame.notes...)
	}
	return func(bool) (rows, error) {
		src, err := im.data.text(im.encoding, false)
		if err != nil {
			return nil, err
		}
		return frame.open(src, lines, most)
	}, nil
}

// columnsReader is a reader of rows that knows their columns when all of them have
// been read.
type columnsReader interface {
	rows
	// columns returns the names, as they are in the data; named reports whether they
	// are there.
	columns() (names []string, named bool)
	// lost is how many values SQLite has no form for.
	lost() int64
}

func (r *jsonRows) columns() (names []string, named bool) {
	if !r.arrays || r.within {
		return r.names, true
	}
	return make([]string, r.width), false
}

func (r *jsonRows) lost() int64 { return r.nans }

func (t *objectRows) columns() (names []string, named bool) { return t.names, true }

func (t *objectRows) lost() int64 { return t.nans }

// documents takes the columns of JSON when all of it has been read.
func (sh *shape) documents(r columnsReader) {
	sh.given, sh.named = r.columns()
	sh.typed = true
	sh.names = distinctNames(sh.given, false)
	sh.seen = append(sh.seen, make([]valueSet, max(0, len(sh.names)-len(sh.seen)))...)
}

// importNoRows imports no rows at all, which is what an empty array says.
func (im *importRun) importNoRows(l Loader, found bool) error {
	switch {
	case !found:
		return errs.E(errs.Invalid, "There are no rows, and so no columns to make the table %s of; create it, then import with the mode append or replace", truncate(im.options.Table, 80))
	case im.options.Mode == daemonapi.ImportReplace:
		return mustExec(l, "DELETE FROM main."+quoteName(im.options.Table))
	}
	return nil
}

// remark returns what was done with the data that is not plain.
func (im *importRun) remark(sentences ...string) {
	im.result.Notes = append(im.result.Notes, sentences...)
}

// remarkOnce adds a remark that is not there yet.
func (im *importRun) remarkOnce(sentence string) {
	if !slices.Contains(im.result.Notes, sentence) {
		im.remark(sentence)
	}
}

// remarkGenerated tells that values were left out which the table computes itself.
func (im *importRun) remarkGenerated(names []string) {
	if len(names) > 0 {
		im.remark("The table computes " + truncate(strings.Join(names, ", "), 300) + " itself; what the data says of that was left out")
	}
}

// remarkNaN tells that NaN has become NULL, as everywhere in SQLite.
func (im *importRun) remarkNaN(r rows) {
	if d, ok := r.(columnsReader); ok && d.lost() > 0 {
		im.remark(fmt.Sprintf("%d values NaN (not a number) became NULL: SQLite has no such number", d.lost()))
	}
}
