package controlplane_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/front/api"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// start begins a query and returns the unread body of its answer.
func (w *world) start(ctx context.Context, auth string, a nodeapi.Answer) (body io.Reader, length int64) {
	w.t.Helper()
	w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) { return a, nil }
	req, err := http.NewRequestWithContext(ctx, "POST", w.server.URL+"/v1/alice/db/query", strings.NewReader("SELECT 1"))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", auth)
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	return resp.Body, resp.ContentLength
}

func TestStreaming(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	mega := strings.Repeat("x", 1<<20)

	t.Run("small answers have a length", func(t *testing.T) {
		body, length := w.start(t.Context(), auth, Chunks("abc"))
		b, err := io.ReadAll(body)
		if err != nil || string(b) != "abc" || length != 3 {
			t.Errorf("%q, %d, %v", b, length, err)
		}
	})
	t.Run("large answers are passed on", func(t *testing.T) {
		body, length := w.start(t.Context(), auth, Chunks(mega, mega, mega, "end"))
		b, err := io.ReadAll(body)
		if err != nil || string(b) != mega+mega+mega+"end" || length != -1 {
			t.Errorf("%d bytes, length %d, %v", len(b), length, err)
		}
	})
	t.Run("what waits longer than 50 ms is sent", func(t *testing.T) {
		more := make(chan struct{})
		body, _ := w.start(t.Context(), auth, Steps(Step{Chunk: []byte("first")}, Step{Wait: more, Chunk: []byte("second"), Last: true}))
		first := make([]byte, 5)
		if _, err := io.ReadFull(body, first); err != nil || string(first) != "first" {
			t.Fatalf("%q, %v", first, err)
		}
		close(more)
		if rest, err := io.ReadAll(body); err != nil || string(rest) != "second" {
			t.Errorf("%q, %v", rest, err)
		}
	})
	t.Run("an error after the first byte cuts the body", func(t *testing.T) {
		body, _ := w.start(t.Context(), auth, Steps(Step{Chunk: []byte(mega)}, Step{Chunk: []byte(mega)}, Step{Err: errs.E(errs.Engine, "The daemon died")}))
		if b, err := io.ReadAll(body); err == nil || strings.Contains(string(b), "daemon") {
			t.Errorf("%d bytes and no error", len(b))
		}
	})
	t.Run("the client going away ends the query", func(t *testing.T) {
		for _, steps := range [][]Step{
			{{Wait: make(chan struct{})}},
			{{Chunk: []byte("first")}, {Wait: make(chan struct{})}},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			a := Steps(steps...)
			if len(steps) == 1 {
				w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) { cancel(); return a, nil }
				req, err := http.NewRequestWithContext(ctx, "POST", w.server.URL+"/v1/alice/db/query", strings.NewReader("x"))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", auth)
				if resp, err := w.server.Client().Do(req); err == nil {
					resp.Body.Close()
					t.Error("an answer came")
				}
			} else {
				w.start(ctx, auth, a)
			}
			cancel()
			waitFor(t, a.Closed())
		}
	})
	t.Run("a client that does not read stops the stream", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := Steps(Step{Chunk: []byte(mega)}) // for ever
		w.start(ctx, auth, a)
		cancel()
		waitFor(t, a.Closed())
	})
}

