package importer

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// This program's CSV exports are recognized by their quotes: all names have
// them, and exactly those values that another reader might not take for a text
// (daemonapi.PlainField). So quotes distinguish texts from numbers, and each
// value comes back unchanged.

// looksExported reports whether the beginning of the data may be such an
// export.
func (p *plan) looksExported(t statistics) bool {
	return p.header && p.whole && t.crlf && p.dialect == dialect{delimiter: ',', quote: '"'} && p.lines == 0 && !slices.Contains(p.names, "")
}

// exportedCell makes a typed cell; ok is false if no export would write the
// cell in this form.
func exportedCell(c cell, single bool) (typed cell, ok bool) {
	switch c.kind {
	case enclosed:
		return cell{text, c.data}, !daemonapi.PlainField(c.data, single)
	case word:
		if k, ok := exportedNumber(c.data); ok {
			return k, true
		}
		return cell{text, c.data}, daemonapi.PlainField(c.data, single)
	}
	return c, true
}

// exportedNumber reads a number in the form that exports write.
func exportedNumber(b []byte) (cell, bool) {
	switch c := b[0]; {
	case string(b) == "inf" || string(b) == "-inf":
		return cell{real, infinite(c == '-')}, true
	case c != '-' && (c < '0' || c > '9') || len(b) > 400:
		return cell{}, false
	}
	if !bytes.ContainsAny(b, ".eE") {
		n, err := strconv.ParseInt(string(b), 10, 64)
		return cell{integer, b}, err == nil && len(strconv.AppendInt(nil, n, 10)) == len(b)
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return cell{}, false
	}
	form := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	again := strconv.AppendFloat(nil, f, form, -1, 64)
	if form == 'f' && bytes.IndexByte(again, '.') < 0 {
		again = append(again, '.', '0')
	}
	return cell{real, b}, bytes.Equal(again, b)
}

// readExported adds a row of an export. The first row of another form ends the
// typed reading.
func (sh *shape) readExported(got row) {
	if sh.seen == nil {
		sh.seen = make([]valueSet, sh.text.width)
	}
	for i, c := range got.cells {
		k, ok := exportedCell(c, sh.text.width == 1)
		if !ok {
			sh.typed = false
			return
		}
		sh.seen[i].add(k)
	}
}

// headerAloneQuoted reports whether the first row has quotes that it does not
// need and rows below have fields without quotes. Programs that quote all texts
// write names so, and so do our exports.
func headerAloneQuoted(head []cell, body []sampled) bool {
	if !slices.ContainsFunc(head, func(c cell) bool { return c.kind == enclosed && !bytes.ContainsAny(c.data, ",;\t|\"\r\n") }) {
		return false
	}
	return slices.ContainsFunc(body, func(r sampled) bool {
		return slices.ContainsFunc(r.cells, func(c cell) bool { return c.kind != enclosed && c.kind != null })
	})
}

// hasPlainField reports whether a field has quotes that it does not need. In
// data of one row, such a row is a header.
func hasPlainField(head []cell) bool {
	return slices.ContainsFunc(head, func(c cell) bool { return daemonapi.PlainField(c.data, len(head) == 1) })
}
