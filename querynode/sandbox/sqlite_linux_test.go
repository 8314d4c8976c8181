package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"
)

// open applies the policy and then opens a database in WAL mode.
func open(a childArgs) (*sql.DB, error) {
	if _, err := Apply(a.Policy); err != nil {
		return nil, err
	}
	return sql.Open("sqlite3", "file:"+filepath.Join(a.Dir, "db.sqlite")+"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000")
}

// count is a query with one number as its answer.
func count(db *sql.DB, query string) (n int, err error) {
	err = db.QueryRow(query).Scan(&n)
	return n, err
}

const fill = `WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM c WHERE i<%d)
	INSERT INTO t(b) SELECT randomblob(200) FROM c`

// useWAL writes and reads on several connections, and rebuilds the file.
func useWAL(a childArgs) (any, error) {
	db, err := open(a)
	if err != nil {
		return nil, err
	}
	o := outcome{}
	_, err = db.Exec(`CREATE TABLE t(i INTEGER PRIMARY KEY, b BLOB)`)
	o.add("create", err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 4 {
		wg.Go(func() {
			for range 20 {
				_, err := db.Exec(`INSERT INTO t(b) VALUES (randomblob(500))`)
				_, err2 := count(db, `SELECT count(*) FROM t`)
				if err := errors.Join(err, err2); err != nil {
					mu.Lock()
					o.add("concurrent use", err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	n, err := count(db, `SELECT count(*) FROM t`)
	o.add(fmt.Sprintf("%d rows", n), err)
	_, err = os.Stat(filepath.Join(a.Dir, "db.sqlite-shm"))
	o.add("shared memory file", err)
	for _, stmt := range []string{
		`PRAGMA wal_checkpoint(TRUNCATE)`, `VACUUM`, `CREATE VIRTUAL TABLE f USING fts5(x)`,
		`INSERT INTO f VALUES ('hello')`, `SELECT datetime('now','localtime')`, `PRAGMA integrity_check`,
		`VACUUM INTO '` + filepath.Join(a.Dir, "tmp/copy") + `'`,
	} {
		_, err := db.Exec(stmt)
		o.add(stmt, err)
	}
	o.add("close", db.Close())
	return o, nil
}

// spill sorts more than fits into the cache, which needs a temporary file.
func spill(a childArgs) (any, error) {
	// Whether the environment's directory is inside the sandbox is the test's choice.
	if err := os.Setenv("SQLITE_TMPDIR", a.Outside); err != nil {
		return nil, err
	}
	db, err := open(a)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, stmt := range []string{
		`PRAGMA temp_store=FILE`, `PRAGMA cache_size=-100`,
		`CREATE TABLE t(i INTEGER PRIMARY KEY, b BLOB)`, fmt.Sprintf(fill, 20000),
	} {
		if _, err := db.Exec(stmt); err != nil {
			return nil, err
		}
	}
	o := outcome{}
	_, err = count(db, `SELECT count(*) FROM (SELECT b FROM t ORDER BY b LIMIT -1 OFFSET 0) WHERE b > x''`)
	o.add("sort", err)
	_, err = db.Exec(`CREATE INDEX tb ON t(b)`)
	o.add("index", err)
	return o, nil
}

// manyThreads holds 30 threads inside C at the same moment.
func manyThreads(a childArgs) (any, error) {
	const n = 30
	if _, err := Apply(a.Policy); err != nil {
		return nil, err
	}
	var inside sync.WaitGroup
	inside.Add(n)
	sql.Register("meet", &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		return c.RegisterFunc("meet", func() int64 { inside.Done(); inside.Wait(); return 1 }, false)
	}})
	db, err := sql.Open("meet", ":memory:")
	if err != nil {
		return nil, err
	}
	o := outcome{}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			_, err := count(db, `SELECT meet()`)
			mu.Lock()
			defer mu.Unlock()
			o.add(fmt.Sprint("thread ", i), err)
		})
	}
	wg.Wait()
	return o, nil
}

// fillDisk writes up to the file size limit, then continues reading.
func fillDisk(a childArgs) (any, error) {
	db, err := open(a)
	if err != nil {
		return nil, err
	}
	o := outcome{}
	_, err = db.Exec(`CREATE TABLE t(i INTEGER PRIMARY KEY, b BLOB); INSERT INTO t(b) VALUES (x'00')`)
	o.add("create", err)
	_, err = db.Exec(fmt.Sprintf(fill, 50000))
	o.add("fill", err)
	n, err := count(db, `SELECT count(*) FROM t`)
	o.add(fmt.Sprintf("%d row", n), err)
	return o, nil
}

// fillMemory asks SQLite for more memory than the limit, then continues.
func fillMemory(a childArgs) (any, error) {
	db, err := open(a)
	if err != nil {
		return nil, err
	}
	o := outcome{}
	for range 3 {
		_, err = count(db, `SELECT length(hex(zeroblob(150000000)))`)
		o.add("too much", err)
	}
	n, err := count(db, `SELECT count(*) FROM pragma_compile_options`)
	o.add("afterwards", err)
	if n == 0 {
		return nil, errors.New("no answer afterwards")
	}
	return o, nil
}

// recurse makes SQLite's C code recurse as deep as its own limits let it, on
// threads that were started after Apply and have small stacks.
func recurse(a childArgs) (any, error) {
	db, err := open(a)
	if err != nil {
		return nil, err
	}
	if _, err := count(db, `SELECT 1`); err != nil { // alone: it turns WAL on
		return nil, err
	}
	o := outcome{}
	queries := map[string]string{
		"sum":      "SELECT 1" + strings.Repeat("+1", 990),
		"brackets": "SELECT " + strings.Repeat("(1+", 900) + "1" + strings.Repeat(")", 900),
		"not":      "SELECT " + strings.Repeat("NOT ", 990) + "1",
		"selects":  strings.Repeat("SELECT * FROM (", 300) + "SELECT 1" + strings.Repeat(")", 300),
		"scalars":  "SELECT " + strings.Repeat("(SELECT ", 300) + "1" + strings.Repeat(")", 300),
		"like":     "SELECT '" + strings.Repeat("a", 25000) + "' LIKE '" + strings.Repeat("%a", 24990) + "'",
		"glob":     "SELECT '" + strings.Repeat("a", 25000) + "' GLOB '" + strings.Repeat("*a", 24990) + "'",
		"json":     "SELECT json('" + strings.Repeat("[", 990) + strings.Repeat("]", 990) + "')",
		"case":     "SELECT " + strings.Repeat("CASE WHEN 1 THEN ", 900) + "1" + strings.Repeat(" END", 900),
		"union":    "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 490),
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for what, query := range queries {
		wg.Go(func() {
			var n any
			err := db.QueryRowContext(ctx, query).Scan(&n)
			mu.Lock()
			defer mu.Unlock()
			o.add(what, err)
		})
	}
	wg.Wait()
	return o, nil
}

func TestSQLite(t *testing.T) {
	for _, child := range []string{"wal", "cgo-threads"} {
		t.Run(child, func(t *testing.T) {
			a := newArgs(t)
			o := run[outcome](t, child, a)
			for what, got := range o {
				if got != "" {
					t.Errorf("%s: %s", what, got)
				}
			}
			if _, ok := o["80 rows"]; child == "wal" && !ok {
				t.Errorf("acknowledged rows are missing: %v", o)
			}
		})
	}
}

// Temporary files work inside the directory, and only there.
func TestSpill(t *testing.T) {
	inside := newArgs(t)
	inside.Outside = filepath.Join(inside.Dir, "tmp")
	for what, got := range run[outcome](t, "spill", inside) {
		if got != "" {
			t.Errorf("%s: %s", what, got)
		}
	}
	// The same work needs a file: with no place for one it fails.
	for what, got := range run[outcome](t, "spill", newArgs(t)) {
		if !strings.Contains(got, "unable to open database file") {
			t.Errorf("%s without a temporary directory: got %q", what, got)
		}
	}
}

func TestFileLimitIsAnSQLError(t *testing.T) {
	a := newArgs(t)
	a.Policy.FileBytes = 1 << 20
	o := run[outcome](t, "full", a)
	if !strings.Contains(o["fill"], "disk I/O error") && !strings.Contains(o["fill"], "full") {
		t.Errorf("fill: %q", o["fill"])
	}
	if got, ok := o["1 row"]; !ok || got != "" {
		t.Errorf("afterwards: %v", o)
	}
}

func TestDataLimitIsAnSQLError(t *testing.T) {
	a := newArgs(t)
	a.Policy.DataBytes = dataLimit(BaseDataBytes)
	if a.Policy.DataBytes == 0 {
		return // measured in the build without the race detector
	}
	o := run[outcome](t, "memory", a)
	if !strings.Contains(o["too much"], "out of memory") || o["afterwards"] != "" {
		t.Errorf("got %v", o)
	}
	// Thirty threads fit; with stacks of the default size they would not.
	a = newArgs(t)
	a.Policy.DataBytes = dataLimit(BaseDataBytes)
	for what, got := range run[outcome](t, "cgo-threads", a) {
		if got != "" {
			t.Errorf("%s: %s", what, got)
		}
	}
}

// SQLite runs the statement or refuses it. The smaller stacks never overflow,
// which would end the process.
func TestThreadStack(t *testing.T) {
	for what, got := range run[outcome](t, "recursion", newArgs(t)) {
		if got != "" && !strings.Contains(got, "Recursion limit") && !strings.Contains(got, "too large") {
			t.Errorf("%s: %s", what, got)
		}
	}
}
