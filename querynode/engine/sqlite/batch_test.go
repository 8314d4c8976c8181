//go:build cgo && (linux || darwin)

package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/enginetest"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Q10: parameters by position, number and name.
func TestQ10Parameters(t *testing.T) {
	db := open(t)
	cases := []struct{ sql, params, want string }{
		{`SELECT ?, ?`, `[1,2]`, `1|2`},
		{`SELECT ?2, ?1`, `[1,2]`, `2|1`},
		{`SELECT ?1, ?1`, `[1]`, `1|1`},
		{`SELECT :a, @b, $c`, `[1,2,3]`, `1|2|3`},
		{`SELECT :a, @b, $c`, `{":a":1,"@b":2,"$c":3}`, `1|2|3`},
		{`SELECT :a, @b, $c`, `{"c":3,"b":2,"a":1}`, `1|2|3`},
		{`SELECT :a, :a, @a`, `{"a":1}`, `1|1|1`},
		{`SELECT :a, @a`, `{":a":1,"@a":2}`, `1|2`},
		{`SELECT ?, :x`, `{"1":5,"x":6}`, `5|6`},
		{`SELECT ?1, ?2`, `{"?2":6,"?1":5}`, `5|6`},
		{`SELECT $a::b(c)`, `{"$a::b(c)":5}`, `5`},
		{`SELECT ':a', "?" -- ?`, `[]`, `":a"|"?"`},
	}
	for _, c := range cases {
		for range 2 { // compiled, then from the cache
			body := fmt.Sprintf(`{"sql":%q,"params":%s}`, c.sql, c.params)
			if got := db.Results(ro, body); got[0] != c.want {
				t.Errorf("%s: %s, want %s", body, got[0], c.want)
			}
		}
	}
}

func TestParametersThatDoNotFit(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	cases := []struct{ sql, params, says string }{
		{`INSERT INTO t VALUES (?)`, `[1,2]`, "The statement has 1 parameter, and 2 values were given"},
		{`INSERT INTO t VALUES (?)`, `[]`, "The statement has 1 parameter, and no values were given"},
		{`SELECT ?, ?`, `null`, "The statement has 2 parameters, and no values were given"},
		{`INSERT INTO t VALUES (1)`, `[1]`, "The statement has no parameters, and 1 value was given"},
		{`INSERT INTO t VALUES (:a)`, `{"b":1}`, "The statement has no parameter b"},
		{`INSERT INTO t VALUES (:a)`, `{"a":1,"b":1}`, "The statement has no parameter b"},
		{`INSERT INTO t VALUES (:a)`, `{"@a":1}`, "The statement has no parameter @a"},
		{`SELECT :a, :b`, `{"a":1}`, "The parameter :b has no value"},
		{`SELECT ?, :b`, `{"b":1}`, "The parameter 1 has no value"},
		{`SELECT :a`, `{"a":1,":a":2}`, "The parameter :a is given twice"},
		{`SELECT :a`, `{"a":1,"1":2}`, "The parameter :a is given twice"},
		{`SELECT ?1`, `{"?2":1}`, "The statement has no parameter ?2"},
		{`SELECT ?1`, `{"":1}`, "The statement has no parameter "},
		{`SELECT :a`, `{"` + strings.Repeat("x", 5000) + `":1}`, "The statement has no parameter " + strings.Repeat("x", 80) + "…"},
	}
	for _, c := range cases {
		for _, mode := range []ayb.QueryLevel{ro, rw} {
			if mode == ro && strings.HasPrefix(c.sql, "INSERT") {
				continue
			}
			_, err := db.Ask(mode, daemonapi.FormatJSON, fmt.Sprintf(`{"statements":[{"sql":"SELECT 1"},{"sql":%q,"params":%s}]}`, c.sql, c.params))
			if e := errs.Public(err); e.Code != errs.Invalid || e.Message != c.says || e.Attrs["statement"] != "1" {
				t.Errorf("%s with %.100s: %v", c.sql, c.params, err)
			}
			_, err = db.Ask(mode, daemonapi.FormatJSON, fmt.Sprintf(`{"sql":%q,"params":%s}`, c.sql, c.params))
			if e := errs.Public(err); e.Code != errs.Invalid || e.Message != c.says || e.Attrs["statement"] != "0" {
				t.Errorf("alone, %s with %.100s: %v", c.sql, c.params, err)
			}
		}
	}
	if got := db.Must(ro, `SELECT count(*) FROM t`); got != "0" {
		t.Errorf("%s rows", got)
	}
	// An SQL text has no parameter values, and a parameter without a value is
	// no NULL.
	for _, sql := range []string{`INSERT INTO t VALUES(?)`, `UPDATE t SET a = :n`, `SELECT 1; SELECT @x`, `DELETE FROM t WHERE a IS $a`, `INSERT INTO t VALUES (1); INSERT INTO t VALUES (?1)`} {
		const says = "The statement has 1 parameter, and no values were given: give them as params of a JSON request, with --param in a command, or with .param set in a session"
		if m := db.Fails(rw, sql, errs.Invalid); m != says {
			t.Errorf("%s: %s", sql, m)
		}
		for range 2 { // what is kept on the connection is refused, too
			if _, err := db.Ask(rw, daemonapi.FormatJSON, fmt.Sprintf(`{"sql":%q}`, sql)); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", sql, err)
			}
		}
	}
	if got := db.Must(ro, `SELECT count(*) FROM t`); got != "0" {
		t.Errorf("%s rows", got)
	}
	db.Must(ro, `EXPLAIN QUERY PLAN SELECT * FROM t WHERE a = ?`) // runs nothing
}

