//go:build cgo && (linux || darwin)

package sqlite

import "testing"

// What changes() and total_changes() say is about this request alone, also on
// a connection that others have used.
func TestChangesOfOthersAreNotSeen(t *testing.T) {
	db := open(t)
	db.must(rw, `CREATE TABLE t(a)`)
	db.must(rw, `INSERT INTO t VALUES (1),(2),(3)`)
	if got := db.must(rw, `INSERT INTO t VALUES (changes()) RETURNING a, total_changes()`); got != "0|0" {
		t.Errorf("a new request sees %s", got)
	}
	if got := db.must(rw, `INSERT INTO t VALUES (7),(8); DELETE FROM t WHERE a = 7; SELECT changes(), total_changes()`); got != "1|3" {
		t.Errorf("a request sees %s of its own", got)
	}
}

// A full-text index is written when the next statement begins: that is none
// of its rows.
func TestRowsAffectedAreTheStatementsOwn(t *testing.T) {
	db := open(t)
	db.must(rw, `CREATE VIRTUAL TABLE f USING fts5(x); CREATE TABLE t(a); CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO f VALUES (new.a); END`)
	doc := db.typed(rw, `{"statements":[{"sql":"INSERT INTO f VALUES ('x')"},{"sql":"CREATE TABLE n(a)"},{"sql":"INSERT INTO t VALUES ('y')"},{"sql":"SELECT 1"},{"sql":"UPDATE t SET a = a"},{"sql":"DELETE FROM f"}]}`)
	for i, want := range []int64{1, 0, 1, 0, 1, 2} {
		if got := doc.Results[i].Affected; got != want {
			t.Errorf("statement %d: %d rows, want %d", i, got, want)
		}
	}
}
