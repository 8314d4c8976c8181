package enginetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// The export of a complete file is a copy, and can be received.
func (s suite) exportFile(t *testing.T) {
	db := s.open(t)
	db.large()
	out := db.MustExport(daemonapi.ExportOptions{Format: daemonapi.TransferSQLite}, "")
	if !bytes.Equal([]byte(out), db.Copied()) {
		t.Error("not the copy")
	}
	other := s.received(t, []byte(out))
	const sum = "SELECT count(*), sum(length(a)), max(a) FROM big"
	if got, want := other.Must(ro, sum), db.Must(ro, sum); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := Files(t, db.TempDir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

// Queries and views have a time limit; tables have none.
func (s suite) exportTimeLimit(t *testing.T) {
	db := s.open(t)
	db.Must(rw, "CREATE VIEW endless AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT max(n) FROM c")
	db.Must(rw, "CREATE TABLE big(a INTEGER); INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 200000) SELECT n FROM c")
	brief := func() *engine.Job {
		return engine.NewJob(daemonapi.Batch{}, engine.JobOptions{Timeout: time.Millisecond})
	}
	for name, c := range map[string]struct {
		o    daemonapi.ExportOptions
		sql  string
		code errs.Code
	}{
		"view":  {daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "endless"}, "", errs.Timeout},
		"query": {daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "SELECT * FROM endless", errs.Timeout},
		"table": {daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "big"}, "", ""},
		"all":   {daemonapi.ExportOptions{Format: daemonapi.TransferSQL}, "", ""},
	} {
		if err := db.Export(brief(), c.o, c.sql, &Memory{}); errs.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An export blocks no writer and can be stopped while its client blocks.
func (s suite) exportBlocksNoOther(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.Readers = 1 })
	db.large()
	for format, want := range map[daemonapi.TransferFormat]errs.Code{
		daemonapi.TransferSQL: errs.Canceled, daemonapi.TransferCSV: errs.Canceled, daemonapi.TransferSQLite: errs.Canceled,
	} {
		job := ExportJob()
		began := make(chan struct{})
		goOn := make(chan struct{})
		done := make(chan error, 1)
		first := true
		go func() {
			done <- db.Export(job, daemonapi.ExportOptions{Format: format}, "", SinkFunc(func([]byte, bool) error {
				if first {
					first = false
					close(began)
					<-goOn
				}
				return nil
			}))
		}()
		<-began
		db.Must(rw, "INSERT INTO big VALUES ('late')")
		db.Must(ro, "SELECT 1 FROM big LIMIT 1")
		job.Cancel()
		close(goOn)
		if err := <-done; errs.CodeOf(err) != want {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// An export holds the database of one moment.
func (s suite) exportSeesOneMoment(t *testing.T) {
	db := s.open(t)
	db.large()
	n, first := 0, true
	err := db.Export(ExportJob(), daemonapi.ExportOptions{Format: daemonapi.TransferNDJSON}, "", SinkFunc(func(p []byte, _ bool) error {
		if n += bytes.Count(p, []byte("\n")); first {
			first = false
			db.Must(rw, "INSERT INTO big SELECT 'late' FROM big LIMIT 1000")
		}
		return nil
	}))
	if err != nil || n != 20000 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Rows of a table and of a query come in each form.
func (s suite) exportRows(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x,y'), (NULL, '')`)
	for _, c := range []struct {
		format daemonapi.TransferFormat
		sql    string
		want   string
	}{
		{daemonapi.TransferCSV, "", "\"a\",\"b\"\r\n1,\"x,y\"\r\n,\"\"\r\n"},
		{daemonapi.TransferNDJSON, "", "{\"a\":1,\"b\":\"x,y\"}\n{\"a\":null,\"b\":\"\"}\n"},
		{daemonapi.TransferJSON, "", "[\n{\"a\":1,\"b\":\"x,y\"},\n{\"a\":null,\"b\":\"\"}\n]\n"},
		{daemonapi.TransferJSON, "SELECT a + 1 AS c FROM t WHERE a = 1", "[\n{\"c\":2}\n]\n"},
	} {
		if got := db.MustExport(daemonapi.ExportOptions{Format: c.format}, c.sql); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.format, c.sql, got, c.want)
		}
	}
	if _, err := db.TryExport(daemonapi.ExportOptions{Format: daemonapi.TransferCSV}, "INSERT INTO t VALUES (2, '') RETURNING a"); !errs.Is(err, errs.Invalid) {
		t.Errorf("a query that writes: %v", err)
	}
	if _, err := db.TryExport(daemonapi.ExportOptions{Format: daemonapi.TransferCSV, Table: "u"}, ""); !errs.Is(err, errs.NotFound) {
		t.Errorf("a missing table: %v", err)
	}
}
