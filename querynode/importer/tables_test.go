//go:build cgo && (linux || darwin)

package importer

import (
	be "encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// made is a random table.
type made struct {
	columns []madeColumn
	options string // STRICT, WITHOUT ROWID
	rows    [][]daemonapi.Value
}

type madeColumn struct {
	name, declared, rest string
	computed             bool
}

// create returns the statement that creates the table.
func (m *made) create(name string) string {
	var parts []string
	for _, c := range m.columns {
		parts = append(parts, strings.TrimSpace(quoteName(c.name)+" "+c.declared+" "+c.rest))
	}
	return "CREATE TABLE " + quoteName(name) + "(" + strings.Join(parts, ", ") + ")" + strings.TrimRight(m.options, " ")
}

// fill returns the statements that insert the rows. Rows that the table rejects
// are left out.
func (m *made) fill(name string) []daemonapi.Statement {
	var names []string
	for _, c := range m.columns {
		if !c.computed {
			names = append(names, quoteName(c.name))
		}
	}
	sql := "INSERT OR IGNORE INTO " + quoteName(name) + "(" + strings.Join(names, ",") + ") VALUES (?" + strings.Repeat(",?", len(names)-1) + ")"
	var all []daemonapi.Statement
	for _, row := range m.rows {
		all = append(all, daemonapi.Statement{SQL: sql, Params: daemonapi.Params{Positional: row}})
	}
	return all
}

// awkwardNames are names of columns that some program gets wrong.
var awkwardNames = []string{
	"a", "b", "id", "name", "Value", "select", "a b", " lead", "trail ", "a\"b", "it's", "a,b", "a;b", "a|b", "a\tb", "two\nlines", "cr\r\nlf", "é", "É", "日本", "😀",
	"2019", "1.5", "-1", "NULL", "NA", "true", "a.b", "#", "\\N", "(1 rows)", "column1", "id_2", "X'00'", "{\"a\":1}", "[x]", "`tick`", "inf", "rowid", "e\u0301", "\ufeffmark", "\u00a0",
	strings.Repeat("long ", 60),
}

var (
	strictTypes = []string{"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"}
	looseTypes  = []string{"", "INTEGER", "INT", "BIGINT", "TEXT", "VARCHAR(10)", "CLOB", "REAL", "DOUBLE PRECISION", "FLOAT", "NUMERIC", "DECIMAL(10,2)", "BOOLEAN", "DATE", "DATETIME", "BLOB", "JSON", "STRING", "POINT", "ANY"}
)

// table makes a random table.
func table(r *rand.Rand) *made {
	m := &made{}
	strict, keyed := r.IntN(4) == 0, r.IntN(4) == 0
	var options []string
	if strict {
		options = append(options, "STRICT")
	}
	if keyed {
		options = append(options, "WITHOUT ROWID")
	}
	m.options = " " + strings.Join(options, ", ")
	width := 1 + r.IntN(6)
	if r.IntN(4) == 0 {
		width = 1
	}
	taken := map[string]bool{}
	for len(m.columns) < width {
		c := madeColumn{name: awkwardNames[r.IntN(len(awkwardNames))], declared: pick(r, looseTypes)}
		if strict {
			c.declared = pick(r, strictTypes)
		}
		if taken[foldCase(c.name)] {
			continue
		}
		taken[foldCase(c.name)] = true
		switch {
		case len(m.columns) == 0 && keyed:
			c.rest = "PRIMARY KEY"
		case len(m.columns) == 0 && r.IntN(4) == 0 && c.declared == "INTEGER":
			c.rest = pick(r, []string{"PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT"})
		case r.IntN(8) == 0:
			c.rest = pick(r, []string{"COLLATE NOCASE", "DEFAULT 7", "DEFAULT 'x'"})
		}
		m.columns = append(m.columns, c)
	}
	plain := slices.Clone(m.columns)
	for range 8 {
		m.row(r, plain, strict)
	}
	m.rows = m.rows[:max(0, r.IntN(11)-2)]
	if r.IntN(4) == 0 {
		of := quoteName(plain[r.IntN(len(plain))].name)
		c := madeColumn{name: "computed", declared: "TEXT", computed: true, rest: "AS (" + pick(r, []string{"quote(" + of + ")", "typeof(" + of + ")", "hex(" + of + ")"}) + ") " + pick(r, []string{"STORED", "VIRTUAL"})}
		m.columns = slices.Insert(m.columns, r.IntN(len(m.columns)+1), c)
	}
	return m
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// row adds a row of values, which a strict table accepts.
func (m *made) row(r *rand.Rand, columns []madeColumn, strict bool) {
	var row []daemonapi.Value
	for _, c := range columns {
		kind := daemonapi.ValueKind(1 + r.IntN(4))
		if r.IntN(3) > 0 { // most columns hold one kind of value
			switch affinity(c.declared) {
			case typeInteger:
				kind = daemonapi.Integer
			case typeReal:
				kind = daemonapi.Real
			case typeText:
				kind = daemonapi.Text
			}
		}
		if strings.HasPrefix(c.rest, "PRIMARY") && c.declared == "INTEGER" {
			kind = daemonapi.Integer
		}
		if strict && c.declared != "ANY" {
			kind = map[string]daemonapi.ValueKind{"INT": daemonapi.Integer, "INTEGER": daemonapi.Integer, "REAL": daemonapi.Real, "TEXT": daemonapi.Text, "BLOB": daemonapi.Blob}[c.declared]
		}
		if r.IntN(8) == 0 {
			row = append(row, daemonapi.Value{})
			continue
		}
		v := some(r, kind)
		if strings.HasSuffix(c.rest, "AUTOINCREMENT") {
			v.Integer &= 1<<32 - 1 // so that there is a number after it
		}
		row = append(row, v)
	}
	m.rows = append(m.rows, row)
}

var (
	someIntegers = []int64{0, 1, -1, 2, 7, 42, 1999, 2024, 99999, -9007199254740992, 9007199254740993, math.MaxInt64, math.MinInt64, 123456789012345, 1234567890123456}
	someReals    = []float64{0, math.Copysign(0, -1), 1, 2, -2.5, 0.1, 0.1 + 0.2, 1.0 / 3, 1e21, 1e-7, 5e-324, math.MaxFloat64, 1e300, math.Inf(1), math.Inf(-1), 9007199254740993, 1e15, 123456.75}
	someTexts    = []string{
		"", "x", "plain text", "it's", "'Twas", "'quoted'", "\"", "\"a\" and \"b\"", "a,b", "1|2", "3;4", "tab\there", "two\nlines", "two\r\nlines", "\r", "\n", " lead", "trail ", " ", "\\", "\\N", "a\\\"b", "\\n",
		"1", "-1", "007", "1.50", "2.0", "1e5", "+1", "-0", "0x10", "9223372036854775808", "0.30000000000000004", "1,5", "1,000", "inf", "-inf", "Infinity", "NaN", "NULL", "null", "NA", "None", "n/a",
		"true", "false", "t", "f", "TRUE", "WAHR", "2024-01-15", "2024-01-15 12:34:56", "12:34", "X'41'", "CAST(X'41' AS TEXT)", "=1+1", "@x", "#c", "# c", "--", "(4 rows)", "sep=;", "é", "É", "日本", "😀", "e\u0301", "\ufeff", "\u2028", "\u00a0",
		"{\"base64\":\"QQ==\"}", "[1,2]", "\x00", "a\x00b", "\xff", "caf\xe9", "\xf0\x9f\x98", "\x01", "\x1a", "\x1e", "\x7f", "a:b", "a b c", "a^b",
	}
	someBlobs = []string{"", "A", "text", "\x00", "\x00\xff", "1", "é", "\xf0\x9f\x98\x80", "X'41'", "\r\n", "\""}
)

// some returns a value of a kind.
func some(r *rand.Rand, kind daemonapi.ValueKind) daemonapi.Value {
	switch kind {
	case daemonapi.Integer:
		if r.IntN(3) == 0 {
			return daemonapi.Value{Kind: kind, Integer: int64(r.Uint64() >> r.IntN(64))}
		}
		return daemonapi.Value{Kind: kind, Integer: pick(r, someIntegers)}
	case daemonapi.Real:
		if r.IntN(3) == 0 {
			if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) {
				return daemonapi.Value{Kind: kind, Real: f}
			}
		}
		return daemonapi.Value{Kind: kind, Real: pick(r, someReals)}
	case daemonapi.Text:
		s := pick(r, someTexts)
		for r.IntN(4) == 0 {
			s += pick(r, someTexts)
		}
		if r.IntN(50) == 0 {
			s = strings.Repeat(s+" é\n", 3000)
		}
		return daemonapi.Value{Kind: kind, Bytes: []byte(s)}
	}
	b := []byte(pick(r, someBlobs))
	for r.IntN(3) == 0 {
		b = be.BigEndian.AppendUint64(b, r.Uint64())
	}
	return daemonapi.Value{Kind: daemonapi.Blob, Bytes: b}
}

// String describes a table when a test fails.
func (m *made) String() string {
	s := m.create("t")
	for _, row := range m.rows {
		s += "\n"
		for _, v := range row {
			s += fmt.Sprintf(" %d:%d:%v:%.60q", v.Kind, v.Integer, v.Real, v.Bytes)
		}
	}
	return s
}
