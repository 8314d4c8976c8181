package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/ayb-go/ayb/shared/errs"
)

// jsonForm is the arrangement of rows in a JSON document that is one object.
// pandas writes these with to_json, depending on orient:
//
//	columns  {"a":{"0":1,"1":3},"b":{"0":2,"1":4}}, the default
//	index    {"0":{"a":1,"b":2},"1":{"a":3,"b":4}}
//	split    {"columns":["a","b"],"index":[0,1],"data":[[1,2],[3,4]]}
//	table    {"schema":{…},"data":[{"index":0,"a":1,"b":2},…]}
//
// Other programs write similar objects: {"fields":[…],"rows":[[…],…]} is an
// answer of the query interface, and {"items":[{…},…]} is common among services.
// Any other object is one row.
type jsonForm struct {
	form  formKind
	notes []string
	line  int64
	names []string // of columns; nil if rows have them
	label bool     // rows have labels that mean something: a column of their own

	at    int      // array: where it begins in the text
	index []byte   // array: the labels
	data  []byte   // columns, index: all of it
	parts []member // columns, index: columns or rows
}

type formKind uint8

const (
	formRows    formKind = iota // rows, not within an object
	formArray                   // an array within the object
	formColumns                 // an object for each column
	formIndex                   // an object for each row
)

// member is a member of an object, at data[from:to]. A member that is cut off
// has no end.
type member struct {
	name     string
	from, to int
	cut      bool
}

// indexName is pandas' column of row labels.
const indexName = "index"

// findJSONForm detects whether the data is one object that holds rows.
func findJSONForm(src io.Reader, most int) (jsonForm, error) {
	r := newJSONRows(src, false, most)
	r.brief = true
	if !r.blanks() || r.buf[r.at] != '{' {
		return jsonForm{}, nil // the error is found again when the data is read
	}
	f := jsonForm{line: r.line}
	before := int(r.offset())
	if err := r.value(); err != nil {
		return jsonForm{}, nil //nolint:nilerr // as above
	}
	f.data = r.data
	switch {
	case r.large:
	case r.blanks() || !errors.Is(r.err, io.EOF): // one of several
		return jsonForm{}, nil
	case !r.valid():
		return jsonForm{}, nil
	}
	f.parts = membersOf(f.data)
	if f.array() {
		f.at += before
		f.data, f.parts = nil, nil
		return f, nil
	}
	if same, labels, names := f.sameMembers(); same {
		return f.objectOfObjects(labels, names, r.large || max(len(labels), len(names)) == maxMembers, most)
	}
	return jsonForm{}, nil
}

// maxMembers is the limit of members in an object of rows or columns. The
// record of a member takes more memory than the member itself.
const maxMembers = 1 << 18

// membersOf returns the members of the object at the front, at most maxMembers.
// The object may be cut off.
func membersOf(b []byte) (found []member) {
	depth, name := 0, ""
	var open *member
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			from := i
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if i >= len(b) {
				continue
			}
			if depth == 1 && open == nil {
				p := parser{b: b[from : i+1]}
				name = string(p.cell().data)
			}
		case '{', '[':
			depth++
		case '}', ']', ',':
			if open != nil && depth == 1 {
				open.to, open.cut, open = i, false, nil
			}
			if c != ',' {
				depth--
			}
		case ':':
			if depth == 1 && open == nil {
				if len(found) == maxMembers {
					return found
				}
				found = append(found, member{name: name, from: i + 1, to: len(b), cut: true})
				open = &found[len(found)-1]
			}
		}
	}
	return found
}

func (f *jsonForm) value(m member) []byte { return bytes.TrimSpace(f.data[m.from:m.to]) }

// array detects whether the rows are an array within the object.
func (f *jsonForm) array() bool {
	var rows, names, index *member
	for i := range f.parts {
		switch m := &f.parts[i]; m.name {
		case "data", "rows":
			if rows != nil {
				return false
			}
			rows = m
		case "columns", "fields":
			names = m
		case indexName:
			index = m
		case "schema":
		default:
			if len(f.parts) != 1 {
				return false
			}
			rows = m
		}
	}
	if rows == nil {
		return false
	}
	value := f.value(*rows)
	first := parser{b: append([]byte{}, value[:min(len(value), 100)]...)}
	if !first.skip('[') || len(bytes.TrimSpace(first.b)) == 0 {
		return false
	}
	if c := first.peek(); c != '{' && (names == nil || c != '[' && c != ']') {
		return false
	}
	if names != nil && !f.takeNames(*names) || index != nil && !f.takeLabels(*index) {
		return false
	}
	f.form, f.at = formArray, bytes.IndexByte(f.data[rows.from:], '[')+rows.from
	f.line += int64(bytes.Count(f.data[:f.at], []byte{'\n'}))
	return true
}

// takeNames reads the names of columns.
func (f *jsonForm) takeNames(m member) bool {
	p := parser{b: f.value(m)}
	if m.cut || !json.Valid(p.b) || !p.skip('[') {
		return false
	}
	f.names = []string{}
	for p.peek() != ']' {
		f.names = append(f.names, string(p.cell().data))
		p.skip(',')
	}
	return true
}