// Hostile texts in every field of a request are data.
func TestHostileInput(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	const evil = `'; DROP TABLE entity; --`
	for _, r := range []struct{ method, path string }{
		{"POST", "/v1/register"}, {"POST", "/v1/log_in"}, {"POST", "/v1/confirm"}, {"POST", "/v1/alice/" + "x%27%3B/create"},
		{"GET", "/v1/%27%20OR%201=1/x/details"}, {"GET", "/v1/entity/%27%20OR%201=1--"}, {"DELETE", "/v1/tokens/%27%20OR%201=1--"},
		{"GET", "/v1/entity/%ff%fe"}, {"GET", "/v1/entity/" + strings.Repeat("a", 10_000)}, {"GET", "/v1/entity/%00"},
	} {
		for _, a := range []string{auth, "Bearer ayb_" + evil + "_" + evil} {
			got := w.do(r.method, r.path, "", "Authorization", a, "entity", evil, "email-address", evil, "entity-type", evil,
				"authentication-token", evil, "db-type", evil, "public-sharing-level", evil, "Origin", evil, "Content-Type", evil, "Cookie", evil)
			if got.status >= 500 || got.status < 400 && r.path != "/v1/log_in" {
				t.Errorf("%s %s: %d %s", r.method, r.path, got.status, got.body)
			}
		}
	}
	w.want(w.query(auth, "alice/db", evil), 200, empty)

	// Thousands of tokens: invented ones evict no cache entry, real ones are listed.
	for i := range 2000 {
		if got := w.do("GET", "/v1/tokens", "", "Authorization", fmt.Sprintf("Bearer ayb_%d_%d", i, i)); got.status != 401 {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	w.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
		INSERT INTO api_token (short_token, entity_id, hash, created_at)
		SELECT 'bulk' || i, 1, '0f01ab6e0833f280b73b2b618c16102d91c0b7c585d42a080d6e6603239a8bee', '2020-01-01 00:00:00' FROM n`)
	if got := w.do("GET", "/v1/tokens", "", "Authorization", auth); got.status != 200 || strings.Count(got.body, `"short_token"`) != 10_001 {
		t.Errorf("%d, %d bytes", got.status, len(got.body))
	}
	w.want(w.query("Bearer ayb_bulk9999_BddpcwWyCT3EkDjHSSTRaSK1dxtuQgbjb", "alice/db", "x"), 200, empty)
	w.want(w.query(auth, "alice/db", "x"), 200, empty)
}

// serve runs the role on a real listener.
func (w *world) serve(t *testing.T) (address string, stop func() error) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.cp.Run(ctx, ln) }()
	t.Cleanup(cancel)
	return ln.Addr().String(), func() error { cancel(); return <-ended }
}

func TestRunLimitsRequests(t *testing.T) {
	w := newWorld(t)
	address, stop := w.serve(t)
	for request, want := range map[string]string{
		"GET /health HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n": "431",
		"GET /v1/entity/%zz HTTP/1.1\r\nHost: x\r\n\r\n":                                   "400",
		"GET /health HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n":                             "400",
		"nonsense\r\n\r\n": "400",
		"GET /v1/entity/" + base64.StdEncoding.EncodeToString(make([]byte, 100)) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": "404",
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(conn, request) }()
		status := make([]byte, 12)
		if _, err := io.ReadFull(conn, status); err != nil || string(status[9:]) != want {
			t.Errorf("%.40q: %q, %v", request, status, err)
		}
		conn.Close()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// A stop finishes running queries and accepts no new ones.
func TestRunDrains(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	address, stop := w.serve(t)
	asked, release := make(chan struct{}), make(chan struct{})
	w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) {
		close(asked)
		return Steps(Step{Wait: release, Chunk: []byte("done"), Last: true}), nil
	}
	w.server.URL = "http://" + address
	got := make(chan answer, 1)
	go func() { got <- w.query(auth, "alice/db", "SELECT 1") }()
	waitFor(t, asked)
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			break // the listener is closed
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the listener stays open")
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("the server ended with a query in flight: %v", err)
	default:
	}
	close(release)
	w.want(<-got, 200, "done")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestConfigFaults(t *testing.T) {
	bad := config{Port: -1, PublicURL: "ayb.example.com", FernetKey: "x", CORSOrigin: "a/b", RequestBytes: -1, DatabasesPerAccount: -1}
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"port -1", "public URL", "Fernet key", "CORS origin", "negative"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	if _, err := api.New(api.Config{}, api.Deps{}); err == nil {
		t.Error("missing dependencies are accepted")
	}
}
