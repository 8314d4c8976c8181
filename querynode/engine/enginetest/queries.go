package enginetest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Values larger than every buffer, in every form.
func (s suite) bigValues(t *testing.T) {
	db := s.open(t)
	blob := make([]byte, 1_000_001)
	for i := range blob {
		blob[i] = byte(i * 7)
	}
	text := strings.Repeat(`é"😀,`, 100_000)
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	coded := base64.StdEncoding.EncodeToString(blob)
	got := db.Results(ro, `{"sql":"SELECT ? AS a, ? AS b","params":[{"base64":"`+coded+`"},`+string(quoted)+`]}`)[0]
	var back string
	blobJSON, textJSON, _ := strings.Cut(got, "|")
	if err := json.Unmarshal([]byte(textJSON), &back); err != nil || back != text || blobJSON != `{"base64":"`+coded+`"}` {
		t.Errorf("%v: %d and %d bytes came back", err, len(blobJSON), len(back))
	}
	out, err := db.Ask(ro, daemonapi.FormatCSV, `{"sql":"SELECT ? AS a, ? AS b","params":[`+string(quoted)+`,{"base64":"`+coded+`"}]}`)
	want := "a,b\r\n\"" + strings.ReplaceAll(text, `"`, `""`) + "\"," + fmt.Sprintf("X'%X'", blob) + "\r\n"
	if err != nil || out != want {
		t.Errorf("CSV of %d bytes, %v; want %d", len(out), err, len(want))
	}
}

// A format without an encoder is refused.
func (s suite) unknownFormat(t *testing.T) {
	db := s.open(t)
	err := db.Run(engine.NewJob(Script("SELECT 1"), engine.JobOptions{Mode: rw, Format: 99}), &Memory{})
	if !errs.Is(err, errs.Unsupported) {
		t.Error(err)
	}
}

// A small answer is one Write.
func (s suite) smallAnswersAreOneWrite(t *testing.T) {
	db := s.open(t)
	for _, sql := range []string{``, `SELECT 1`, `CREATE TABLE t(a INTEGER)`, `INSERT INTO t VALUES (1) RETURNING a`, `SELECT 1; SELECT 2`, `SELECT x FROM ` + Count(1000)} {
		var m Memory
		if err := db.Run(SQLJob(sql, rw, 0), &m); err != nil || m.Writes != 1 {
			t.Errorf("%s: %d writes, %v", sql, m.Writes, err)
		}
	}
}

// Run returns the error of its sink, and the database stays usable.
func (s suite) sinkFails(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.Readers = 1 })
	db.Must(rw, `CREATE TABLE t(a INTEGER)`)
	gone := errors.New("the client is gone")
	for _, sql := range []string{`SELECT 1`, `SELECT x FROM ` + Count(1_000_000), `SELECT '` + strings.Repeat("x", 1_000_000) + `'`, `INSERT INTO t VALUES (1) RETURNING a`} {
		err := db.Run(SQLJob(sql, rw, 0), SinkFunc(func([]byte, bool) error { return gone }))
		if !errors.Is(err, gone) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if got := db.Must(rw, `SELECT a FROM t`); got != "1" {
		t.Errorf("got %q", got)
	}
}

// Statements of one reading body see one state of the database.
func (s suite) oneMomentPerBody(t *testing.T) {
	db := s.open(t)
	db.Must(rw, `CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (0)`)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for range 300 {
			if _, err := db.Try(rw, `UPDATE t SET a = a + 1`); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		// The answer holds only the last result. The statement between takes time.
		got := db.Must(ro, `SELECT a FROM t; WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 2000)
			SELECT count(*) FROM c; SELECT min(a) = max(a) FROM (SELECT a FROM t UNION ALL SELECT a FROM t)`)
		if got != "1" {
			t.Fatalf("got %q", got)
		}
	}
}

// A caller without the right to query is refused.
func (s suite) modes(t *testing.T) {
	db := s.open(t)
	db.Fails("", `SELECT 1`, errs.Forbidden)
	db.Fails("manager", `SELECT 1`, errs.Forbidden)
}

// Readers wait neither for a writer nor for one another.
func (s suite) readersDoNotWait(t *testing.T) {
	db := s.open(t, func(o *engine.Options) { o.Readers = 3 })
	db.Must(rw, `CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)`)
	jobs := []*engine.Job{
		SQLJob(`INSERT INTO t `+forever, rw, time.Minute),
		SQLJob(forever, ro, time.Minute),
		SQLJob(forever, ro, time.Minute),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Together(len(jobs), func(i int) { _ = db.Run(jobs[i], &Memory{}) })
	}()
	Wait(t, "all run", func() bool { return running(jobs) == len(jobs) })
	for range 50 {
		if got := db.Must(ro, `SELECT a FROM t`); got != "1" {
			t.Errorf("got %q", got)
		}
	}
	if n := running(jobs); n != len(jobs) {
		t.Errorf("%d still run", n)
	}
	for _, j := range jobs {
		j.Cancel()
	}
	<-done
}
