//go:build cgo && (linux || darwin)

package sqlite

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/daemonapi"
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

// program is a random body. Its outcome depends on earlier programs.
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

// typedProgram is a random request with values: one statement with a common
// text, a batch, or several separate statements.
func typedProgram(r *rand.Rand) daemonapi.Batch {
	n := 1 + r.IntN(4)
	b := daemonapi.Batch{Atomic: r.IntN(3) > 0}
	if r.IntN(2) == 0 {
		n, b.Atomic = 1, true
	}
	for range n {
		b.Statements = append(b.Statements, typedStatement(r))
	}
	return b
}

func typedStatement(r *rand.Rand) daemonapi.Statement {
	num := func(n int) daemonapi.Value { return daemonapi.Value{Kind: daemonapi.Integer, Integer: int64(n)} }
	text := func(s string) daemonapi.Value { return daemonapi.Value{Kind: daemonapi.Text, Bytes: []byte(s)} }
	at := func(v ...daemonapi.Value) daemonapi.Params { return daemonapi.Params{Positional: v} }
	id, n := r.IntN(40), r.IntN(30)
	name := text(fmt.Sprintf("v%d", n))
	list := []daemonapi.Statement{
		{SQL: "INSERT INTO p VALUES (?, ?)", Params: at(num(id), name)},
		{SQL: "INSERT INTO p VALUES (?, ?) RETURNING id, v, typeof(v)", Params: at(num(id), daemonapi.Value{Kind: daemonapi.Real, Real: float64(n) / 4})},
		{SQL: "INSERT OR IGNORE INTO p VALUES (?1, ?2), (?1 + 1, ?2)", Params: at(num(id), name)},
		{SQL: "INSERT OR REPLACE INTO p VALUES (:id, :v)", Params: daemonapi.Params{Named: []daemonapi.Named{{Name: "v", Value: name}, {Name: ":id", Value: num(id)}}}},
		{SQL: "INSERT OR FAIL INTO p VALUES (?1 + 100, ?2 || 'f'), (?1, ?2), (0, 'zero')", Params: at(num(id), name)},
		{SQL: "INSERT OR ROLLBACK INTO p VALUES (?, ?)", Params: at(num(id), name)},
		{SQL: "INSERT INTO c(p, n) VALUES (?, ?)", Params: at(num(id), num(n))},
		{SQL: "INSERT INTO c(p, n) VALUES (?1, 1), (?1, 14), (0, 2)", Params: at(num(id))},
		{SQL: "UPDATE p SET v = v || ? WHERE id = ?", Params: at(text("u"), num(id))},
		{SQL: "UPDATE c SET n = n + ? WHERE p = ? RETURNING n", Params: at(num(n*50), num(id))},
		{SQL: "DELETE FROM p WHERE id = ? AND id > 0", Params: at(num(id))},
		{SQL: "DELETE FROM c WHERE n = @n RETURNING p", Params: daemonapi.Params{Named: []daemonapi.Named{{Name: "@n", Value: num(n)}}}},
		{SQL: "INSERT INTO p(v) VALUES (?)", Params: at(num(n), num(n))},
		{SQL: "INSERT INTO p(v) VALUES (?)", Params: at(daemonapi.Value{Kind: daemonapi.Blob, Bytes: []byte{0, byte(n)}})},
		{SQL: "INSERT INTO p(v) VALUES (?)", Params: at(daemonapi.Value{})},
		{SQL: "SELECT count(*), total(n) FROM c WHERE p > ?", Params: at(num(id))},
		{SQL: "INSERT INTO p SELEC ?", Params: at(num(id))},
		{SQL: ""},
	}
	return list[r.IntN(len(list))]
}

// work is a request of random form.
func work(r *rand.Rand) *engine.Job {
	o := engine.JobOptions{Mode: rw, Format: daemonapi.FormatCompat, Timeout: time.Minute}
	if r.IntN(3) == 0 {
		return engine.NewJob(enginetest.Script(program(r)), o)
	}
	o.Format = daemonapi.FormatJSON
	return engine.NewJob(typedProgram(r), o)
}

// outcomes returns the results for the caller of a job: of the entire job, or
// of each statement if they are not atomic.
func (db *testDB) outcomes(j *engine.Job) []string {
	var m enginetest.Memory
	err := db.Run(j, &m)
	if err != nil {
		return []string{"error: " + errs.Public(err).Message}
	}
	if j.Format == daemonapi.FormatCompat {
		return []string{m.String()}
	}
	var doc enginetest.Document
	if err := json.Unmarshal(m.Bytes(), &doc); err != nil {
		return []string{err.Error()}
	}
	var list []string
	for _, r := range doc.Results {
		s := r.Text()
		if r.Error == nil {
			s += fmt.Sprintf(" (%d changed)", r.Affected)
		}
		list = append(list, s)
	}
	if j.Batch.Atomic {
		return []string{strings.Join(list, "; ")}
	}
	return list
}

const dump = `SELECT (SELECT group_concat(id || '=' || quote(v)) FROM p), (SELECT group_concat(id || '=' || coalesce(p, '-') || '/' || n) FROM c),
	(SELECT group_concat(what) FROM log), (SELECT max(i) FROM log)`

