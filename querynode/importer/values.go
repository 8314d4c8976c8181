package importer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// declaredColumns returns the columns with their declared types.
func (sh *shape) declaredColumns(columns []daemonapi.ImportColumn) []daemonapi.ImportColumn {
	if sh.declared == nil {
		return columns
	}
	all := slices.Clone(columns)
	for i := range all {
		all[i].Type = sh.declared[i]
	}
	return all
}

// values converts the cells of a row.
func (sh *shape) values(got row, columns []daemonapi.ImportColumn, values []daemonapi.Value) (bad error) {
	clear(values)
	for i, c := range got.cells {
		at := sh.place(i)
		switch {
		case at < 0:
		case sh.text == nil:
			values[at] = c.value(columns[at].Type)
		case sh.typed:
			c, _ = exportedCell(c, sh.text.width == 1)
			values[at] = c.value(columns[at].Type)
		default:
			var ok bool
			if values[at], ok = sh.text.value(i, c, columns[at].Type); !ok {
				return errs.E(errs.Invalid, "%s is not of the type %s that the options set for the column %s", truncate(strings.ToValidUTF8(string(c.data), "\uFFFD"), 40), columns[at].Type, truncate(columns[at].Name, 80))
			}
		}
	}
	return nil
}

// preview adds a row to the preview of a dry run.
func (im *importRun) preview(sh *shape, got row, values []daemonapi.Value) {
	if !im.options.DryRun || len(im.result.Preview) == previewRows {
		return
	}
	row := make([]*string, len(im.result.Columns))
	for i, c := range got.cells {
		if at := sh.place(i); at >= 0 && c.kind != null {
			row[at] = shownValue(values[at], c)
		}
	}
	im.result.Preview = append(im.result.Preview, row)
}

// shownValue returns a value for a preview; nil is NULL.
func shownValue(v daemonapi.Value, c cell) *string {
	b := c.data
	switch {
	case v.Kind == daemonapi.Null:
		return nil
	case c.kind != word && c.kind != enclosed:
	case v.Kind == daemonapi.Integer:
		b = strconv.AppendInt(nil, v.Integer, 10)
	case v.Kind == daemonapi.Real:
		b = strconv.AppendFloat(nil, v.Real, 'g', -1, 64)
	}
	s := truncate(strings.ToValidUTF8(string(b[:min(len(b), previewBytes+4)]), "\uFFFD"), previewBytes)
	return &s
}
