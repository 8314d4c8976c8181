//go:build cgo && (linux || darwin)

package sqlite

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

const groupSchema = `
CREATE TABLE p(id INTEGER PRIMARY KEY, v UNIQUE);
CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED, n CHECK(n < 1000));
CREATE TABLE log(i INTEGER PRIMARY KEY AUTOINCREMENT, what);
CREATE TRIGGER stop BEFORE INSERT ON c WHEN new.n = 13 BEGIN SELECT RAISE(ROLLBACK, 'thirteen'); END;
CREATE TRIGGER fails BEFORE INSERT ON c WHEN new.n = 14 BEGIN SELECT RAISE(FAIL, 'fourteen'); END;
CREATE TRIGGER logs AFTER INSERT ON p BEGIN INSERT INTO log(what) VALUES (new.id || ':' || new.v); END;
INSERT INTO p VALUES (0, 'zero');`

// program is a random body; its outcome depends on what ran before it.
func program(r *rand.Rand) string {
	id, n := r.IntN(40), r.IntN(30)
	bodies := []string{
		fmt.Sprintf("INSERT INTO p VALUES (%d, 'v%d')", id, n),
		fmt.Sprintf("INSERT INTO p(v) VALUES ('w%d'), ('w%d') RETURNING id, v", n, r.IntN(30)),
		fmt.Sprintf("INSERT OR IGNORE INTO p VALUES (%d, 'v%d'), (%d, 'v%d')", id, n, id+1, n+1),
		fmt.Sprintf("INSERT OR REPLACE INTO p VALUES (%d, 'v%d') RETURNING *", id, n),
		fmt.Sprintf("INSERT OR FAIL INTO p VALUES (%d, 'f%d'), (%d, 'v%d'), (0, 'zero')", id+100, r.IntN(1000), id, n),
		fmt.Sprintf("INSERT OR ROLLBACK INTO p VALUES (%d, 'v%d')", id, n),
		fmt.Sprintf("INSERT INTO c(p, n) VALUES (%d, %d)", id, n),
		fmt.Sprintf("INSERT INTO c(p, n) VALUES (%d, 1), (%d, 14), (0, 2)", id, id),
		fmt.Sprintf("UPDATE p SET v = v || 'u' WHERE id = %d RETURNING v", id),
		fmt.Sprintf("UPDATE c SET n = n + %d WHERE p = %d", n*50, id),
		fmt.Sprintf("DELETE FROM p WHERE id = %d AND id > 0", id),
		fmt.Sprintf("DELETE FROM c WHERE n = %d RETURNING p", n),
		"SELECT count(*), total(n) FROM c",
		fmt.Sprintf("INSERT INTO p VALUES (%d, 'm%d'); INSERT INTO c(p, n) VALUES (%d, %d); SELECT count(*) FROM c", id, n, id, n),
		fmt.Sprintf("BEGIN; INSERT INTO p(v) VALUES ('b%d'); COMMIT; SELECT max(id) FROM p", n),
		fmt.Sprintf("PRAGMA user_version = %d", n),
		"CREATE TEMP TABLE mine(x); INSERT INTO mine VALUES (1)",
		"SELECT * FROM mine",
		"INSERT INTO nowhere VALUES (1)",
		"INSERT INTO p SELEC",
		fmt.Sprintf("INSERT INTO c(p, n) SELECT 0, count(*) - 60000 FROM (WITH RECURSIVE q(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM q LIMIT 60000) SELECT x FROM q) WHERE %d < 5", n),
		"PRAGMA foreign_keys = OFF; DELETE FROM p WHERE id = 7; SELECT count(*) FROM p",
	}
	return bodies[r.IntN(len(bodies))]
}

// outcome is what a caller sees.
func (db *testDB) outcome(sql string) string {
	var m memory
	err := db.Run(sqlJob(sql, rw, time.Minute), &m)
	if err != nil {
		return "error: " + errs.Public(err).Message
	}
	return m.String()
}

const dump = `SELECT (SELECT group_concat(id || '=' || v) FROM p), (SELECT group_concat(id || '=' || coalesce(p, '-') || '/' || n) FROM c),
	(SELECT group_concat(what) FROM log), (SELECT max(i) FROM log)`

// Statements in a group do what they would have done alone: programs that run
// at the same moment have the outcomes, one by one, of the same programs run
// one after another in the order in which they counted.
func TestGroupsAreLikeOneAfterAnother(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			db := open(t)
			db.must(rw, groupSchema)
			var ordered []string
			db.queue.order = func(group []*member) {
				for _, m := range group {
					ordered = append(ordered, m.r.body[0].SQL)
				}
			}
			var mu sync.Mutex
			outcomes := map[string][]string{} // by the text, which is unique
			var wg sync.WaitGroup
			for g := range 24 {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(seed, uint64(g)))
					for i := range 60 {
						sql := fmt.Sprintf("/* %d.%d */ %s", g, i, program(r))
						got := db.outcome(sql)
						mu.Lock()
						outcomes[sql] = append(outcomes[sql], got)
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			db.queue.order = nil
			final := db.outcome(dump)

			plain := open(t)
			plain.must(rw, groupSchema)
			for _, sql := range ordered {
				want := plain.outcome(sql)
				if got := outcomes[sql]; len(got) != 1 || got[0] != want {
					t.Fatalf("%s\nin a group: %q\nalone:      %q", sql, got, want)
				}
			}
			if want := plain.outcome(dump); final != want {
				t.Errorf("the databases differ\ngroups: %s\nalone:  %s", final, want)
			}
			if len(ordered) < 24*60*3/4 {
				t.Errorf("only %d of %d bodies went to the writer", len(ordered), 24*60)
			}
			if got := db.must(rw, "PRAGMA integrity_check"); got != "ok" {
				t.Error(got)
			}
		})
	}
}

// A canceled member takes nobody along, and a slow one holds nobody up for
// long.
func TestGroupNeighbours(t *testing.T) {
	db := open(t)
	db.must(rw, "CREATE TABLE t(a)")
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 40 {
				var m memory
				sql := fmt.Sprintf("INSERT INTO t VALUES ('%d.%d')", g, i)
				if g == 0 {
					sql = "INSERT INTO t WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT 'endless' FROM n"
				}
				j := sqlJob(sql, rw, time.Minute)
				if g == 0 {
					time.AfterFunc(10*time.Millisecond, j.Cancel)
				}
				if err := db.Run(j, &m); (err != nil) != (g == 0) {
					t.Errorf("%s: %v", sql, err)
				}
			}
		})
	}
	wg.Wait()
	if got := db.must(rw, "SELECT count(*) || '/' || count(DISTINCT a) || '/' || sum(a = 'endless') FROM t"); got != "600/600/0" {
		t.Errorf("rows %s, want 600/600/0", got)
	}
}

// Groups form: what 32 writers ask for needs far fewer turns than statements.
func TestGroupsForm(t *testing.T) {
	db := open(t)
	db.must(rw, "CREATE TABLE t(a)")
	turns, bodies := 0, 0
	db.queue.order = func(group []*member) {
		turns++
		bodies += len(group)
	}
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			for i := range 50 {
				db.must(rw, fmt.Sprintf("INSERT INTO t VALUES ('%d.%d')", g, i))
			}
		})
	}
	wg.Wait()
	db.queue.order = nil
	if got := db.must(rw, "SELECT count(*) FROM t"); got != "1600" {
		t.Errorf("rows %s", got)
	}
	if bodies != 1600 || turns > bodies/4 {
		t.Errorf("%d bodies in %d turns", bodies, turns)
	}
	t.Logf("%d bodies in %d turns", bodies, turns)
}