// part is one unit of the writer: a job, or a statement of one.
type part struct {
	job   *engine.Job
	index int
}

// alone returns the part as a job of its own.
func (p part) alone() *engine.Job {
	b := p.job.Batch
	if !b.Atomic {
		b = daemonapi.Batch{Statements: b.Statements[p.index : p.index+1], Atomic: true}
	}
	return engine.NewJob(b, p.job.JobOptions)
}

// inGroups runs jobs of many callers at once. It returns their results and the
// order in which the writer ran them.
func (db *testDB) inGroups(seed uint64, callers, each int, next func(*rand.Rand) *engine.Job) (map[part]string, []part) {
	var ordered []part
	db.queue.order = func(group []*member) {
		for _, m := range group {
			ordered = append(ordered, part{m.r.job, m.r.first})
		}
	}
	var mu sync.Mutex
	seen := map[part]string{}
	enginetest.Together(callers, func(g int) {
		r := rand.New(rand.NewPCG(seed, uint64(g)))
		for range each {
			j := next(r)
			list := db.outcomes(j)
			mu.Lock()
			for i, s := range list {
				seen[part{j, i}] = s
			}
			mu.Unlock()
		}
	})
	db.queue.order = nil
	return seen, ordered
}

// Statements in a group have the same effect as alone: programs that run at the
// same time have the same outcomes as one after another, in the order of the
// writer.
func TestGroupsAreLikeOneAfterAnother(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			db := open(t)
			db.Must(rw, groupSchema)
			const callers, each = 24, 60
			seen, ordered := db.inGroups(seed, callers, each, work)
			final := db.Must(rw, dump)

			plain := open(t)
			plain.Must(rw, groupSchema)
			for _, p := range ordered {
				want := strings.Join(plain.outcomes(p.alone()), "; ")
				if got := seen[p]; got != want {
					t.Fatalf("%+v\nin a group: %q\nalone:      %q", p.alone().Batch, got, want)
				}
			}
			if want := plain.Must(rw, dump); final != want {
				t.Errorf("the databases differ\ngroups: %s\nalone:  %s", final, want)
			}
			if len(ordered) < callers*each*3/4 {
				t.Errorf("only %d bodies of %d jobs went to the writer", len(ordered), callers*each)
			}
			if got := db.Must(rw, "PRAGMA integrity_check"); got != "ok" {
				t.Error(got)
			}
		})
	}
}

// The same comparison with plain SQLite: one statement after another, in the
// order of the writer.
func TestGroupsArePlainSQLite(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			db := open(t)
			db.Must(rw, groupSchema)
			seen, ordered := db.inGroups(100+seed, 24, 60, func(r *rand.Rand) *engine.Job {
				for {
					s := typedStatement(r)
					if s.SQL != "" && !strings.Contains(s.SQL, "RETURNING") && !strings.HasPrefix(s.SQL, "SELECT") && len(s.Params.Named) == 0 {
						return engine.NewJob(daemonapi.Batch{Statements: []daemonapi.Statement{s}, Atomic: true}, engine.JobOptions{Mode: rw, Format: daemonapi.FormatJSON})
					}
				}
			})
			plain := openPlain(t)
			for _, p := range ordered {
				if want, got := plain.outcome(p.job.Batch.Statements[0]), seen[p]; got != want {
					t.Fatalf("%+v\nin a group: %q\nplain:      %q", p.job.Batch, got, want)
				}
			}
			if len(ordered) != 24*60 {
				t.Errorf("%d statements counted", len(ordered))
			}
			if got, want := db.Must(ro, dump), plain.dump(); got != want {
				t.Errorf("the databases differ\ngroups: %s\nplain:  %s", got, want)
			}
		})
	}
}

// A canceled member affects no other member, and a slow one delays the others
// only briefly.
func TestGroupNeighbours(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(a)")
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 40 {
				var m enginetest.Memory
				sql := fmt.Sprintf("INSERT INTO t VALUES ('%d.%d')", g, i)
				if g == 0 {
					sql = "INSERT INTO t WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT 'endless' FROM n"
				}
				j := enginetest.SQLJob(sql, rw, time.Minute)
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
	if got := db.Must(rw, "SELECT count(*) || '/' || count(DISTINCT a) || '/' || sum(a = 'endless') FROM t"); got != "600/600/0" {
		t.Errorf("rows %s, want 600/600/0", got)
	}
}

// Groups form: the requests of 32 writers need far fewer transactions than
// statements.
func TestGroupsForm(t *testing.T) {
	db := open(t)
	db.Must(rw, "CREATE TABLE t(a)")
	turns, bodies := 0, 0
	db.queue.order = func(group []*member) {
		turns++
		bodies += len(group)
	}
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			for i := range 50 {
				db.Must(rw, fmt.Sprintf("INSERT INTO t VALUES ('%d.%d')", g, i))
			}
		})
	}
	wg.Wait()
	db.queue.order = nil
	if got := db.Must(rw, "SELECT count(*) FROM t"); got != "1600" {
		t.Errorf("rows %s", got)
	}
	if bodies != 1600 || turns > bodies/4 {
		t.Errorf("%d bodies in %d turns", bodies, turns)
	}
	t.Logf("%d bodies in %d turns", bodies, turns)
}
