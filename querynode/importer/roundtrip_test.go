//go:build cgo && (linux || darwin)

package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// roundTrips is the number of random tables for each format. `make fuzz` sets a
// larger one.
func roundTrips(t *testing.T) int {
	t.Helper()
	s := os.Getenv("AYB_ROUND_TRIPS")
	if s == "" {
		return 200
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("AYB_ROUND_TRIPS: %v", err)
	}
	return n
}

// Exports can be imported, in every format and mode. An existing table gets the
// same storage classes and bytes; a new one does as far as the format allows.
func TestRoundTripOfTables(t *testing.T) {
	for _, format := range []daemonapi.TransferFormat{daemonapi.TransferSQLite, daemonapi.TransferSQL, daemonapi.TransferNDJSON, daemonapi.TransferJSON, daemonapi.TransferCSV} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			p := &trips{world: start(t), t: t, format: format}
			values := 0
			n := roundTrips(t)
			for seed := range n {
				values += p.trip(uint64(seed))
				if p.failed > 5 {
					t.Fatalf("after %d tables: enough", seed+1)
				}
			}
			t.Logf("%d tables, %d values", n, values)
		})
	}
}

// trips exports and imports tables.
type trips struct {
	*world
	t      *testing.T
	format daemonapi.TransferFormat
	seed   uint64
	table  *made
	failed int
	said   string // at the export
}

func (p *trips) fail(format string, args ...any) {
	p.t.Helper()
	p.failed++
	p.t.Errorf("table %d, %.3000s\n%s", p.seed, p.table, fmt.Sprintf(format, args...))
}

// trip makes a table, exports and imports it in all modes, and returns the
// number of its values.
func (p *trips) trip(seed uint64) int {
	r := rand.New(rand.NewPCG(seed, 11))
	p.seed, p.table = seed, table(r)
	statements := []daemonapi.Statement{{SQL: p.table.create("t")}}
	p.do(append(statements, p.table.fill("t")...)...)
	want := p.stored("t", p.table.names())
	data := p.export(p.format, p.exported())
	data, p.said, _ = strings.Cut(data, "\x00[") // remarks, of text
	if p.format == daemonapi.TransferSQLite {
		data = p.export(p.format, "")
	}
	switch p.format {
	case daemonapi.TransferSQLite:
		p.file(data, want)
	case daemonapi.TransferSQL:
		p.do(daemonapi.Statement{SQL: "DROP TABLE t"})
		if _, err := p.try(data, options{Format: p.format}); err != nil {
			p.fail("%v\n%.2000s", err, data)
		} else {
			p.same("script", data, p.stored("t", p.table.names()), want)
		}
	default:
		p.modes(data, want)
	}
	p.clear()
	return len(want) * len(p.table.columns)
}

func (p *trips) exported() string {
	if p.format == daemonapi.TransferSQLite {
		return ""
	}
	return "t"
}

// modes imports rows in each mode.
func (p *trips) modes(data string, want []string) {
	for _, mode := range []string{daemonapi.ImportAppend, daemonapi.ImportReplace} {
		p.do(daemonapi.Statement{SQL: p.table.create(mode)})
		if mode == daemonapi.ImportReplace {
			p.do(p.table.fill(mode)...)
		}
		if _, err := p.try(data, options{Format: p.format, Table: mode, Mode: mode}); err != nil {
			p.fail("%s: %v\n%.2000s", mode, err, data)
			continue
		}
		if schema := p.rows("SELECT sql FROM sqlite_schema WHERE name = '" + mode + "'"); schema != p.table.create(mode) {
			p.fail("%s: made anew as %s", mode, schema)
		}
		p.same(mode, data, p.stored(mode, p.table.names()), want)
	}
	o := options{Format: p.format, Table: "new"}
	if p.format == daemonapi.TransferCSV && strings.Contains(p.said, "header yes") {
		o.Header = "yes"
	}
	result, err := p.try(data, o)
	if err != nil {
		// Without rows, JSON has no columns.
		if len(want) > 0 || p.format == daemonapi.TransferCSV || !errs.Is(err, errs.Invalid) {
			p.fail("create: %v\n%.2000s", err, data)
		}
		return
	}
	var names []string
	for _, c := range result.Columns {
		names = append(names, c.Name)
	}
	if !slices.Equal(names, p.table.names()) {
		p.fail("create: names %q\n%.2000s", names, data)
		return
	}
	p.same("create", data, p.stored("new", names), want)
}

