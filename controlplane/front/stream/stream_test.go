package stream

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// connection is a client connection that records the order of its events.
type connection struct {
	header http.Header
	events []string
	until  time.Time
	most   int
	fail   error
	body   bytes.Buffer
}

func (c *connection) Header() http.Header { return c.header }
func (c *connection) WriteHeader(int)     {}
func (c *connection) Flush()              { c.events = append(c.events, "flush") }

func (c *connection) SetWriteDeadline(t time.Time) error {
	c.events, c.until = append(c.events, "deadline"), t
	return nil
}

func (c *connection) Write(b []byte) (int, error) {
	if c.fail != nil {
		return 0, c.fail
	}
	c.events, c.most = append(c.events, "write"), max(c.most, len(b))
	return c.body.Write(b)
}

// chunks is an answer that ends with its last chunk, or with err.
type chunks struct {
	list []string
	err  error
	i    int
}

func (a *chunks) Next(context.Context) ([]byte, bool, error) {
	if a.i == len(a.list) {
		return nil, false, a.err
	}
	a.i++
	return []byte(a.list[a.i-1]), a.err == nil && a.i == len(a.list), nil
}

func (a *chunks) Close() {}

func copyTo(c *connection, a *chunks) (err error, aborted bool) {
	defer func() {
		if v := recover(); v != nil {
			aborted = v == http.ErrAbortHandler
		}
	}()
	c.header = http.Header{}
	return copyAnswer(c, httptest.NewRequest(http.MethodPost, "/", nil), a, Options{ContentType: JSON}, time.Hour), false
}

// Every piece has its own deadline: a slow client has enough time, and a client that
// stopped reading is disconnected.
func TestStreamGivesEveryPieceItsTime(t *testing.T) {
	mega := strings.Repeat("x", holdBytes)
	c := &connection{}
	if err, aborted := copyTo(c, &chunks{list: []string{mega, mega, "", "end", ""}}); err != nil || aborted {
		t.Fatal(err, aborted)
	}
	if c.body.String() != mega+mega+"end" || c.most > pieceBytes {
		t.Errorf("%d bytes, at most %d at once", c.body.Len(), c.most)
	}
	last := ""
	for i, e := range c.events {
		if e == "write" && last != "deadline" {
			t.Fatalf("write %d has no deadline of its own", i)
		}
		last = e
	}
	if last != "deadline" {
		t.Errorf("the end of the body has no deadline of its own: %s", last)
	}
	if left := time.Until(c.until); left < stallTime-10*time.Second || left > stallTime {
		t.Errorf("the deadline is in %v", left)
	}
}

func TestSmallAnswerIsOneWrite(t *testing.T) {
	for _, list := range [][]string{{"abc"}, {"a", "b", "c"}, {"abc", ""}} {
		c := &connection{}
		if err, aborted := copyTo(c, &chunks{list: list}); err != nil || aborted {
			t.Fatal(err, aborted)
		}
		if got := strings.Join(c.events, " "); got != "deadline write" || c.header.Get("Content-Length") != "3" || c.body.String() != "abc" {
			t.Errorf("%v: %s, %v", list, got, c.header)
		}
	}
}

func TestStreamFailures(t *testing.T) {
	mega := strings.Repeat("x", holdBytes)
	broken := errs.E(errs.Engine, "broken")
	for name, tt := range map[string]struct {
		conn    connection
		answer  chunks
		aborted bool
		written int
	}{
		"at once":                 {answer: chunks{err: broken}},
		"while held":              {answer: chunks{list: []string{"a", "b"}, err: broken}},
		"after streaming began":   {answer: chunks{list: []string{mega, "b"}, err: broken}, aborted: true, written: holdBytes + 1},
		"client gone, one chunk":  {conn: connection{fail: errors.New("reset")}, answer: chunks{list: []string{"a"}}, aborted: true},
		"client gone, two chunks": {conn: connection{fail: errors.New("reset")}, answer: chunks{list: []string{"a", "b"}}, aborted: true},
		"client gone, stream":     {conn: connection{fail: errors.New("reset")}, answer: chunks{list: []string{mega, mega}}, aborted: true},
	} {
		err, aborted := copyTo(&tt.conn, &tt.answer)
		if aborted != tt.aborted || !aborted && !errors.Is(err, broken) || tt.conn.body.Len() != tt.written {
			t.Errorf("%s: %v, aborted %v, %d bytes", name, err, aborted, tt.conn.body.Len())
		}
		if !aborted && len(tt.conn.header) != 0 {
			t.Errorf("%s: the error finds headers set: %v", name, tt.conn.header)
		}
	}
}

// The next chunk returns the error of a write by the timer.
func TestReleaseFailure(t *testing.T) {
	c := &connection{header: http.Header{}, fail: errors.New("reset")}
	o := &output{w: c, rc: http.NewResponseController(c), held: []byte("x")}
	o.release()
	if err := o.add([]byte("y"), false); err == nil {
		t.Error("the failed write is forgotten")
	}
	done := &connection{header: http.Header{}}
	o = &output{w: done, rc: http.NewResponseController(done), held: []byte("x")}
	o.finish()
	o.release()
	if len(done.events) != 0 {
		t.Errorf("a late timer wrote: %v", done.events)
	}
}
