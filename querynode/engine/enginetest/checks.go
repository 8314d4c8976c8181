package enginetest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Checks are short ways to use a database in a test, and to check answers on the
// way. A failure ends the test. Try, Ask, Do and TryExport may be called by any
// goroutine.
type Checks struct {
	Engine  engine.DB
	T       testing.TB
	Path    string // the database file
	TempDir string
}

// NewChecks returns the checks of a database that was opened with these options.
func NewChecks(t testing.TB, db engine.DB, o engine.Options) *Checks {
	return &Checks{db, t, o.Path, o.TempDir}
}

// In returns the checks of the same database in a subtest.
func (c *Checks) In(t testing.TB) *Checks { return &Checks{c.Engine, t, c.Path, c.TempDir} }

// Try runs SQL text and returns its answer.
func (c *Checks) Try(mode ayb.QueryLevel, sql string) (string, error) {
	c.T.Helper()
	var m Memory
	err := c.Engine.Run(SQLJob(sql, mode, time.Minute), &m)
	if (err == nil) != m.Done {
		c.T.Errorf("%.80q: error %v, last write seen: %v", sql, err, m.Done)
	}
	if m.Longest > encode.ChunkBytes {
		c.T.Errorf("%.80q: a chunk has %d bytes", sql, m.Longest)
	}
	return m.String(), err
}

// Must runs SQL text that has to succeed and returns its rows as text: cells
// joined by |, rows by a space.
func (c *Checks) Must(mode ayb.QueryLevel, sql string) string {
	c.T.Helper()
	out, err := c.Try(mode, sql)
	if err != nil {
		c.T.Fatalf("%.200s: %v", sql, err)
	}
	return Flatten(c.T, out)
}

// Fails runs SQL text that has to fail with a code and returns the message.
func (c *Checks) Fails(mode ayb.QueryLevel, sql string, code errs.Code) string {
	c.T.Helper()
	out, err := c.Try(mode, sql)
	if errs.CodeOf(err) != code {
		c.T.Fatalf("%.200s: got %.200s, %v; want code %s", sql, out, err, code)
	}
	if strings.Contains(err.Error(), filepath.Dir(c.Path)) {
		c.T.Errorf("%.200s: the message names a path: %v", sql, err)
	}
	return errs.Public(err).Message
}

var duration = regexp.MustCompile(`"duration_ms":[0-9]+\.[0-9]{3}`)

// Ask runs the JSON form of a request; it writes the duration as 0.
func (c *Checks) Ask(mode ayb.QueryLevel, f daemonapi.Format, body string) (string, error) {
	c.T.Helper()
	return c.Do(Request(c.T, mode, f, body))
}

// Do runs a job and returns its answer, with the duration as 0.
func (c *Checks) Do(j *engine.Job) (string, error) {
	c.T.Helper()
	var m Memory
	err := c.Engine.Run(j, &m)
	if (err == nil) != m.Done {
		c.T.Errorf("error %v, last write seen: %v", err, m.Done)
	}
	if m.Longest > encode.ChunkBytes {
		c.T.Errorf("a chunk has %d bytes", m.Longest)
	}
	return duration.ReplaceAllString(m.String(), `"duration_ms":0`), err
}

// Results runs a request that has to succeed and returns the text of each result.
func (c *Checks) Results(mode ayb.QueryLevel, body string) []string {
	c.T.Helper()
	var list []string
	for _, r := range c.Typed(mode, body).Results {
		list = append(list, r.Text())
	}
	return list
}

// Typed runs a request that has to succeed and returns its document.
func (c *Checks) Typed(mode ayb.QueryLevel, body string) Document {
	c.T.Helper()
	out, err := c.Ask(mode, daemonapi.FormatJSON, body)
	if err != nil {
		c.T.Fatalf("%.200s: %v", body, err)
	}
	return ReadDocument(c.T, out)
}

// TryExport runs an export and returns its output.
func (c *Checks) TryExport(o daemonapi.ExportOptions, sql string) (string, error) {
	c.T.Helper()
	var m Memory
	err := c.Engine.Export(ExportJob(), o, sql, &m)
	if (err == nil) != m.Done {
		c.T.Errorf("%+v %.80q: error %v, last write seen: %v", o, sql, err, m.Done)
	}
	if m.Longest > encode.ChunkBytes {
		c.T.Errorf("%+v %.80q: a chunk has %d bytes", o, sql, m.Longest)
	}
	return m.String(), err
}

// MustExport runs an export that has to succeed.
func (c *Checks) MustExport(o daemonapi.ExportOptions, sql string) string {
	c.T.Helper()
	out, err := c.TryExport(o, sql)
	if err != nil {
		c.T.Fatalf("%+v %.200s: %v", o, sql, err)
	}
	return out
}

// Copied makes a copy and reads it.
func (c *Checks) Copied() []byte {
	c.T.Helper()
	to := filepath.Join(c.TempDir, "it's a copy")
	n, err := c.Engine.Copy(MaintenanceJob(), to)
	if err != nil {
		c.T.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if err != nil || int64(len(b)) != n {
		c.T.Fatalf("%d of %d bytes, %v", len(b), n, err)
	}
	if err := os.Remove(to); err != nil {
		c.T.Fatal(err)
	}
	return b
}

// RunToEnd runs a job that has to end within Hang.
func (c *Checks) RunToEnd(j *engine.Job, sink engine.Sink) error {
	c.T.Helper()
	done := make(chan error, 1)
	go func() { done <- c.Engine.Run(j, sink) }()
	return c.WaitForEnd("the job", done)
}

// WaitForEnd waits for the end of a job, at most for Hang.
func (c *Checks) WaitForEnd(what string, done <-chan error) error {
	c.T.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(Hang):
		c.T.Fatalf("%s has not ended", what)
		return nil
	}
}
