package tests

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/tests/harness"
	"github.com/ayb-go/ayb/web/table"
)

// browsedTables are tables of all kinds, each with more rows than a page.
const browsedTables = `
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 350)
INSERT INTO numbers SELECT i FROM n;
CREATE TABLE plain(id INTEGER PRIMARY KEY, mixed, word TEXT COLLATE NOCASE, long TEXT);
INSERT INTO plain SELECT i * 3, CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN i / 2.0 WHEN 3 THEN 'w' || (i % 5) WHEN 4 THEN x'00ff' WHEN 5 THEN CAST(x'ff41' AS TEXT) ELSE '' END,
	CASE WHEN i % 2 THEN 'Word' ELSE 'WORD' END || (i % 9), CASE WHEN i % 3 THEN printf('%.*c', 900 + i % 4, 'x') END FROM numbers;
CREATE INDEX by_mixed ON plain(mixed);
CREATE TABLE keyed(a TEXT, b INTEGER, c, PRIMARY KEY(a, b)) WITHOUT ROWID;
INSERT INTO keyed SELECT 'k' || (i % 4), i, i % 3 FROM numbers;
CREATE TABLE "odd ""name"" 'x'; --"("a ""b""" PRIMARY KEY, "select", rowid, UNIQUE("select"));
INSERT INTO "odd ""name"" 'x'; --" SELECT 'k' || i, 9007199254740993 + i, 'hides' FROM numbers;
CREATE TABLE hidden(rowid, _rowid_, oid);
INSERT INTO hidden SELECT i, i, i FROM numbers;
CREATE TABLE "generated"(x INTEGER, twice AS (x * 2), blob BLOB);
INSERT INTO "generated"(x, blob) SELECT i % 40, zeroblob(2000) FROM numbers;
CREATE VIEW seen AS SELECT i, i % 4 AS rest FROM numbers;
CREATE VIRTUAL TABLE words USING fts5(body);
INSERT INTO words SELECT 'word ' || i FROM numbers;
`

// Going through all pages of a table, forward and backward, shows each row once and in the
// same order, whatever the key and the sorted column are.
func TestBrowsingShowsEachRow(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("b.sqlite")
	alice.Exec("b.sqlite", "CREATE TABLE numbers(i INTEGER)")
	alice.Exec("b.sqlite", strings.TrimSpace(browsedTables))
	schema, err := alice.Schema(t.Context(), "alice", "b.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	w := walker{t, alice}
	for _, info := range slices.Concat(schema.Tables, schema.Views) {
		if strings.HasPrefix(info.Name, "words_") {
			continue // the shadow tables
		}
		tab := table.New(info)
		sorts := []string{""}
		for _, c := range tab.Columns {
			sorts = append(sorts, c.Name)
		}
		for _, sort := range sorts {
			for _, descending := range []bool{false, true} {
				v := table.View{Sort: sort, Descending: descending}
				forward := w.all(tab, v)
				if len(forward) != 350 {
					t.Errorf("%s by %q: %d rows", info.Name, sort, len(forward))
					continue
				}
				if tab.Editable() {
					v.Where = table.Last
					if backward := w.all(tab, v); !slices.Equal(forward, backward) {
						t.Errorf("%s by %q, descending %v: backward differs", info.Name, sort, descending)
					}
				}
			}
		}
	}
}

// walker reads the pages of tables.
type walker struct {
	t    *testing.T
	user *harness.User
}

// page reads one page.
func (w walker) page(tab table.Table, v table.View) table.Page {
	w.t.Helper()
	request, err := tab.Request(v)
	if err != nil {
		w.t.Fatal(err)
	}
	lines, err := w.user.QueryLines(w.t.Context(), "alice", "b.sqlite", request)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", tab.Info.Name, err, request.SQL)
	}
	defer lines.Close()
	page, err := tab.ReadPage(v, lines)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", tab.Info.Name, err, request.SQL)
	}
	return page
}

// all goes through all pages from the first or the last one, and returns the rows in
// the order of the table.
func (w walker) all(tab table.Table, v table.View) (rows []string) {
	w.t.Helper()
	text := func(r table.Row) string { return fmt.Sprintf("%s|%s|%s", r.Key, r.Long, compact(r.Cells)) }
	for range 10 {
		page := w.page(tab, v)
		var texts []string
		for _, r := range page.Rows {
			texts = append(texts, text(r))
		}
		switch v.Where {
		case table.Last, table.Before:
			rows = append(texts, rows...)
			v.Where = table.Before
			if page.More {
				position, err := table.ParsePosition(page.Rows[0].Position.String())
				if err != nil {
					w.t.Fatal(err)
				}
				v.Position = position
			}
		default:
			rows = append(rows, texts...)
			v.Where, v.Offset = table.After, v.Offset+int64(len(page.Rows))
			if page.More && tab.Editable() {
				position, err := table.ParsePosition(page.Rows[len(page.Rows)-1].Position.String())
				if err != nil {
					w.t.Fatal(err)
				}
				v.Position = position
			}
		}
		if !page.More {
			return rows
		}
	}
	w.t.Errorf("%s: the pages do not end", tab.Info.Name)
	return rows
}

