package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// serve starts a server with the handler h and returns a client.
func serve(t *testing.T, token string, h http.HandlerFunc) *httpapi.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return newClient(t, srv.URL, token)
}

func newClient(t *testing.T, url, token string) *httpapi.Client {
	t.Helper()
	c, err := httpapi.NewClient(httpapi.ClientConfig{URL: url, Token: token}, httpapi.ClientDeps{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCallsOnTheWire(t *testing.T) {
	var got string
	answer, status := "{}", http.StatusOK
	c := serve(t, "ayb_s_l", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var params []string
		for _, h := range []string{"Authorization", "Content-Type", httpapi.HeaderEntity, httpapi.HeaderEmailAddress, httpapi.HeaderEntityType,
			httpapi.HeaderAuthenticationToken, httpapi.HeaderDBType, httpapi.HeaderPublicSharingLevel} {
			if v := r.Header.Get(h); v != "" {
				params = append(params, h+"="+v)
			}
		}
		got = fmt.Sprintf("%s %s [%s] %s", r.Method, r.RequestURI, strings.Join(params, " "), body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
	tests := []struct {
		name   string
		call   func() error
		status int
		answer string
		want   string
	}{
		{"health", func() error { return c.Health(t.Context()) }, 200, `{"status":"ok"}`, "GET /health [] "},
		{"register", func() error {
			sent, err := c.Register(t.Context(), httpapi.RegisterRequest{Entity: "alice", EmailAddress: "a@example.org", EntityType: "user"})
			if sent.Delivery != httpapi.DeliveryQueued {
				t.Error("delivery was not read")
			}
			return err
		}, 200, `{"delivery":"queued"}`, "POST /v1/register [entity=alice email-address=a@example.org entity-type=user] "},
		// C3: what no header can carry travels as JSON.
		{"register C3", func() error {
			_, err := c.Register(t.Context(), httpapi.RegisterRequest{Entity: "ålice", EmailAddress: "a@example.org", EntityType: "user"})
			return err
		}, 200, `{}`, `POST /v1/register [Content-Type=application/json] {"email_address":"a@example.org","entity":"ålice","entity_type":"user"}`},
		{"log_in", func() error { _, err := c.LogIn(t.Context(), "alice"); return err }, 200, `{}`, "POST /v1/log_in [entity=alice] "},
		{"confirm", func() error {
			got, err := c.Confirm(t.Context(), "tok==")
			if got.Entity != "alice" || got.Token != "ayb_a_b" {
				t.Error("answer was not read", got)
			}
			return err
		}, 200, `{"entity":"alice","token":"ayb_a_b"}`, "POST /v1/confirm [authentication-token=tok==] "},
		// Names are escaped.
		{"create", func() error {
			_, err := c.CreateDatabase(t.Context(), "al ice", "a/../b", httpapi.CreateDatabaseRequest{DBType: "sqlite", PublicSharingLevel: "fork"})
			return err
		}, 201, `{}`, "POST /v1/al%20ice/a%2F..%2Fb/create [Authorization=Bearer ayb_s_l db-type=sqlite public-sharing-level=fork] "},
		{"details", func() error { _, err := c.DatabaseDetails(t.Context(), "a", "b"); return err }, 200, `{}`, "GET /v1/a/b/details [Authorization=Bearer ayb_s_l] "},
		{"entity", func() error { _, err := c.Entity(t.Context(), "a"); return err }, 200, `{}`, "GET /v1/entity/a [Authorization=Bearer ayb_s_l] "},
		{"tokens", func() error { _, err := c.Tokens(t.Context()); return err }, 200, `{"tokens":[]}`, "GET /v1/tokens?limit=500 [Authorization=Bearer ayb_s_l] "},
		{"revoke", func() error { return c.RevokeToken(t.Context(), "abc") }, 200, `{}`, "DELETE /v1/tokens/abc [Authorization=Bearer ayb_s_l] "},
		{"query", func() error { _, err := c.Query(t.Context(), "a", "b.sqlite", "SELECT 'ä'"); return err }, 200,
			`{"fields":[],"rows":[]}`, "POST /v1/a/b.sqlite/query [Authorization=Bearer ayb_s_l] SELECT 'ä'"},
	}
	for _, tt := range tests {
		answer, status = tt.answer, tt.status
		if err := tt.call(); err != nil || got != tt.want {
			t.Errorf("%s: %v\n got %s\nwant %s", tt.name, err, got, tt.want)
		}
	}
}

func TestFailuresAreSentences(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + closed.Addr().String()
	_ = closed.Close()

	abort := serve(t, "", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	redirect := serve(t, "", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://example.org/health", http.StatusMovedPermanently)
	})
	html := serve(t, "", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tls.Close)

	call := func(c *httpapi.Client) error { _, err := c.Entity(t.Context(), "x"); return err }
	tests := []struct {
		name string
		err  error
		code errs.Code
		want string
	}{
		{"refused", call(newClient(t, refused, "")), errs.Unavailable, "Could not reach " + refused + ": connection refused"},
		{"aborted", call(abort), errs.Unavailable, abort.URL() + " closed the connection before the answer was complete"},
		{"redirect", call(redirect), errs.Invalid, "The server at " + redirect.URL() + " redirects to https://example.org/health; use the address of the redirect as the server URL"},
		{"other service", call(html), errs.Internal, "The answer of " + html.URL() + " is not what an ayb server sends"},
		{"certificate", call(newClient(t, tls.URL, "")), errs.Unavailable, "Could not reach " + tls.URL + ": its certificate is not trusted"},
		{"no token", abort.RevokeToken(t.Context(), "x"), errs.Unauthenticated, "Calling endpoint that requires client API token, but none provided"},
	}
	for _, tt := range tests {
		if e, ok := errors.AsType[*errs.Error](tt.err); !ok || e.Code != tt.code || e.Message != tt.want {
			t.Errorf("%s: got %v\nwant %s", tt.name, tt.err, tt.want)
		}
	}
	if _, err := httpapi.NewClient(httpapi.ClientConfig{URL: refused, Token: "a\nb"}, httpapi.ClientDeps{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("token with a line break: %v", err)
	}
}

// The URLs of one server have one normal form.
func TestNormalizeURL(t *testing.T) {
	for raw, want := range map[string]string{
		"http://127.0.0.1:5434":      "http://127.0.0.1:5434",
		"http://127.0.0.1:5434/":     "http://127.0.0.1:5434",
		" HTTPS://Ayb.Example.com//": "https://ayb.example.com",
		"http://h/base/":             "http://h/base",
		"http://[::1]:80":            "http://[::1]:80",
		"http://[::1]":               "http://[::1]",
	} {
		if got, err := httpapi.NormalizeURL(raw); err != nil || got != want {
			t.Errorf("%s: got %q, %v", raw, got, err)
		}
	}
	for raw, want := range map[string]string{
		"http://127.0.0.1:5434badport": `The port "5434badport" in the server URL http://127.0.0.1:5434badport is not a number between 1 and 65535`,
		"http://h:70000/":              `The port "70000" in the server URL http://h:70000/ is not a number between 1 and 65535`,
		"localhost:5434":               `The server URL "localhost:5434" must begin with http:// or https://`,
		"ftp://h":                      `The server URL "ftp://h" must begin with http:// or https://`,
		"http://":                      `The server URL "http://" contains no host`,
		"http://h/%zz":                 `The server URL "http://h/%zz" is not a valid URL`,
		"http://h?x=1":                 `The server URL "http://h?x=1" must not contain a query or a fragment`,
		"http://u:p@h":                 `The server URL must not contain a user name or password; log in and use a token instead`,
	} {
		_, err := httpapi.NormalizeURL(raw)
		if e := errs.Public(err); e.Message != want {
			t.Errorf("%s: got %s", raw, e.Message)
		}
	}
}

func TestQueryRows(t *testing.T) {
	const result = `{"fields":["a","a"],"rows":[["1",null],["ä\n",""]]}`
	c := serve(t, "t", func(w http.ResponseWriter, r *http.Request) {
		switch body, _ := io.ReadAll(r.Body); string(body) {
		case "ok":
			_, _ = io.WriteString(w, result)
		case "empty":
			_, _ = io.WriteString(w, `{"fields":[],"rows":[]}`)
		case "broken":
			_, _ = io.WriteString(w, result[:40])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "foreign":
			_, _ = io.WriteString(w, `{"rows":[]}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"type":"Other","message":"no such table: t"}`)
		}
	})
	ask := func(sql string) (httpapi.QueryResult, error) { return c.Query(t.Context(), "a", "b", sql) }
	got, err := ask("ok")
	if err != nil {
		t.Fatal(err)
	}
	if back, err := httpapi.Marshal(got); err != nil || string(back) != result {
		t.Errorf("got %s, %v", back, err)
	}
	if got, err := ask("empty"); err != nil || len(got.Rows) != 0 || len(got.Fields) != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
	if got, err := ask("broken"); !errs.Is(err, errs.Unavailable) || len(got.Rows) != 1 {
		t.Errorf("broken off: %v, %v", got, err)
	}
	if _, err := ask("foreign"); !errs.Is(err, errs.Internal) {
		t.Errorf("not our answer: %v", err)
	}
	if _, err := ask("nonsense"); err == nil || err.Error() != "no such table: t" {
		t.Errorf("SQL error: %v", err)
	}

	var buf bytes.Buffer
	if err := c.QueryTo(t.Context(), "a", "b", "ok", &buf); err != nil || buf.String() != result {
		t.Errorf("copied %s, %v", buf.String(), err)
	}
	if err := c.QueryTo(t.Context(), "a", "b", "broken", io.Discard); !errs.Is(err, errs.Unavailable) {
		t.Errorf("copy of a broken answer: %v", err)
	}
	if err := c.QueryTo(t.Context(), "a", "b", "ok", failingWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("copy to a full disk: %v", err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// Rows arrive while the server still produces others. Closing them cancels the request
// on the server.
func TestQueryRowsStream(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, "t", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body) // a server sees the client go away only after the body
		_, _ = io.WriteString(w, `{"fields":["n"],"rows":[["1"]`)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rows, err := c.QueryRows(ctx, "a", "b", "SELECT n FROM t")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() || *rows.Row()[0] != "1" {
		t.Fatalf("no first row: %v", rows.Err())
	}
	rows.Close()
	select {
	case <-gone:
	case <-ctx.Done():
		t.Fatal("the server did not notice")
	}
}

func TestCancelIsReported(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, "t", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		cancel()
		<-r.Context().Done()
	})
	if _, err := c.Query(ctx, "a", "b", "SELECT 1"); !errs.Is(err, errs.Canceled) {
		t.Errorf("got %v", err)
	}
}