// A value of one caller is gone for the next caller of the same text, however
// the first run ended.
func TestValuesDoNotLeak(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(a UNIQUE, b)`)
	for _, c := range []struct {
		mode ayb.QueryLevel
		sql  string
	}{{ro, `SELECT ?1`}, {ro, `SELECT ?1 FROM (SELECT 1 UNION ALL SELECT 2)`}, {rw, `INSERT INTO t VALUES (1, ?1) RETURNING b`}, {rw, `INSERT INTO t VALUES (1, abs(?1)) RETURNING b`}} {
		for _, body := range []string{`{"sql":"%s","params":["secret"]}`, `{"sql":"%s","params":["secret"],"max_rows":1}`, `{"sql":"%s","params":[{"integer":"-9223372036854775808"}]}`} {
			_, _ = db.Ask(c.mode, daemonapi.FormatJSON, fmt.Sprintf(body, c.sql))
			db.Must(rw, `DELETE FROM t`)
			if got, err := db.Ask(c.mode, daemonapi.FormatJSON, fmt.Sprintf(`{"sql":"%s","params":[null]}`, c.sql)); err != nil || strings.Contains(got, "secret") || !strings.Contains(got, `[null]`) {
				t.Errorf("%s: %s, %v", c.sql, got, err)
			}
			db.Must(rw, `DELETE FROM t`)
		}
	}
	many := `SELECT ?1, x FROM ` + enginetest.Count(30000)
	j := enginetest.Request(t, ro, daemonapi.FormatNDJSON, `{"sql":"`+many+`","params":["secret"]}`)
	writes := 0
	if err := db.Run(j, enginetest.SinkFunc(func([]byte, bool) error {
		if writes++; writes == 2 {
			j.Cancel()
		}
		return nil
	})); !errs.Is(err, errs.Canceled) {
		t.Fatal(err)
	}
	if got, err := db.Ask(ro, daemonapi.FormatJSON, `{"sql":"`+many+`","params":[null]}`); err != nil || strings.Contains(got, "secret") {
		t.Errorf("%.200s, %v", got, err)
	}
}

func TestBatches(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a PRIMARY KEY, b); INSERT INTO t VALUES (1, 'one')`)
	insert := `{"sql":"INSERT INTO t VALUES (?, ?)","params":[%d,"x"]}`
	cases := []struct{ name, body, want string }{
		{"reads", `{"statements":[{"sql":"SELECT ? + 1","params":[1]},{"sql":"SELECT b FROM t WHERE a = :a","params":{"a":1}},{"sql":"SELECT ? + 1","params":[5]}]}`, `2/"one"/6`},
		{"writes and reads", `{"statements":[` + fmt.Sprintf(insert, 2) + `,` + fmt.Sprintf(insert, 3) + `,{"sql":"SELECT count(*) FROM t"},{"sql":"DELETE FROM t WHERE a > ? RETURNING a","params":[1]}]}`, `//3/2 3`},
		{"empty entries", `{"statements":[{"sql":""},{"sql":"SELECT 1;"},{"sql":"-- x"},{"sql":";; SELECT 2 ; -- y"}]}`, `/1//2`},
		{"only empty entries", `{"statements":[{"sql":""},{"sql":"-- x"}]}`, `/`},
		{"uses what it made", `{"statements":[{"sql":"CREATE TABLE u(x)"},{"sql":"INSERT INTO u VALUES (?)","params":[4]},{"sql":"SELECT x FROM u"},{"sql":"DROP TABLE u"}]}`, `//4/`},
		{"temporary", `{"statements":[{"sql":"CREATE TEMP TABLE m(x)"},{"sql":"INSERT INTO m VALUES (1)"},{"sql":"SELECT x FROM m"}]}`, `//1`},
		{"not atomic", `{"statements":[` + fmt.Sprintf(insert, 2) + `,` + fmt.Sprintf(insert, 2) + `,{"sql":"SELECT last_insert_rowid() > 1"},{"sql":"DELETE FROM t WHERE a = 2"},{"sql":""}],"atomic":false}`, `/error: UNIQUE constraint failed: t.a/1//`},
		{"not atomic, vacuum", `{"statements":[{"sql":"VACUUM"},{"sql":"PRAGMA user_version = 3"},{"sql":"PRAGMA user_version"}],"atomic":false}`, `//3`},
		{"not atomic, transactions", `{"statements":[{"sql":"BEGIN"},{"sql":"INSERT INTO t VALUES (1, 1)"},{"sql":"SELECT 1; SELECT 2"},{"sql":"SELECT 3"}],"atomic":false}`,
			`error: ` + errTogether().(*errs.Error).Message + `/error: UNIQUE constraint failed: t.a/error: ` + errSeveral().(*errs.Error).Message + `/3`},
		{"max_rows", `{"sql":"SELECT 1 UNION ALL SELECT 2; SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3; SELECT 1 WHERE 0","max_rows":2}`, `1 2/1 2…/`},
		{"max_rows and writes", `{"statements":[{"sql":"INSERT INTO t VALUES (5,1),(6,1),(7,1) RETURNING a"},{"sql":"SELECT count(*) FROM t"},{"sql":"DELETE FROM t WHERE a > 4 RETURNING a"}],"max_rows":1}`, `5…/4/5…`},
		{"pragma first", `{"statements":[{"sql":"PRAGMA user_version = 4"},{"sql":"PRAGMA user_version"}]}`, `/4`},
	}
	for _, c := range cases {
		for range 2 {
			if got := strings.Join(db.in(t).Results(rw, c.body), "/"); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
	if got := db.Must(ro, `SELECT count(*) FROM t`); got != "1" {
		t.Errorf("%s rows", got)
	}
}

// Q4: an error in any entry undoes the batch and names the place.
func TestQ4BatchesAreAtomic(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)`)
	cases := []struct{ entries, says, statement, code, offset string }{
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"INSERT INTO t VALUES (?)","params":[1]}`, "UNIQUE constraint failed: t.a", "1", "2067", ""},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"SELECT 1,"}`, "incomplete input", "1", "1", ""},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":""},{"sql":" SELEC 1"}`, `near "SELEC": syntax error`, "2", "1", "1"},
		{`{"sql":"SELECT 1"},{"sql":"SELECT nope"}`, "no such column: nope", "1", "1", "7"},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"SELECT 1; SELECT 2"}`, "has to be a single statement", "1", "", ""},
		{`{"sql":"SELECT 2"},{"sql":"SELECT 1; SELECT 2"}`, "has to be a single statement", "1", "", ""},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"COMMIT"}`, "cannot be part of a batch", "1", "", ""},
		{`{"sql":"SELECT 1"},{"sql":"BEGIN"}`, "cannot be part of a batch", "1", "", ""},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"VACUUM"}`, "cannot be part of a batch", "1", "", ""},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"PRAGMA foreign_keys = OFF"}`, "PRAGMA foreign_keys holds only until its request ends", "1", "", ""},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"ATTACH 'x' AS y"}`, "ATTACH is not available", "1", "", ""},
		{`{"sql":"INSERT INTO t VALUES (2)"},{"sql":"SELECT '\u0000'"}`, "NUL character", "1", "", ""},
	}
	for _, c := range cases {
		for _, f := range []daemonapi.Format{daemonapi.FormatJSON, daemonapi.FormatNDJSON, daemonapi.FormatCSV} {
			_, err := db.Ask(rw, f, `{"statements":[`+c.entries+`]}`)
			e := errs.Public(err)
			if !strings.Contains(e.Message, c.says) || e.Attrs["statement"] != c.statement || e.Attrs["sqlite_code"] != c.code || e.Attrs["offset"] != c.offset {
				t.Errorf("%s: %v %v", c.entries, err, e.Attrs)
			}
			if got := db.Must(rw, `SELECT a FROM t`); got != "1" {
				t.Errorf("%s left %s", c.entries, got)
			}
		}
	}
	// Statements of one text are counted too; offsets are into the text.
	_, err := db.Ask(rw, daemonapi.FormatJSON, `{"sql":"SELECT 1; INSERT INTO t VALUES (5); SELECT nope"}`)
	if e := errs.Public(err); e.Attrs["statement"] != "2" || e.Attrs["offset"] != "43" {
		t.Errorf("%v %v", err, e.Attrs)
	}
	// Writes of read-only callers fail, and the error names the place.
	_, err = db.Ask(ro, daemonapi.FormatJSON, `{"statements":[{"sql":"SELECT 1"},{"sql":"DELETE FROM t"}]}`)
	if e := errs.Public(err); e.Code != errs.ReadOnly || e.Attrs["statement"] != "1" {
		t.Errorf("%v %v", err, e.Attrs)
	}
	if got := db.Results(ro, `{"statements":[{"sql":"DELETE FROM t"},{"sql":"SELECT a FROM t"}],"atomic":false}`); got[0] != "error: Attempted to write to database while in read-only mode" || got[1] != "1" {
		t.Errorf("%v", got)
	}
}

// A large answer of statements that are not atomic comes in order, including
// results on disk and failed ones.
func TestNotAtomicAnswersInOrder(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a, b)`)
	var entries, want []string
	for i := range 60 {
		switch i % 6 {
		case 0:
			entries = append(entries, fmt.Sprintf(`{"sql":"SELECT %d, hex(zeroblob(20000))"}`, i))
		case 1:
			entries = append(entries, fmt.Sprintf(`{"sql":"INSERT INTO t VALUES (?, 1) RETURNING a, hex(zeroblob(?))","params":[%d,20000]}`, i))
		case 2:
			entries = append(entries, fmt.Sprintf(`{"sql":"INSERT INTO t VALUES (%d, 1), (%d, abs(-9223372036854775808)) RETURNING hex(zeroblob(40000))"}`, i, i))
			want = append(want, "error: integer overflow")
			continue
		case 3:
			entries = append(entries, fmt.Sprintf(`{"sql":"SELECT %d, x FROM (SELECT 'a' AS x UNION ALL SELECT hex(zeroblob(30000)))"}`, i))
		case 4:
			entries = append(entries, `{"sql":"nonsense"}`)
			want = append(want, `error: near "nonsense": syntax error`)
			continue
		case 5:
			entries = append(entries, `{"sql":""}`)
			want = append(want, "")
			continue
		}
		want = append(want, fmt.Sprint(i, "|"))
	}
	body := `{"statements":[` + strings.Join(entries, ",") + `],"atomic":false}`
	got := db.Results(rw, body)
	if len(got) != len(want) {
		t.Fatalf("%d results", len(got))
	}
	for i := range want {
		if want[i] == "" && got[i] != "" || !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%d: %.60s, want %s", i, got[i], want[i])
		}
	}
	if got := db.Must(ro, `SELECT count(*) FROM t`); got != "10" {
		t.Errorf("%s rows", got)
	}
	out, err := db.Ask(rw, daemonapi.FormatNDJSON, body)
	if err != nil {
		t.Fatal(err)
	}
	last := -1
	for line := range strings.Lines(out) {
		n := 0
		if _, err := fmt.Sscanf(line, `{"statement":%d,`, &n); err == nil {
			if n < last || n > last+1 {
				t.Fatalf("%.60s after statement %d", line, last)
			}
			last = n
		}
	}
	if last != 59 {
		t.Errorf("the last statement is %d", last)
	}
}

