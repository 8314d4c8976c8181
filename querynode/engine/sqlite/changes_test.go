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
