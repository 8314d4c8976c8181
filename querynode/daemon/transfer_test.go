//go:build linux && cgo

package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// with makes a request of a kind with its options.
func with(t *testing.T, kind daemonapi.Kind, options any) daemonapi.Request {
	t.Helper()
	r := by("alice", "")
	r.Kind = kind
	var err error
	if r.Options, err = json.Marshal(options); err != nil {
		t.Fatal(err)
	}
	return r
}

// send makes a request whose body is sent piece by piece.
func (w *testDaemon) send(r daemonapi.Request, body []byte) (string, error) {
	w.t.Helper()
	s := w.client.Begin(daemonapi.AppendHead(nil, &r))
	for len(body) > 0 {
		n := min(len(body), 10_000)
		if s.Send(w.t.Context(), body[:n], false) != nil {
			return answer(s)
		}
		body = body[n:]
	}
	_ = s.Send(w.t.Context(), nil, true) // what is wrong is in the answer
	return answer(s)
}

// staged starts the daemon of a version that is not live.
func staged(t *testing.T, change ...func(*daemonargs.Config)) *testDaemon {
	return startDaemon(t, append(change, func(c *daemonargs.Config) { c.Staged = true })...)
}

func TestCopyForTheNode(t *testing.T) {
	var temp string
	w := startDaemon(t, func(c *daemonargs.Config) { temp = c.Temp })
	if _, err := w.ask(with(t, daemonapi.KindCopy, daemonapi.CopyOptions{Name: "c"})); !errs.Is(err, errs.NotFound) {
		t.Errorf("never written: %v", err)
	}
	w.must(by("alice", "CREATE TABLE t(a); INSERT INTO t VALUES (1)"))
	var result daemonapi.CopyResult
	if err := json.Unmarshal([]byte(w.must(with(t, daemonapi.KindCopy, daemonapi.CopyOptions{Name: "copy-1"}))), &result); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(temp, "copy-1"))
	if err != nil || int64(len(b)) != result.Bytes || !bytes.HasPrefix(b, []byte("SQLite format 3")) {
		t.Errorf("%d bytes of %d, %v", len(b), result.Bytes, err)
	}
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/tmp/x", "a.b", "a\x00", strings.Repeat("x", 200)} {
		if _, err := w.ask(with(t, daemonapi.KindCopy, daemonapi.CopyOptions{Name: name})); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := w.ask(with(t, daemonapi.KindCopy, daemonapi.CopyOptions{Name: "copy-1"})); !errs.Is(err, errs.Conflict) {
		t.Errorf("twice: %v", err)
	}
}

func TestExportThroughTheDaemon(t *testing.T) {
	w := startDaemon(t)
	w.must(by("alice", "CREATE TABLE t(a); INSERT INTO t VALUES (1), ('x')"))
	for format, want := range map[daemonapi.TransferFormat]string{
		daemonapi.TransferCSV: "\"a\"\r\n1\r\nx\r\n", daemonapi.TransferNDJSON: "{\"a\":1}\n{\"a\":\"x\"}\n", daemonapi.TransferJSON: "[\n{\"a\":1},\n{\"a\":\"x\"}\n]\n",
	} {
		if got := w.must(with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: format})); got != want {
			t.Errorf("%s: %q", format, got)
		}
	}
	r := with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferCSV})
	r.Body = []byte("SELECT count(*) AS n FROM t")
	if got := w.must(r); got != "\"n\"\r\n2\r\n" {
		t.Errorf("query: %q", got)
	}
	if got := w.must(with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferSQL})); !strings.Contains(got, "(1),\n('x');\n") {
		t.Errorf("sql: %s", got)
	}
	if _, err := w.ask(with(t, daemonapi.KindExport, "what")); !errs.Is(err, errs.Invalid) {
		t.Errorf("options: %v", err)
	}
}

// An export is listed, and its caller can stop it.
func TestExportIsListedAndStopped(t *testing.T) {
	w := startDaemon(t)
	w.must(by("alice", "CREATE TABLE t(a)"))
	w.must(by("alice", "INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT zeroblob(2000) FROM c"))
	query1 := with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferCSV})
	query1.Body = []byte(forever)
	for _, c := range []struct {
		r    daemonapi.Request
		want string
	}{
		{query1, forever},
		{with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferJSON, Table: "t"}), "-- export of t as json"}, // its client takes nothing
		{with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferSQL}), "-- export as sql"},
	} {
		s := w.open(c.r)
		got := w.wait(1, "running")[0]
		if got.SQL != c.want || got.Caller != "alice" {
			t.Errorf("listed as %+v", got)
		}
		if err := w.cancel(all(by("bob", "")), got.ID); err != nil {
			t.Error(err)
		}
		if _, err := answer(s); !errs.Is(err, errs.Canceled) || !strings.Contains(err.Error(), "canceled by bob") {
			t.Errorf("%s: told %v", c.want, err)
		}
		w.wait(0, "")
	}
}