// An error after rows were sent closes their result.
func TestErrorAmongRows(t *testing.T) {
	db := open(t)
	long := `SELECT hex(zeroblob(5000)), abs(CASE WHEN x = 100 THEN -9223372036854775808 ELSE x END) FROM ` + enginetest.Count(200)
	doc := db.Typed(ro, `{"statements":[{"sql":"`+long+`"},{"sql":"SELECT 5"}],"atomic":false}`)
	if r := doc.Results[0]; r.Text() != "error: integer overflow" || len(r.Rows) < 10 || len(r.Rows) > 99 {
		t.Errorf("%d rows, %v", len(r.Rows), r.Error)
	}
	if doc.Results[1].Text() != "5" {
		t.Errorf("then %s", doc.Results[1].Text())
	}
}

// Final results stay when a later result is dropped that was on disk.
func TestDroppedResult(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	j := enginetest.Request(t, rw, daemonapi.FormatJSON, `{"statements":[{"sql":"INSERT INTO t VALUES (1) RETURNING a"},
		{"sql":"INSERT INTO t SELECT hex(zeroblob(1000)) FROM `+enginetest.Count(100)+` RETURNING a"},{"sql":"SELECT count(*) FROM t"}],"atomic":false}`)
	j.ResultBytes = 100_000
	out, err := db.Do(j)
	if err != nil {
		t.Fatal(err)
	}
	doc := enginetest.ReadDocument(t, out)
	if len(doc.Results) != 3 || doc.Results[0].Text() != "1" || doc.Results[1].Error == nil || doc.Results[2].Text() != "1" {
		t.Errorf("%.500s", out)
	}
}