// takeLabels reads the labels of rows, unless they only number the rows.
func (f *jsonForm) takeLabels(m member) bool {
	p := parser{b: f.value(m)}
	if m.cut || !json.Valid(p.b) || !p.skip('[') || f.names == nil {
		return false
	}
	for n := 0; p.peek() != ']'; n++ {
		if string(p.cell().data) != strconv.Itoa(n) {
			f.label = true
		}
		p.skip(',')
	}
	if f.label {
		f.index = append([]byte{}, f.value(m)...)
		f.names = slices.Insert(f.names, 0, indexName)
	}
	return true
}

// sameMembers reports whether all members are objects with the same names. It
// returns these names and those of the members.
func (f *jsonForm) sameMembers() (same bool, inner, outer []string) {
	for i, m := range f.parts {
		if m.cut {
			break
		}
		value := f.value(m)
		if len(value) == 0 || value[0] != '{' {
			return false, nil, nil
		}
		var names []string
		for _, of := range membersOf(value) {
			names = append(names, of.name)
		}
		if i > 0 && !slices.Equal(names, inner) {
			return false, nil, nil
		}
		inner, outer = names, append(outer, m.name)
	}
	return len(inner) > 0, inner, outer
}

// objectOfObjects reads an object of objects as a table, if one side has the
// numbers of rows.
func (f jsonForm) objectOfObjects(inner, outer []string, large bool, most int) (jsonForm, error) {
	labels := inner
	switch {
	case areIntegers(inner):
		f.form, f.names = formColumns, outer
	case areIntegers(outer):
		f.form, f.names, labels = formIndex, inner, outer
	default:
		if len(outer) > 1 {
			return jsonForm{notes: []string{"The file is one JSON object and is imported as one row. If its members are rows or columns, write an array of objects; from pandas with to_json(FILE, orient=\"records\")"}}, nil
		}
		return jsonForm{}, nil
	}
	if large {
		return jsonForm{}, errs.E(errs.Invalid, "The rows are one JSON object, which may have at most %d bytes (a quarter of limits.heap_bytes) and %d rows; write an array of objects, from pandas with to_json(FILE, orient=\"records\")", most, maxMembers-1)
	}
	for i, label := range labels {
		f.label = f.label || label != strconv.Itoa(i)
	}
	if f.label {
		f.names = slices.Insert(slices.Clone(f.names), 0, indexName)
	}
	return f, nil
}

// areIntegers reports whether all names are integers.
func areIntegers(names []string) bool {
	return !slices.ContainsFunc(names, func(s string) bool {
		_, err := strconv.ParseInt(s, 10, 64)
		return err != nil
	})
}

// open returns a reader of the rows.
func (f *jsonForm) open(src io.Reader, lines bool, most int) (rows, error) {
	switch f.form {
	case formRows:
		return newJSONRows(src, lines, most), nil
	case formArray:
		if _, err := io.CopyN(io.Discard, src, int64(f.at)); err != nil {
			return nil, errReadBack(err)
		}
		r := newJSONRows(src, false, most)
		r.line, r.names, r.within = f.line, slices.Clone(f.names), true
		for i, name := range f.names {
			r.numbers[name] = i
		}
		if f.index != nil {
			r.labels = &parser{b: f.index[1:]}
		}
		return r, nil
	}
	return newObjectRows(f), nil
}

// objectRows reads rows from an object of objects.
type objectRows struct {
	*jsonForm
	at      int
	cursors []parser // one for each column, or the one of the row
	cells   []cell
	nans    int64
}

func newObjectRows(f *jsonForm) *objectRows {
	t := &objectRows{jsonForm: f}
	if f.form == formColumns {
		for _, m := range f.parts {
			t.cursors = append(t.cursors, parser{b: f.value(m)[1:]})
		}
	}
	return t
}

// next reads a row, or returns io.EOF after the last.
func (t *objectRows) next() (row, error) {
	t.cells = t.cells[:0]
	if t.form == formIndex {
		return t.nextObject()
	}
	if t.cursors[0].peek() == '}' {
		return row{}, io.EOF
	}
	for i := range t.cursors {
		t.member(&t.cursors[i], i == 0)
	}
	return row{line: t.line, cells: t.cells}, nil
}

func (t *objectRows) nextObject() (row, error) {
	if t.at == len(t.parts) {
		return row{}, io.EOF
	}
	m := t.parts[t.at]
	t.at++
	if t.label {
		t.cells = append(t.cells, labelOf(m.name))
	}
	p := parser{b: t.value(m)[1:]}
	for p.peek() != '}' {
		name := p.cell()
		_ = name // all rows have the same names
		p.skip(':')
		t.cells = append(t.cells, p.cell())
		p.skip(',')
	}
	t.nans += p.nans
	return row{line: t.line, cells: t.cells}, nil
}

// member reads the value of the next row from a column.
func (t *objectRows) member(p *parser, first bool) {
	label := string(p.cell().data)
	p.skip(':')
	if first && t.label {
		t.cells = append(t.cells, labelOf(label))
	}
	before := p.nans
	t.cells = append(t.cells, p.cell())
	t.nans += p.nans - before
	p.skip(',')
}

// labelOf makes a value of a name, a number if it looks like one.
func labelOf(name string) cell {
	if areIntegers([]string{name}) && json.Valid([]byte(name)) {
		return cell{integer, []byte(name)}
	}
	return cell{text, []byte(name)}
}
