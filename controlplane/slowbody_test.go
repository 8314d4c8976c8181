package controlplane_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane"
)

// begun is a request whose body is still to come.
type begun struct {
	t    *testing.T
	conn net.Conn
	body string
}

// begin sends a request without its body and waits until the server asks for the
// body. The credentials have been checked by then.
func (w *world) begin(t *testing.T, method, path, body, auth string, headers ...string) begun {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: ayb\r\nAuthorization: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n",
		method, path, auth, len(body))
	for i := 0; i < len(headers); i += 2 {
		head += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		t.Fatal(err)
	}
	asked := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, asked); err != nil || !strings.HasPrefix(string(asked), "HTTP/1.1 100") {
		t.Fatalf("%q, %v", asked, err)
	}
	return begun{t, conn, body}
}

// end sends the body and returns the answer.
func (b begun) end() answer {
	b.t.Helper()
	if _, err := io.WriteString(b.conn, b.body); err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(b.conn), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// S16: a token that is revoked while the body of a request arrives is refused for
// that request.
func TestTokensRevokedWhileABodyComesS16(t *testing.T) {
	w := newWorld(t)
	ann, owner := w.account("ann"), w.account("owner")
	w.mustCreate(ann, "ann/db")
	made := w.mint(ann, `{}`)
	revoked, short := made.Token, made.ShortToken
	var all []begun
	for _, r := range [][]string{
		{"POST", "/v1/ann/db/query", "SELECT 1"},
		{"POST", "/v1/tokens", `{"name":"kept"}`},
		{"POST", "/v1/ann/other/create", `{"db_type":"sqlite"}`},
		{"POST", "/v1/ann/db/share", `{"entity_for_permission":"owner","sharing_level":"manager"}`},
		{"PATCH", "/v1/ann/db/update", `{"public_sharing_level":"read-only"}`},
		{"PATCH", "/v1/entity/ann", `{"display_name":"taken"}`},
	} {
		all = append(all, w.begin(t, r[0], r[1], r[2], "Bearer "+revoked))
	}
	w.want(w.do("DELETE", "/v1/tokens/"+short, "", "Authorization", ann), 200, `{}`)
	for _, r := range all {
		w.want(r.end(), 401, `{"type":"InvalidToken","message":"API token has been revoked"}`)
	}
	if n := len(w.node.Queries()); n != 0 {
		t.Errorf("%d queries reached the node", n)
	}
	w.want(w.do("GET", "/v1/ann/db/permissions", "", "Authorization", ann), 200, `{"permissions":[]}`)
	w.wantOther(w.query(owner, "ann/db", "SELECT 1"), 403, "Authenticated entity owner can't query database ann/db")
}

// reader is a connection that records its read deadline.
type reader struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (r *reader) SetReadDeadline(t time.Time) error {
	r.until = t
	return nil
}

// A client that announces a body and does not send it loses its connection, whether
// the handler reads the body or not. A client that has sent it may wait for the
// answer.
func TestBodiesHaveATimeLimit(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/db")
	var deflated bytes.Buffer
	z, err := flate.NewWriter(&deflated, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(z, "SELECT 1"); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, body, encoding string
		forever                      bool
	}{
		{"GET", "/health", "x", "", false},
		{"GET", "/nothing/here", "x", "", false},
		{"POST", "/log_in", "username=ann", "", false},
		{"DELETE", "/v1/tokens/x", "x", "", false},
		{"POST", "/v1/log_in", "{broken", "", true},
		{"POST", "/v1/ann/db/query", "SELECT 1", "", true},
		{"POST", "/v1/ann/db/query", deflated.String(), "deflate", true},
		{"POST", "/v1/ann/db/query", deflated.String() + "and more", "deflate", true},
		{"POST", "/v1/ann/db/query", "no gzip at all", "gzip", false},
	} {
		body := strings.NewReader(c.body)
		req := httptest.NewRequestWithContext(t.Context(), c.method, c.path, io.NopCloser(body))
		req.Header.Set("Authorization", ann)
		if c.encoding != "" {
			req.Header.Set("Content-Encoding", c.encoding)
		}
		conn := &reader{ResponseRecorder: httptest.NewRecorder()}
		w.cp.Handler().ServeHTTP(conn, req)
		if c.forever && (!conn.until.IsZero() || body.Len() > 0) || !c.forever && !conn.until.After(time.Now()) {
			t.Errorf("%s %s %q: readable until %v, %d bytes left", c.method, c.path, c.body, conn.until, body.Len())
		}
	}
}

// A caller without rights, or without a place in the quota, is refused before a
// large body is read. A compressed body, or one of unknown length, may be large.
func TestRightsAndPlacesComeBeforeALargeBody(t *testing.T) {
	w := newWorld(t, func(c *controlplane.Config) { c.QueriesPerAccount = 1 })
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/db")
	head := func(auth, path, line string) (status int, text string) {
		t.Helper()
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "tcp", w.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: ayb\r\nAuthorization: %s\r\n%s\r\nExpect: 100-continue\r\n\r\n", path, auth, line); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	kinds := []string{"Content-Length: 1000000", "Transfer-Encoding: chunked", "Content-Length: 100\r\nContent-Encoding: gzip"}
	for _, kind := range kinds {
		if status, text := head(bob, "/v1/ann/db/query", kind); status != 403 {
			t.Errorf("%s from somebody without rights: %d %s", kind, status, text)
		}
		if status, text := head(bob, "/v1/ann/none/query", kind); status != 403 {
			t.Errorf("%s for no database: %d %s", kind, status, text)
		}
		if status, text := head("Bearer wrong", "/v1/ann/db/query", kind); status != 401 {
			t.Errorf("%s without a token that holds: %d %s", kind, status, text)
		}
	}
	begun := w.begin(t, "POST", "/v1/ann/db/query", strings.Repeat(" ", 100_000)+"SELECT 1", ann)
	for _, kind := range kinds {
		if status, text := head(ann, "/v1/ann/db/query", kind); status != 503 || !strings.Contains(text, "queries run on the databases of this account") {
			t.Errorf("%s without a place: %d %s", kind, status, text)
		}
	}
	w.want(begun.end(), 200, `{"fields":[],"rows":[]}`)
	w.want(w.query(ann, "ann/db", "SELECT 1"), 200, `{"fields":[],"rows":[]}`)
}

// Incomplete bodies occupy memory, unpacked. An account may occupy its share and no
// more.
func TestBodiesHaveABudget(t *testing.T) {
	w := newWorld(t, func(c *controlplane.Config) { c.BodyBytes, c.BodyBytesPerAccount = 8<<20, 2<<20 })
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/db")
	w.mustCreate(bob, "bob/db")
	bomb := packed(t, "gzip", strings.Repeat(" ", 15<<20))
	refused := 0
	for range 8 {
		r := w.begin(t, "POST", "/v1/ann/db/query", bomb, ann, "Content-Encoding", "gzip")
		if _, err := io.WriteString(r.conn, bomb[:len(bomb)-1]); err != nil {
			continue // it was refused before all came
		}
		resp, err := http.ReadResponse(bufio.NewReader(r.conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == 429 {
			refused++
		}
		_ = resp.Body.Close()
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	w.want(w.query(bob, "bob/db", "SELECT 1"), 200, `{"fields":[],"rows":[]}`)
	large := strings.Repeat(" ", 500_000) + "SELECT 1"
	w.want(w.query(bob, "bob/db", large), 200, `{"fields":[],"rows":[]}`)
	w.want(w.query(ann, "ann/db", large), 200, `{"fields":[],"rows":[]}`) // what was refused holds nothing
}