// A database file of any size is exported and received unchanged.
func TestWholeDatabaseThroughDaemons(t *testing.T) {
	w := startDaemon(t)
	w.must(by("alice", "CREATE TABLE t(a)"))
	w.must(by("alice", "INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) SELECT randomblob(1000) FROM c"))
	file := w.must(with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferSQLite}))
	var cfg daemonargs.Config
	to := staged(t, func(c *daemonargs.Config) { c.RequestBytes = 1 << 10; cfg = *c })
	got, err := to.send(with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite}), []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	var result daemonapi.ImportResult
	if err := json.Unmarshal([]byte(got), &result); err != nil || result.Bytes != int64(len(file)) || result.Format != daemonapi.TransferSQLite {
		t.Errorf("%s, %v", got, err)
	}
	var check daemonapi.CheckResult
	r := by("alice", "")
	r.Kind = daemonapi.KindCheck
	if err := json.Unmarshal([]byte(to.must(r)), &check); err != nil || check.Bytes != int64(len(file)) {
		t.Errorf("%+v, %v", check, err)
	}
	if _, err := to.send(with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite}), []byte(file)); !errs.Is(err, errs.Conflict) {
		t.Errorf("twice: %v", err)
	}
	published := startDaemon(t, func(c *daemonargs.Config) { c.File = cfg.File })
	const count = "SELECT count(*), sum(length(a)) FROM t"
	if got, want := published.must(by("alice", count)), w.must(by("alice", count)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A version that is not live accepts only a database file; the live version accepts
// everything else.
func TestWhatVersionsServe(t *testing.T) {
	s, w := staged(t), startDaemon(t)
	for _, r := range []daemonapi.Request{
		by("alice", "SELECT 1"), with(t, daemonapi.KindSchema, nil), with(t, daemonapi.KindRunning, nil), with(t, daemonapi.KindCancel, nil), with(t, 99, nil),
		with(t, daemonapi.KindExport, daemonapi.ExportOptions{Format: daemonapi.TransferSQL}), with(t, daemonapi.KindCopy, daemonapi.CopyOptions{Name: "x"}),
		with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferCSV}), with(t, daemonapi.KindImport, "what"),
	} {
		if _, err := s.ask(r); !errs.Is(err, errs.Invalid) {
			t.Errorf("kind %d of a version: %v", r.Kind, err)
		}
	}
	if _, err := w.send(with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite}), make([]byte, 1<<20)); !errs.Is(err, errs.Invalid) {
		t.Errorf("a whole database into the live one: %v", err)
	}
	if _, err := w.ask(with(t, daemonapi.KindCheck, nil)); !errs.Is(err, errs.Unsupported) {
		t.Errorf("check of the live one: %v", err)
	}
	check := by("alice", "")
	check.Kind = daemonapi.KindCheck
	if _, err := s.ask(check); !errs.Is(err, errs.NotFound) {
		t.Errorf("check of nothing: %v", err)
	}
}

// A request is refused early, before all of its body has come.
func TestRefusedWhileItComes(t *testing.T) {
	for name, c := range map[string]struct {
		begin string
		code  errs.Code
	}{
		"no database": {"hello, this is no database\n", errs.Invalid},
		// 512-byte pages, 65 536 of them.
		"too large": {"SQLite format 3\x00\x02\x00\x01\x01\x00\x40\x20\x20\x00\x00\x00\x01\x00\x01\x00\x00" + strings.Repeat("\x00", 60) + "\x00\x00\x00\x01" + strings.Repeat("\x00", 1000), errs.TooLarge},
	} {
		w := staged(t, func(c *daemonargs.Config) { c.DatabaseBytes = 1 << 20 })
		r := with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite})
		s := w.client.Begin(daemonapi.AppendHead(nil, &r))
		sent := 0
		piece := append([]byte(c.begin), make([]byte, 32<<10)...)
		for sent < 100<<20 && s.Send(t.Context(), piece, false) == nil {
			sent += len(piece)
		}
		if _, err := answer(s); !errs.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
		if sent > 2<<20 {
			t.Errorf("%s: %d bytes went before", name, sent)
		}
	}
}

// N8: a client that disappears in the middle leaves nothing behind.
func TestGoneClientLeavesNoFileN8(t *testing.T) {
	var cfg daemonargs.Config
	w := staged(t, func(c *daemonargs.Config) { cfg = *c })
	r := with(t, daemonapi.KindImport, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite})
	s := w.client.Begin(daemonapi.AppendHead(nil, &r))
	head := append([]byte("SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20\x00\x00\x00\x01"), make([]byte, 10_000)...)
	if err := s.Send(t.Context(), head, false); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { st, err := os.Stat(cfg.File); return err == nil && st.Size() > 0 })
	s.Close()
	until(t, func() bool { _, err := os.Stat(cfg.File); return errors.Is(err, os.ErrNotExist) })
}

// frames keeps the kinds of empty frames.
type frames chan mux.Kind

func (f frames) Send(k mux.Kind, _ uint32, payload []byte) {
	if len(payload) == 0 {
		f <- k
	}
}

// Long work sends keep-alives, except while it waits for the client.
func TestAliveIsShown(t *testing.T) {
	link := make(frames, 100)
	work := make(chan struct{})
	var quiet atomic.Bool
	s := mux.NewServer(link, mux.Limits{MaxOpen: 2, MaxRequest: 10, MaxBuffered: 10}, func(c *mux.Call) {
		err := keepAlive(c, &quiet, func() error { <-work; return nil })
		if err == nil {
			err = c.Write(nil, true)
		}
		if err != nil {
			t.Error(err)
		}
	})
	s.Handle(mux.Frame{Kind: mux.OpenFinal, Stream: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 10*keepAliveEvery)
	defer cancel()
	select {
	case k := <-link:
		if k != mux.Data {
			t.Errorf("sent %d", k)
		}
	case <-ctx.Done():
		t.Fatal("nothing was shown")
	}
	quiet.Store(true)
	for looked := time.After(keepAliveEvery); looked != nil; { // one may have been under way
		select {
		case <-link:
		case <-looked:
			looked = nil
		}
	}
	select {
	case k := <-link:
		t.Errorf("sent %d while the client is waited for", k)
	case <-time.After(keepAliveEvery + keepAliveEvery/2):
	}
	close(work)
	if k := <-link; k != mux.Final {
		t.Errorf("ended with %d", k)
	}
}
