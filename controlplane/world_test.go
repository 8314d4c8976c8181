package controlplane_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
)

const fernetKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

const week = 7 * 24 * time.Hour

type config = controlplane.Config

// world is a control plane with a real store, over real HTTP. The query node, the
// mailer and the bus are fakes.
type world struct {
	t      testing.TB
	quiet  atomic.Bool // no debug log
	cp     *controlplane.ControlPlane
	server *httptest.Server
	node   *Node
	mail   *outbox
	log    *logBuffer
	path   string

	mu     sync.Mutex
	now    time.Time
	busErr error
}

func newWorld(t testing.TB, adjust ...func(*config)) *world {
	t.Helper()
	return newWorldWith(t, func(*controlplane.Deps) {}, adjust...)
}

func newWorldWith(t testing.TB, change func(*controlplane.Deps), adjust ...func(*config)) *world {
	t.Helper()
	w := &world{
		t: t, node: &Node{ID: "n1", disks: newDisks()}, mail: &outbox{}, log: &logBuffer{},
		path: filepath.Join(t.TempDir(), "meta", "ayb.sqlite"),
		now:  time.Date(2026, 3, 15, 16, 25, 56, 706_720_000, time.UTC),
	}
	cfg := controlplane.Config{
		PublicURL: "https://ayb.example.com/", DatabaseURL: "sqlite://" + w.path,
		FernetKey: fernetKey, TokenTTL: time.Hour, CORSOrigin: "*", DeletionGrace: week,
	}
	for _, f := range adjust {
		f(&cfg)
	}
	deps := controlplane.Deps{
		Queries: w.node, Imports: w.node, Databases: w.node, Versions: w.node, Deleted: w.node, Nodes: w.node, Snapshots: w.node, Mail: w.mail,
		BusHealthy: func() error { w.mu.Lock(); defer w.mu.Unlock(); return w.busErr },
		Log:        slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: leveler{w}})),
		Now:        func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	}
	w.node.now = deps.Now
	change(&deps)
	cp, err := controlplane.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	w.cp = cp
	w.server = httptest.NewServer(cp.Handler())
	t.Cleanup(func() {
		w.server.Close()
		if err := cp.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

type leveler struct{ w *world }

func (l leveler) Level() slog.Level {
	if l.w.quiet.Load() {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// logBuffer collects the log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// outbox is a mailer that keeps its mails.
type outbox struct {
	mu       sync.Mutex
	jobs     []mailapi.Job
	delivery mailapi.Delivery
	err      error
}

func (o *outbox) Send(_ context.Context, job mailapi.Job) (mailapi.Delivery, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return "", o.err
	}
	o.jobs = append(o.jobs, job)
	if o.delivery == "" {
		return mailapi.Delivered, nil
	}
	return o.delivery, nil
}

func (o *outbox) sent() []mailapi.Job {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]mailapi.Job(nil), o.jobs...)
}

// answer is the status, headers and body of an HTTP response.
type answer struct {
	status int
	header http.Header
	body   string
}

// do makes a request; headers are name, value pairs.
func (w *world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// want checks status and exact body.
func (w *world) want(got answer, status int, body string) {
	w.t.Helper()
	if got.status != status || got.body != body {
		w.t.Errorf("\n got %d %s\nwant %d %s", got.status, got.body, status, body)
	}
	if len(got.body) > 0 && status != http.StatusNoContent && got.header.Get("Content-Type") != "application/json" {
		w.t.Errorf("content type %q", got.header.Get("Content-Type"))
	}
}

// wantOther checks for the common error shape.
func (w *world) wantOther(got answer, status int, message string) {
	w.t.Helper()
	b, err := json.Marshal(message)
	if err != nil {
		w.t.Fatal(err)
	}
	w.want(got, status, `{"type":"Other","message":`+string(b)+`}`)
}

// register registers an address and returns the token of the mail.
func (w *world) register(entity, address string) string {
	w.t.Helper()
	w.want(w.do("POST", "/v1/register", "", "entity", entity, "email-address", address, "entity-type", "user"), 200, `{}`)
	jobs := w.mail.sent()
	return jobs[len(jobs)-1].Token
}

// account makes an account and returns its Authorization header.
func (w *world) account(entity string) string {
	w.t.Helper()
	got := w.do("POST", "/v1/confirm", "", "authentication-token", w.register(entity, entity[:min(len(entity), 20)]+"@example.org"))
	return "Bearer " + w.tokenOf(got)
}

func (w *world) tokenOf(got answer) string {
	w.t.Helper()
	var c struct{ Entity, Token string }
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || got.status != 200 || c.Token == "" {
		w.t.Fatalf("confirm: %d %s, %v", got.status, got.body, err)
	}
	return c.Token
}

func (w *world) create(auth, path string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+path+"/create", "", "Authorization", auth, "db-type", "sqlite", "public-sharing-level", "no-access")
}

func (w *world) mustCreate(auth, path string) {
	w.t.Helper()
	if got := w.create(auth, path); got.status != 201 {
		w.t.Fatalf("create %s: %d %s", path, got.status, got.body)
	}
}

func (w *world) query(auth, path, sql string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+path+"/query", sql, "Authorization", auth)
}

// exec changes the metadata without the control plane, so its cache is stale.
func (w *world) exec(stmt string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+w.path+"?_busy_timeout=5000&_foreign_keys=on")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), stmt, args...); err != nil {
		w.t.Fatal(fmt.Errorf("%s: %w", stmt, err))
	}
}
