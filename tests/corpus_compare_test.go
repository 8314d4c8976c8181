package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// differsFromShell returns the first difference.
func differsFromShell(e corpusEntry, got, shell corpusOutcome) string {
	if got.failure != nil || shell.failure != nil {
		return failureDiffers(e, got.failure, shell.failure)
	}
	if len(got.results) != len(shell.results) {
		return fmt.Sprintf("%d results, the shell has %d", len(got.results), len(shell.results))
	}
	for i, g := range got.results {
		s := shell.results[i]
		switch {
		case !slices.Equal(g.columns, s.columns):
			return fmt.Sprintf("columns %.500q, the shell has %.500q", g.columns, s.columns)
		case len(g.rows) != len(s.rows):
			return fmt.Sprintf("%d rows %.200q, the shell has %d %.200q", len(g.rows), g.rows, len(s.rows), s.rows)
		case !e.script && g.affected != s.affected:
			return fmt.Sprintf("%d rows affected, the shell has %d", g.affected, s.affected)
		}
		for n, row := range g.rows {
			if !slices.EqualFunc(row, s.rows[n], func(a, b corpusCell) bool { return a.asShown() == b.asShown() }) {
				return fmt.Sprintf("row %d %.500q, the shell has %.500q", n, row, s.rows[n])
			}
		}
	}
	if n := len(shell.results); n > 0 && (got.rowid != shell.rowid || got.written != shell.results[n-1].written) {
		return fmt.Sprintf("rowid %d, %d written, the shell has %d, %d", got.rowid, got.written, shell.rowid, shell.results[n-1].written)
	}
	return ""
}

func failureDiffers(e corpusEntry, got, shell *corpusFailure) string {
	if got == nil || shell == nil {
		return fmt.Sprintf("error %+v, the shell has %+v", got, shell)
	}
	if got.message != shell.message || got.code&0xff != shell.code || !e.script && got.offset != shell.offset {
		return fmt.Sprintf("error %+v, the shell has %+v", *got, *shell)
	}
	return ""
}

// olderVersion reports whether a version of SQLite is older than another.
func olderVersion(a, b string) bool {
	parse := func(s string) (v [3]int) {
		_, _ = fmt.Sscanf(s, "%d.%d.%d", &v[0], &v[1], &v[2]) // what is missing is 0
		return v
	}
	x, y := parse(a), parse(b)
	return slices.Compare(x[:], y[:]) < 0
}

func shortSQL(sql string) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%.120s", sql)), " ")
}

// sameState compares the contents of all databases.
func (r *corpusRun) sameState() {
	found := r.typed.typed(map[string]any{"sql": `SELECT name, type, wr OR ncol = 2000 FROM pragma_table_list
		WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT IN ('sqlite_schema', 'sqlite_stat4') ORDER BY name`})
	dump := corpusEntry{name: "the database", script: true, sql: `SELECT type, name, tbl_name, sql FROM sqlite_schema
 WHERE name <> 'sqlite_stat4' AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY type, name;
PRAGMA integrity_check;
PRAGMA foreign_key_check;
PRAGMA user_version;
PRAGMA application_id;`}
	for _, row := range lastWithColumns(found.results).rows {
		columns := "*"
		if row[1] == "t:table" && row[2] == "i:0" {
			columns = "_rowid_, *"
		}
		dump.sql += fmt.Sprintf("\nSELECT %s FROM \"%s\";", columns, strings.ReplaceAll(strings.TrimPrefix(string(row[0]), "t:"), `"`, `""`))
	}
	want := r.typed.typed(dump.statement())
	if want.failure != nil {
		r.t.Fatalf("%s: %+v", dump.sql, want.failure)
	}
	for _, shell := range []*sqliteShell{r.shell, r.ownFile()} {
		if what := differsFromShell(dump, want, shell.run(dump)); what != "" {
			r.t.Errorf("in the end, in %s: %s", filepath.Base(shell.path), what)
		}
	}
	for _, db := range []corpusDB{r.text, r.atomic, r.each} {
		if got := db.typed(dump.statement()); !reflect.DeepEqual(got.results, want.results) {
			r.t.Errorf("in the end %s has\n%s\n%s has\n%s", db.name, fmt.Sprint(got.results), r.typed.name, fmt.Sprint(want.results))
		}
	}
}

// ownFile runs the shell on a copy of the server's file.
func (r *corpusRun) ownFile() *sqliteShell {
	r.t.Helper()
	file := filepath.Join(r.typed.w.DataPath, "databases", r.typed.user.Name, r.typed.name, "current", r.typed.name)
	shell := &sqliteShell{t: r.t, path: filepath.Join(r.t.TempDir(), r.typed.name), version: r.shell.version}
	for _, side := range []string{"", "-wal"} {
		b, err := os.ReadFile(file + side)
		if err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(shell.path+side, b, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	return shell
}

// The corpus finds differences only if the shell's output is read exactly.
func TestCorpusReadsShell(t *testing.T) {
	s := newSQLiteShell(t)
	o := s.run(corpusEntry{name: "shell", sql: `SELECT 1 AS "a
b", 'x' || char(10) || 'Number of output columns: 1', 'it''s', x'00ff', 9223372036854775807, 1.5, 1e999, -1e999, NULL, '' AS e;`})
	want := []corpusCell{"i:1", "t:x\nNumber of output columns: 1", "t:it's", "b:00ff", "i:9223372036854775807", "r:1.5", "r:+Inf", "r:-Inf", "null", "t:"}
	if o.failure != nil || len(o.results) != 1 || !slices.Equal(o.results[0].rows[0], want) || o.results[0].columns[0].name != "a\nb" {
		t.Errorf("read %+v", o)
	}
	if o = s.run(corpusEntry{name: "shell", sql: "SELECT 1,\n missing;"}); o.failure == nil || *o.failure != (corpusFailure{message: "no such column: missing", code: 1, offset: 11}) {
		t.Errorf("read %+v", o.failure)
	}
	params := json.RawMessage(`[1, -0.5, "a'b", null, {"base64":"/w=="}, {"real":"-Infinity"}, {"integer":"-9223372036854775808"}, 1e300]`)
	o = s.run(corpusEntry{name: "shell", params: params, sql: "SELECT ?, ?, ?, ?, ?, ?, ?, ?;"})
	want = []corpusCell{"i:1", "r:-0.5", "t:a'b", "null", "b:ff", "r:-Inf", "i:-9223372036854775808", "r:1e+300"}
	if o.failure != nil || !slices.Equal(o.results[0].rows[0], want) {
		t.Errorf("read %+v", o)
	}
}