// file opens a file as a database.
func (p *trips) file(data string, want []string) {
	other := start(p.t)
	if _, _, err := other.db.Receive(engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Mode: ayb.QueryReadWrite}), strings.NewReader(data)); err != nil {
		p.fail("%v", err)
		return
	}
	p.same("file", "", (&trips{world: other, t: p.t}).stored("t", p.table.names()), want)
	_ = other.db.Close() // again, at the end of the test
}

func (p *trips) clear() {
	for _, name := range []string{"t", daemonapi.ImportAppend, daemonapi.ImportReplace, "new"} {
		p.do(daemonapi.Statement{SQL: "DROP TABLE IF EXISTS " + quoteName(name)})
	}
}

func (m *made) names() []string {
	var names []string
	for _, c := range m.columns {
		names = append(names, c.name)
	}
	return names
}

// do executes statements in one transaction.
func (p *trips) do(statements ...daemonapi.Statement) {
	p.t.Helper()
	if len(statements) == 0 {
		return
	}
	job := engine.NewJob(daemonapi.Batch{Statements: statements, Atomic: true}, engine.JobOptions{Mode: ayb.QueryReadWrite, Format: daemonapi.FormatJSON, Timeout: time.Minute})
	if err := p.db.Run(job, sink{&bytes.Buffer{}}); err != nil {
		p.t.Fatalf("table %d: %v\n%s", p.seed, err, p.table)
	}
}

// stored returns the rows of a table with storage classes and bytes, in a fixed
// order.
func (p *trips) stored(name string, columns []string) []string {
	p.t.Helper()
	var cells []string
	for _, c := range columns {
		c = quoteName(c)
		cells = append(cells, "typeof("+c+")", "CASE WHEN typeof("+c+") IN ('text', 'blob') THEN hex("+c+") ELSE "+c+" END")
	}
	var out bytes.Buffer
	batch := daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: "SELECT " + strings.Join(cells, ",") + " FROM " + quoteName(name)}}, Atomic: true}
	if err := p.db.Run(engine.NewJob(batch, engine.JobOptions{Mode: ayb.QueryReadOnly, Format: daemonapi.FormatJSON, Timeout: time.Minute}), sink{&out}); err != nil {
		p.t.Fatal(err)
	}
	var doc struct {
		Results []struct{ Rows []json.RawMessage }
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		p.t.Fatal(err)
	}
	var rows []string
	for _, row := range doc.Results[0].Rows {
		rows = append(rows, string(row))
	}
	slices.Sort(rows)
	return rows
}

// same compares the imported rows with the exported ones.
func (p *trips) same(mode, data string, got, want []string) {
	p.t.Helper()
	if mode == daemonapi.ImportCreate {
		got, want = p.told(got), p.told(want)
	}
	if !slices.Equal(got, want) {
		p.fail("%s:\n%.1500s\nwant\n%.1500s\nof\n%.1500s", mode, strings.Join(got, "\n"), strings.Join(want, "\n"), data)
	}
}

// told returns rows as a new table stores them: in a column with integers and
// other numbers, the integers become REAL.
func (p *trips) told(rows []string) []string {
	var told []string
	for _, row := range rows {
		var cells []any
		d := json.NewDecoder(strings.NewReader(row))
		d.UseNumber()
		if err := d.Decode(&cells); err != nil {
			p.t.Fatal(err)
		}
		line := ""
		for i := 0; i < len(cells); i += 2 {
			line += " " + toldCell(cells[i].(string), cells[i+1])
		}
		told = append(told, line)
	}
	slices.Sort(told)
	return told
}

func toldCell(class string, v any) string {
	switch v := v.(type) {
	case json.Number:
		return "number:" + asNumber(v.String())
	case map[string]any:
		for _, s := range v {
			return "number:" + asNumber(s.(string))
		}
	}
	return class + ":" + fmt.Sprint(v)
}

// asNumber returns the same text for equal numbers.
func asNumber(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return ""
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<62 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}

// A row that equals the names of an export stays a row.
func TestRowLikeItsNames(t *testing.T) {
	w := start(t)
	w.rows(`CREATE TABLE a("it's" TEXT); INSERT INTO a VALUES ('1'), ('it''s'), (NULL), ('x')`)
	w.must(w.csv("a"), options{Table: "b"})
	if got := w.csv("b"); got != w.csv("a") {
		t.Errorf("%q", got)
	}
}
