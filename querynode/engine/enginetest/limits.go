package enginetest

import (
	"os"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// A full database reports that, and still accepts deletes and small changes.
func (s suite) databaseFull(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.DatabaseBytes = 1 << 20 })
	db.Must(rw, `CREATE TABLE t(n INTEGER, a TEXT)`)
	m := db.Fails(rw, `INSERT INTO t SELECT x, `+text(1000)+` || x FROM `+Count(3000), errs.Full)
	if !strings.Contains(m, "database full") || !strings.Contains(m, "1 MiB") {
		t.Error(m)
	}
	db.Must(rw, `INSERT INTO t SELECT x, `+text(1000)+` || x FROM `+Count(600))
	db.Fails(rw, `INSERT INTO t VALUES (0, NULL); INSERT INTO t SELECT x, `+text(1000)+` || x FROM `+Count(600), errs.Full)
	if got := db.Must(ro, `SELECT count(*) FROM t`); got != "600" {
		t.Errorf("%s rows", got)
	}
	db.Must(rw, `DELETE FROM t WHERE n > 300`)
	db.Must(rw, `INSERT INTO t SELECT x, `+text(1000)+` || x FROM `+Count(200))
	db.Fails(rw, `CREATE TEMP TABLE u AS SELECT `+text(1000)+` || x AS a FROM `+Count(3000)+`; SELECT 1`, errs.Full)
	if st, err := os.Stat(db.Path); err != nil || st.Size() > 1<<20 {
		t.Errorf("%v, %v", st.Size(), err)
	}
}

// limited is a request whose document has to be small.
func limited(t testing.TB, mode ayb.QueryLevel, f daemonapi.Format, body string) *engine.Job {
	j := Request(t, mode, f, body)
	j.ResultBytes = 10_000
	return j
}

// A document that is too large is refused, and its changes are undone; forms
// without a limit of size are not.
func (s suite) resultBytes(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(a TEXT)`)
	const says = "The result is larger than 9 KiB (limits.result_bytes)"
	long := `{"sql":"SELECT ` + text(2000) + ` FROM ` + Count(50) + `"}`
	writes := `{"sql":"INSERT INTO t SELECT ` + text(2000) + ` FROM ` + Count(50) + ` RETURNING a"}`
	for _, body := range []string{long, writes, `{"statements":[` + writes + `,{"sql":"SELECT 1"}]}`} {
		for _, f := range []daemonapi.Format{daemonapi.FormatCompat, daemonapi.FormatJSON} {
			if f == daemonapi.FormatCompat && strings.Contains(body, "SELECT 1\"") {
				continue // only the last result counts
			}
			out, err := db.Do(limited(t, rw, f, body))
			e := errs.Public(err)
			if e.Code != errs.TooLarge || !strings.HasPrefix(e.Message, says) || !strings.Contains(e.Message, "NDJSON or CSV") || out != "" {
				t.Errorf("format %d, %s: %.100s, %v", f, body, out, err)
			}
		}
		for _, f := range []daemonapi.Format{daemonapi.FormatNDJSON, daemonapi.FormatCSV} {
			if out, err := db.Do(limited(t, ro, f, long)); err != nil || len(out) < 100_000 {
				t.Errorf("format %d: %d bytes, %v", f, len(out), err)
			}
		}
	}
	if got := db.Must(ro, `SELECT count(*) FROM t`); got != "0" {
		t.Errorf("%s rows of answers that were too large", got)
	}
	// The limit holds while the result grows.
	_, err := db.Do(limited(t, ro, daemonapi.FormatJSON, `{"sql":"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT x FROM n"}`))
	if !errs.Is(err, errs.TooLarge) {
		t.Errorf("%v", err)
	}
	// Results that the answer does not hold do not count.
	out, err := db.Do(limited(t, rw, daemonapi.FormatCompat, `{"sql":"SELECT `+text(6000)+`; SELECT `+text(6000)+`; SELECT 3"}`))
	if err != nil || Flatten(t, out) != "3" {
		t.Errorf("%.100s, %v", out, err)
	}
	// The outcome of separate statements is reported whatever its size.
	var b strings.Builder
	for range 200 {
		b.WriteString(`{"sql":"INSERT INTO t VALUES (1)"},`)
	}
	out, err = db.Do(limited(t, rw, daemonapi.FormatJSON, `{"statements":[`+b.String()+`{"sql":"INSERT INTO t VALUES (2) RETURNING a"},{"sql":"SELECT count(*) FROM t"}],"atomic":false}`))
	if err != nil {
		t.Fatal(err)
	}
	doc := ReadDocument(t, out)
	if len(doc.Results) != 202 || doc.Results[0].Affected != 1 || doc.Results[199].Affected != 1 || !strings.HasPrefix(doc.Results[200].Text(), "error: "+says) {
		t.Errorf("%d results, %+v", len(doc.Results), doc.Results[200])
	}
	if got := db.Must(ro, `SELECT count(*), max(a) FROM t`); got != "200|1" {
		t.Errorf("%s", got)
	}
}