// The errors of limits name the limit and the operator, who can raise it.
func TestLimitsAreNamed(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.HeapBytes, o.DatabaseBytes = 24<<20, 1<<20 })
	db.Must(rw, `CREATE TABLE t(a)`)
	const forever = `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`
	for _, c := range []struct {
		body, front, key, value string
		timeout                 time.Duration
	}{
		{`{"sql":"SELECT randomblob(9000000), randomblob(9000000), randomblob(9000000)"}`, "out of memory: ", "limits.heap_bytes", "24 MiB", 0},
		{`{"sql":"INSERT INTO t SELECT randomblob(1000) FROM ` + enginetest.Count(3000) + `"}`, "database full: ", "limits.database_bytes", "1 MiB", 0},
		{`{"sql":"SELECT zeroblob(30000000)"}`, "string or blob too big: ", "limits.heap_bytes", "24 MiB", 0},
		{`{"sql":"` + forever + `"}`, "The statement took longer than ", "limits.statement_timeout", "40 ms", 40 * time.Millisecond},
	} {
		j := enginetest.Request(t, rw, daemonapi.FormatJSON, c.body)
		j.Timeout = c.timeout
		_, err := db.Do(j)
		m := errs.Public(err).Message
		if !strings.HasPrefix(m, c.front) || !strings.Contains(m, c.key) || !strings.Contains(m, c.value) || !strings.Contains(m, "the operator of the server can raise") {
			t.Errorf("%s: %s", c.body, m)
		}
	}
	// The caller's own time limit is no limit of the server.
	j := enginetest.Request(t, rw, daemonapi.FormatJSON, `{"sql":"`+forever+`","timeout_ms":30}`)
	j.Timeout = 30 * time.Millisecond
	if _, err := db.Do(j); !errs.Is(err, errs.Timeout) || !strings.Contains(err.Error(), "30 ms") || strings.Contains(err.Error(), "operator") {
		t.Errorf("%v", err)
	}
	// The time limit applies to the request; results before its end are
	// reported.
	j = enginetest.Request(t, rw, daemonapi.FormatJSON, `{"statements":[{"sql":"SELECT 1"},{"sql":"`+forever+`"},{"sql":"SELECT 2"}],"atomic":false}`)
	j.Timeout = time.Second
	out, err := db.Do(j)
	if err != nil {
		t.Fatal(err)
	}
	doc := enginetest.ReadDocument(t, out)
	if doc.Results[0].Text() != "1" || !strings.HasPrefix(doc.Results[1].Text(), "error: The statement took") || !strings.HasPrefix(doc.Results[2].Text(), "error: The statement took") {
		t.Errorf("%s", out)
	}
}

