//go:build cgo && (linux || darwin)

package sqlite

import (
	"encoding/json"
	"strings"
	"testing"
)

// changes() and total_changes() count this request alone, also on a connection
// that was used before.
func TestChangesOfOthersAreNotSeen(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	db.Must(rw, `INSERT INTO t VALUES (1),(2),(3)`)
	if got := db.Must(rw, `INSERT INTO t VALUES (changes()) RETURNING a, total_changes()`); got != "0|0" {
		t.Errorf("a new request sees %s", got)
	}
	if got := db.Must(rw, `INSERT INTO t VALUES (7),(8); DELETE FROM t WHERE a = 7; SELECT changes(), total_changes()`); got != "1|3" {
		t.Errorf("a request sees %s of its own", got)
	}
}

// A full-text index writes late, during another statement: in a batch these
// rows are not counted for that statement. Each statement affects only its own
// rows, also where SQLite counts rows of an index.
func TestRowsAffectedAreTheStatementsOwn(t *testing.T) {
	statements := []string{
		`CREATE VIRTUAL TABLE five USING fts5(a, b)`,
		`CREATE VIRTUAL TABLE four USING fts4(a, b)`,
		`CREATE TABLE t(a, b)`,
	}
	for _, after := range []string{
		`CREATE TABLE x(a)`, `CREATE INDEX y ON x(a)`, `CREATE VIEW z AS SELECT 1`, `CREATE TRIGGER w AFTER INSERT ON x BEGIN SELECT 1; END`,
		`ALTER TABLE x RENAME TO v`, `ALTER TABLE v ADD COLUMN b`, `CREATE TABLE c AS SELECT * FROM t`, `REINDEX`, `ANALYZE`, `PRAGMA optimize`, `PRAGMA user_version = 3`,
		`CREATE VIRTUAL TABLE terms USING fts5vocab(five, row)`, `SELECT count(*) FROM terms`, `CREATE VIRTUAL TABLE more USING fts5(a)`,
		`SELECT count(*) FROM five WHERE five MATCH 'word'`, `SELECT count(*) FROM four WHERE four MATCH 'word'`,
		`INSERT INTO t SELECT a, b FROM five`, `UPDATE t SET a = 1`, `UPDATE t SET a = 1 WHERE 0`, `DELETE FROM t`, `INSERT INTO t VALUES (1, 2) RETURNING a`,
		`DELETE FROM five WHERE rowid = 1`, `UPDATE five SET a = 'word word'`, `INSERT INTO five(five) VALUES ('optimize')`,
		`DROP INDEX y`, `DROP TABLE v`, `DROP VIEW z`, `DROP TABLE more`, `DROP TABLE four`, `DROP TABLE five`,
	} {
		if !strings.Contains(strings.Join(statements, ";"), "DROP TABLE f") {
			statements = append(statements, `INSERT INTO five VALUES ('a word', 'or two'), ('and', 'a word')`, `INSERT INTO four SELECT * FROM five`)
		}
		statements = append(statements, after)
	}
	var list []map[string]string
	for _, sql := range statements {
		list = append(list, map[string]string{"sql": sql})
	}
	var affected [2][]int64
	for i, atomic := range []bool{false, true} {
		db := open(t)
		body, err := json.Marshal(map[string]any{"statements": list, "atomic": atomic})
		if err != nil {
			t.Fatal(err)
		}
		for n, r := range db.Typed(rw, string(body)).Results {
			if r.Error != nil {
				t.Fatalf("%s: %s", statements[n], r.Text())
			}
			affected[i] = append(affected[i], r.Affected)
		}
	}
	some := false
	for n, sql := range statements {
		if affected[0][n] != affected[1][n] {
			t.Errorf("%s: %d rows affected in a batch, %d by itself", sql, affected[1][n], affected[0][n])
		}
		some = some || affected[0][n] > 0 && strings.HasPrefix(sql, "CREATE VIRTUAL")
	}
	if !some {
		t.Error("a table for searching affects no rows any more, as the shell says it does")
	}
}