func compact(cells []json.RawMessage) string {
	out, err := json.Marshal(cells)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// A change meets its row as its reader saw it, or changes nothing.
func TestChangesOfRows(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("b.sqlite")
	alice.Exec("b.sqlite", `CREATE TABLE t(id INTEGER PRIMARY KEY, word TEXT COLLATE NOCASE, n, twice AS (n * 2));
		INSERT INTO t(word, n) VALUES ('one', 1), ('two', NULL), (CAST(x'ff' AS TEXT), x'00'), ('9007199254740993', 9007199254740993)`)
	schema, err := alice.Schema(t.Context(), "alice", "b.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	tab, _ := table.Find(schema, "T")
	for _, c := range []struct {
		name, changes string
		conflict      bool
		left          string
	}{
		{"update", `[{"key":[1],"old":{"word":"one","n":1},"new":{"word":"uno"}}]`, false, "uno,two"},
		{"the case of letters has changed", `[{"key":[1],"old":{"word":"UNO"},"new":{"word":"x"}}]`, true, "uno,two"},
		{"NULL has become a value", `[{"key":[1],"old":{"n":null},"new":{"word":"x"}}]`, true, "uno,two"},
		{"the second fails", `[{"key":[1],"new":{"word":"x"}},{"key":[2],"old":{"word":"zwei"},"new":{"word":"y"}}]`, true, "uno,two"},
		{"deleted meanwhile", `[{"key":[77],"new":{"word":"x"}}]`, true, "uno,two"},
		{"delete and insert", `[{"key":[2],"old":{"word":"two","n":null}},{"new":{"id":2,"word":"it's"}}]`, false, "uno,it's"},
		{"a text that is not UTF-8, a BLOB", `[{"key":[3],"old":{"word":{"base64":"/w=="},"n":{"base64":"AA=="}},"new":{"n":1}}]`, false, "uno,it's"},
		{"a large number", `[{"key":[4],"old":{"n":{"integer":"9007199254740993"}},"new":{"n":{"integer":"9007199254740994"}}}]`, false, "uno,it's"},
	} {
		var changes []table.Change
		if err := json.Unmarshal([]byte(c.changes), &changes); err != nil {
			t.Fatal(err)
		}
		request, err := tab.Changes(changes)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		lines, err := alice.QueryLines(t.Context(), "alice", "b.sqlite", request)
		if err == nil {
			for lines.Next() {
			}
			err = lines.Err()
			lines.Close()
		}
		if (err != nil) != c.conflict || err != nil && !errs.Is(err, errs.Conflict) {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := alice.Cell("b.sqlite", "SELECT group_concat(word, ',') FROM t WHERE id < 3"); got != c.left {
			t.Errorf("%s left %s, want %s", c.name, got, c.left)
		}
	}
	if got := alice.Cell("b.sqlite", "SELECT n FROM t WHERE id = 4"); got != "9007199254740994" {
		t.Errorf("the large number is %s", got)
	}
	for _, bad := range []table.Change{
		{Key: table.Position{json.RawMessage("1")}, New: map[string]json.RawMessage{"twice": json.RawMessage("1")}},
		{Key: table.Position{json.RawMessage("1")}, New: map[string]json.RawMessage{"none": json.RawMessage("1")}},
		{Key: table.Position{json.RawMessage("1"), json.RawMessage("2")}},
		{New: map[string]json.RawMessage{`"); DROP TABLE t; --`: json.RawMessage("1")}},
	} {
		if _, err := tab.Changes([]table.Change{bad}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	script, err := tab.Script([]table.Change{{Key: table.Position{json.RawMessage("1")}, Old: map[string]json.RawMessage{"word": json.RawMessage(`"it's"`)}}})
	if want := `DELETE FROM main."t" WHERE rowid = 1 AND "word" IS 'it''s' COLLATE BINARY;`; err != nil || script != want {
		t.Errorf("%s, %v, want %s", script, err, want)
	}
}
