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

// openDocuments detects the form of the data and returns a function that opens
// it from the start.
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

// columnsReader is a reader of rows that knows the columns after the last row.
type columnsReader interface {
	rows
	// columns returns the names in the data; named reports whether the data has
	// names.
	columns() (names []string, named bool)
	// lost returns the number of values that SQLite cannot store.
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

// documents sets the columns of JSON after the first pass.
func (sh *shape) documents(r columnsReader) {
	sh.given, sh.named = r.columns()
	sh.typed = true
	sh.names = distinctNames(sh.given, false)
	sh.seen = append(sh.seen, make([]valueSet, max(0, len(sh.names)-len(sh.seen)))...)
}

// importNoRows handles data without rows, such as an empty array.
func (im *importRun) importNoRows(l Loader, found bool) error {
	switch {
	case !found:
		return errs.E(errs.Invalid, "The data has no rows, so the columns of the table %s are unknown; create the table, then import with the mode append or replace", truncate(im.options.Table, 80))
	case im.options.Mode == daemonapi.ImportReplace:
		return mustExec(l, "DELETE FROM main."+quoteName(im.options.Table))
	}
	return nil
}

// remark adds sentences to the remarks of the answer.
func (im *importRun) remark(sentences ...string) {
	im.result.Notes = append(im.result.Notes, sentences...)
}

// remarkOnce adds a remark unless it is there already.
func (im *importRun) remarkOnce(sentence string) {
	if !slices.Contains(im.result.Notes, sentence) {
		im.remark(sentence)
	}
}

// remarkGenerated adds the remark that values of generated columns were left
// out.
func (im *importRun) remarkGenerated(names []string) {
	if len(names) > 0 {
		im.remark("The table computes " + truncate(strings.Join(names, ", "), 300) + " itself; these columns of the data were left out")
	}
}

// remarkNaN adds the remark that NaN became NULL.
func (im *importRun) remarkNaN(r rows) {
	if d, ok := r.(columnsReader); ok && d.lost() > 0 {
		im.remark(fmt.Sprintf("%d values NaN (not a number) became NULL: SQLite has no such number", d.lost()))
	}
}