// SQLite's own limits apply, with SQLite's messages.
func TestSQLiteLimits(t *testing.T) {
	db := open(t)
	db.Must(rw, `CREATE TABLE t(a)`)
	list := func(n int, s, between string) string {
		return strings.TrimSuffix(strings.Repeat(s+between, n), between)
	}
	cases := []struct{ name, good, bad, says string }{
		{"VARIABLE_NUMBER", `EXPLAIN SELECT ?32766`, `SELECT ?32767`, "variable number must be between ?1 and ?32766"},
		{"VARIABLE_NUMBER counted", `EXPLAIN SELECT 1 FROM t WHERE a IN (` + list(32766, "?", ",") + `)`, `SELECT 1 FROM t WHERE a IN (` + list(32767, "?", ",") + `)`, "too many SQL variables"},
		{"COLUMN of a result", `SELECT ` + list(2000, "1", ","), `SELECT ` + list(2001, "1", ","), "too many columns in result set"},
		{"COLUMN of an order", `SELECT 1 FROM t ORDER BY ` + list(2000, "a", ","), `SELECT 1 FROM t ORDER BY ` + list(2001, "a", ","), "too many terms in ORDER BY clause"},
		{"COMPOUND_SELECT", list(500, "SELECT 1", " UNION ALL "), list(501, "SELECT 1", " UNION ALL "), "too many terms in compound SELECT"},
		{"EXPR_DEPTH", `SELECT ` + list(1000, "a", "+") + ` FROM t`, `SELECT ` + list(1001, "a", "+") + ` FROM t`, "Expression tree is too large (maximum depth 1000)"},
		{"FUNCTION_ARG", `SELECT max(` + list(127, "1", ",") + `)`, `SELECT max(` + list(40000, "1", ",") + `)`, "too many arguments on function max"},
		{"LIKE_PATTERN_LENGTH", `SELECT 'a' LIKE printf('%.4096c', 'a')`, `SELECT 'a' LIKE printf('%.4097c', 'a')`, "LIKE or GLOB pattern too complex"},
		{"tables of a join", `SELECT 1 FROM ` + list(64, "t", ","), `SELECT 1 FROM ` + list(65, "t", ","), "at most 64 tables in a join"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := db.in(t)
			db.Must(ro, c.good)
			if m := db.Fails(ro, c.bad, errs.SQL); !strings.Contains(m, c.says) {
				t.Errorf("%s", m)
			}
		})
	}
	db.Fails(rw, `CREATE TABLE w(`+func() string {
		var b strings.Builder
		for i := range 2001 {
			fmt.Fprintf(&b, "c%d,", i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}()+`)`, errs.SQL)
}

func TestRunning(t *testing.T) {
	db := open(t, func(o *engine.Options) { o.Readers = 1 })
	const forever = `WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT count(*) FROM n`
	first, second := enginetest.SQLJob(forever, ro, time.Minute), enginetest.SQLJob(forever, ro, time.Minute)
	if first.Running() {
		t.Error("runs before it was begun")
	}
	done := make(chan error, 2)
	go func() { done <- db.Run(first, &enginetest.Memory{}) }()
	enginetest.Wait(t, "the first runs", first.Running)
	go func() { done <- db.Run(second, &enginetest.Memory{}) }()
	enginetest.Wait(t, "the second waits", func() bool { return db.waiting() == 1 })
	if second.Running() {
		t.Error("what waits is said to run")
	}
	first.Cancel()
	enginetest.Wait(t, "the second runs", second.Running)
	second.Cancel()
	for range 2 {
		if err := <-done; !errs.Is(err, errs.Canceled) {
			t.Error(err)
		}
	}
	if first.Running() || second.Running() {
		t.Error("they are done")
	}
}
