package controlplane_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/ayb-go/ayb/shared/bus/invalidateapi"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const empty = `{"fields":[],"rows":[]}`

// A1, A3, A13: one error shape, real statuses.
func TestPathsAndMethods(t *testing.T) {
	w := newWorld(t)
	nothing := `{"type":"Other","message":"There is nothing at this path"}`
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/x", "/v1/a/b", "/v1/a/b/lend", "/v1/a/b/query/", "/health/", "/v1/tokens/a/b", "/v2/tokens", "/v1/a/b/c/query"} {
		w.want(w.do("GET", path, ""), 404, nothing)
		w.want(w.do("POST", path, ""), 404, nothing)
		w.want(w.do("BREW", path, ""), 404, nothing)
	}
	for _, tt := range []struct{ method, path, allow string }{
		{"POST", "/health", "GET, HEAD"}, {"GET", "/v1/register", "POST"}, {"GET", "/v1/a/b/query", "POST"},
		{"PUT", "/v1/entity/a", "GET, HEAD, PATCH, DELETE"}, {"GET", "/v1/tokens/a", "DELETE"}, {"BREW", "/v1/a%2Fb/c/details", "GET, HEAD"},
		{"OPTIONS", "/v1/tokens", "GET, HEAD, POST"},
	} {
		got := w.do(tt.method, tt.path, "")
		w.wantOther(got, 405, "Method "+tt.method+" is not allowed here; allowed: "+tt.allow)
		if a := got.header.Get("Allow"); a != tt.allow {
			t.Errorf("%s %s: Allow %q", tt.method, tt.path, a)
		}
	}
	for _, path := range []string{"/health", "/v1/entity/nobody"} {
		get, head := w.do("GET", path, ""), w.do("HEAD", path, "")
		if head.status != get.status || head.body != "" || head.header.Get("Content-Length") != fmt.Sprint(len(get.body)) {
			t.Errorf("HEAD %s: %d %q %v", path, head.status, head.body, head.header)
		}
	}
}

func TestCommonHeaders(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/health", "/nothing", "/v1/tokens"} {
		h := w.do("GET", path, "").header
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Vary") != "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestAuthorizationHeader(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	token := strings.TrimPrefix(auth, "Bearer ")
	needs := `{"type":"Unauthorized","message":"This call needs an API token: send the header ` + "`Authorization: Bearer <token>`" + `"}`
	malformed := `{"type":"Other","message":"Invalid Authorization header: expected ` + "`Bearer <token>`" + `"}`
	invalid := `{"type":"InvalidToken","message":"Invalid API token"}`
	const ok = "ok"
	for _, tt := range []struct{ header, bearer, optional string }{
		{"Bearer", needs, malformed},
		{"Bearer ", needs, malformed},
		{"Basic YTpi", needs, malformed},
		{"bearer " + token, ok, ok},
		{"BEARER " + token, ok, ok},
		{"BeArEr " + token, ok, ok},
		{"bearer", needs, malformed},
		{"Bearers " + token, needs, malformed},
		{"bearer x", invalid, invalid},
		{token, needs, malformed},
		{"Bearer\t" + token, needs, malformed},
		{"Bearer  " + token, invalid, invalid},
		{"Bearer " + token + "\xff", needs, malformed}, // S28
		{"\xff\xfe", needs, malformed},                 // S28
		{"Bearer x", invalid, invalid},
		{"Bearer a_b", invalid, invalid},
		{"Bearer " + token + "x", invalid, invalid},
		{"Bearer " + token + "_x", invalid, invalid},
		{"Bearer abc" + token[3:], invalid, invalid}, // S26
		{"Bearer ayb_unknown_secret", invalid, invalid},
		{"Bearer ' OR 1=1 --", invalid, invalid},
		{"Bearer " + token, ok, ok},
	} {
		for path, want := range map[string]string{"/v1/tokens": tt.bearer, "/v1/alice/db/details": tt.optional, "/v1/entity/alice": tt.optional} {
			got := w.do("GET", path, "", "Authorization", tt.header, "Origin", "https://app.example")
			if want == ok {
				if got.status != 200 {
					t.Errorf("%q on %s: %d %s", tt.header, path, got.status, got.body)
				}
				continue
			}
			w.want(got, 401, want)
			// A2: a page must be able to read why.
			if got.header.Get("WWW-Authenticate") != "Bearer" || got.header.Get("Access-Control-Allow-Origin") != "https://app.example" {
				t.Errorf("%q on %s: %v", tt.header, path, got.header)
			}
		}
	}
	w.want(w.do("GET", "/v1/tokens", ""), 401, needs)
	w.want(w.do("GET", "/v1/tokens", "", "Authorization", auth, "Authorization", auth), 401, needs)
	w.want(w.do("GET", "/v1/entity/alice", "", "Authorization", auth, "Authorization", "x"), 401, malformed)
}

func TestCORS(t *testing.T) {
	preflight := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization, x-y"}
	anyOrigin := newWorld(t)
	got := anyOrigin.do("OPTIONS", "/v1/a/b/query", "", append(preflight, "Origin", "https://a.example")...)
	if got.status != 200 || got.body != "" || got.header.Get("Access-Control-Allow-Origin") != "https://a.example" ||
		!strings.Contains(got.header.Get("Access-Control-Allow-Methods"), "DELETE") ||
		got.header.Get("Access-Control-Allow-Headers") != "authorization, x-y" || got.header.Get("Access-Control-Max-Age") != "7200" ||
		got.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	one := newWorld(t, func(c *config) { c.CORSOrigin = "https://a.example" })
	for origin, want := range map[string]string{
		"https://a.example": "https://a.example", "https://a.example.evil": "", "https://A.example": "", "null": "", "http://a.example": "",
	} {
		if got := one.do("GET", "/health", "", "Origin", origin); got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("%s: %d %v", origin, got.status, got.header)
		}
		status := 400
		if want != "" {
			status = 200
		}
		if got := one.do("OPTIONS", "/anything", "", append(preflight, "Origin", origin)...); got.status != status || got.header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("preflight %s: %d %v", origin, got.status, got.header)
		}
	}
}

// A14: the health check.
func TestHealth(t *testing.T) {
	w := newWorld(t)
	w.want(w.do("GET", "/health", "", "Authorization", "nonsense"), 200, `{"status":"ok"}`)
	w.node.full = true // requests are accepted, but for what needs room
	w.want(w.do("GET", "/health", ""), 200, `{"status":"ok","disk":"full"}`)
	w.node.full = false
	w.busErr = errors.New("nats: no servers at 10.1.2.3")
	got := w.do("GET", "/health", "")
	if got.status != 503 || !strings.HasPrefix(got.body, `{"type":"Other","message":"The bus is not connected","request_id":`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.busErr = nil
	if err := w.cp.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.do("GET", "/health", ""); got.status != 503 || !strings.Contains(got.body, "The metadata store does not answer") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// P4: a query with warm caches works without the metadata store.
// S20: the error of a cold one has no internals.
func TestWarmQueryNeedsNoStore(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/warm")
	w.mustCreate(auth, "alice/cold")
	w.want(w.query(auth, "alice/warm", "SELECT 1"), 200, empty)
	if err := w.cp.Close(); err != nil {
		t.Fatal(err)
	}
	w.want(w.query(auth, "alice/warm", "SELECT 1"), 200, empty)
	got := w.query(auth, "alice/cold", "SELECT 1")
	if got.status != 500 || !strings.HasPrefix(got.body, `{"type":"Other","message":"The metadata store failed","request_id":"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	id := strings.Split(got.body, `"`)[11]
	if log := w.log.String(); !strings.Contains(log, "req="+id) || !strings.Contains(log, "database is closed") {
		t.Errorf("the log does not explain %s:\n%s", id, log)
	}
	w.cp.Invalidate(invalidateapi.Notice{All: true})
	if got := w.query(auth, "alice/warm", "SELECT 1"); got.status != 500 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// S18: no token, address or SQL in the log, however much is logged.
func TestLogHasNoSecrets(t *testing.T) {
	w := newWorld(t)
	mailed := w.register("alice", "alice@example.org")
	w.do("GET", "/confirm/"+mailed, "")
	auth := "Bearer " + w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", mailed))
	w.mustCreate(auth, "alice/db")
	w.query(auth, "alice/db", "SELECT 'top secret'")
	w.do("GET", "/v1/tokens?token="+mailed, "", "Authorization", auth)
	log := w.log.String()
	for _, secret := range []string{mailed, strings.Split(auth, "_")[2], "alice@example.org", "top secret"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log contains %q", secret)
		}
	}
	if !strings.Contains(log, "path=/v1/alice/db/query status=200") {
		t.Errorf("access is not logged:\n%s", log)
	}
}

// A5: parameters as headers, as JSON, or as both when they agree.
func TestParametersInJSON(t *testing.T) {
	w := newWorld(t)
	all := `{"entity":"Alice","email_address":"a@example.org","entity_type":"user","later":[1]}`
	w.want(w.do("POST", "/v1/register", all, "Content-Type", "application/json"), 200, `{}`)
	w.want(w.do("POST", "/v1/register", all, "Content-Type", "application/x-www-form-urlencoded"), 200, `{}`)
	w.want(w.do("POST", "/v1/register", `{"entity":"alice","entity_type":null}`, "email-address", "a@example.org", "entity-type", "user", "entity", "alice"), 200, `{}`)
	mailed := w.mail.sent()[2].Token
	got := w.do("POST", "/v1/confirm", `{"authentication_token":"`+mailed+`"}`)
	auth := "Bearer " + w.tokenOf(got)
	w.want(w.do("POST", "/v1/alice/db/create", `{"db_type":"sqlite","public_sharing_level":"fork"}`, "Authorization", auth), 201,
		`{"entity":"alice","database":"db","database_type":"sqlite"}`)
	w.want(w.do("POST", "/v1/log_in", "not json at all", "entity", "alice"), 200, `{}`)

	h := []string{"entity", "bob", "email-address", "b@example.org", "entity-type", "user"}
	w.wantOther(w.do("POST", "/v1/register", `{"email_address":"c@example.org"}`, h...), 400, "The `email-address` header and `email_address` in the body differ")
	w.wantOther(w.do("POST", "/v1/register", `{"entity":7}`, h...), 400, "`entity` in the body must be a text")
	w.wantOther(w.do("POST", "/v1/register", `{"entity":`, h...), 400, "The body must be a JSON object")
	w.wantOther(w.do("POST", "/v1/register", `[]`, append(h, "Content-Type", "application/json; charset=utf-8")...), 400, "The body must be a JSON object")
	w.wantOther(w.do("POST", "/v1/register", "", append(h, "entity", "bob")...), 400, "The `entity` header is given more than once")
	// Q9: the limit is configured, and the answer names it.
	w.wantOther(w.do("POST", "/v1/register", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, h...), 413, "The request body is larger than the 65536 bytes that are allowed")
}

func packed(t *testing.T, name, s string) string {
	t.Helper()
	var b bytes.Buffer
	var z io.WriteCloser
	var err error
	switch name {
	case "gzip":
		z = gzip.NewWriter(&b)
	case "zlib":
		z = zlib.NewWriter(&b)
	case "flate":
		z, err = flate.NewWriter(&b, 9)
	case "zstd":
		z, err = zstd.NewWriter(&b)
	}
	if err == nil {
		_, err = io.WriteString(z, s)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestQueryBody(t *testing.T) {
	w := newWorld(t, func(c *config) { c.RequestBytes = 100_000 })
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	const text = "SELECT 'é€😀'"
	big, bomb := strings.Repeat("x", 100_000), strings.Repeat("x", 100_001)
	nothing := strings.Repeat("\x00", 16<<20)
	const tooLarge = "The request body is larger than the 100000 bytes that are allowed (limits.request_bytes, which the operator of the server can raise); a script of any length can be imported (ayb client import, or POST …/import?format=sql)"
	utf16be := "\x00S\x00E\x00L\xd8\x3d\xde\x00"
	for _, tt := range []struct {
		name, body, encoding, contentType string
		status                            int
		want                              string // the SQL, or the message
	}{
		{"plain", text, "", "", 200, text},
		{"any content type", text, "", "application/x-www-form-urlencoded", 200, text},
		{"broken content type", text, "", ";;; charset", 200, text},
		{"utf-8", text, "", `text/plain; charset="UTF-8"`, 200, text},
		{"gzip", packed(t, "gzip", text), "gzip", "", 200, text},
		{"GZip", packed(t, "gzip", text), "GZip", "", 200, text},
		{"deflate", packed(t, "zlib", text), "deflate", "", 200, text},
		{"bare deflate", packed(t, "flate", text), "deflate", "", 200, text},
		{"zstd", packed(t, "zstd", text), "zstd", "", 200, text},
		{"twice", packed(t, "zstd", packed(t, "gzip", text)), "gzip, zstd", "", 200, text},
		{"identity", text, "identity", "", 200, text},
		{"at the limit", big, "", "", 200, big},
		{"packed, at the limit", packed(t, "gzip", big), "gzip", "", 200, big},
		{"over the limit", bomb, "", "", 413, tooLarge},
		{"gzip bomb", packed(t, "gzip", bomb), "gzip", "", 413, tooLarge},
		{"zstd bomb", packed(t, "zstd", bomb), "zstd", "", 413, tooLarge},
		{"nested gzip bomb", packed(t, "gzip", packed(t, "gzip", nothing)), "gzip, gzip", "", 413, tooLarge},
		{"gzip bomb in zstd", packed(t, "zstd", packed(t, "gzip", nothing)), "gzip, zstd", "", 413, tooLarge},
		{"zstd bomb in gzip", packed(t, "gzip", packed(t, "zstd", nothing)), "zstd, gzip", "", 413, tooLarge},
		{"zstd window of a gigabyte", "\x28\xb5\x2f\xfd\x00\xa0\x09\x00\x00x", "zstd", "", 400, "The request body is broken or incomplete"},
		{"zstd window of 8 MiB", "\x28\xb5\x2f\xfd\x00\x68\x09\x00\x00x", "zstd", "", 200, "x"},
		{"brotli", text, "br", "", 415, "Content-Encoding br is not supported; use gzip, deflate or zstd"},
		{"not gzip", text, "gzip", "", 400, "The request body is not valid gzip"},
		{"cut gzip", packed(t, "gzip", text)[:20], "gzip", "", 400, "The request body is broken or incomplete"},
		{"not deflate", "\xff\xff\xff", "deflate", "", 400, "The request body is broken or incomplete"},
		{"not zstd", text, "zstd", "", 400, "The request body is broken or incomplete"},
		{"many layers", text, "gzip, gzip, gzip", "", 400, "The request body is compressed more than 2 times"},
		{"not UTF-8", "SELECT '\xff'", "", "", 400, "The SQL text is not valid UTF-8"},
		{"latin 1", "SELECT '\xe9'", "", "text/plain; charset=iso-8859-1", 200, "SELECT 'é'"},
		{"ascii", "SELECT 1", "", "text/plain; charset=us-ascii", 200, "SELECT 1"},
		{"not ascii", text, "", "text/plain; charset=us-ascii", 400, "The SQL text is not valid US-ASCII"},
		{"utf-16be", utf16be, "", "text/plain; charset=utf-16be", 200, "SEL😀"},
		{"utf-16 with mark", "\xfe\xff" + utf16be, "", "text/plain; charset=UTF-16", 200, "SEL😀"},
		{"utf-16 without mark", "S\x00", "", "text/plain; charset=utf-16", 200, "S"},
		{"utf-16le with mark", "\xff\xfeS\x00", "", "text/plain; charset=utf-16", 200, "S"},
		{"odd utf-16", "S\x00E", "", "text/plain; charset=utf-16", 400, "The SQL text is not valid UTF-16"},
		{"half a pair", "\xd8\x3d", "", "text/plain; charset=utf-16be", 400, "The SQL text is not valid UTF-16BE"},
		{"broken pair", "\xd8\x3d\x00S", "", "text/plain; charset=utf-16be", 400, "The SQL text is not valid UTF-16BE"},
		{"other charset", text, "", "text/plain; charset=koi8-r", 415, "The charset koi8-r is not supported; send the SQL as UTF-8"},
		{"empty", "", "", "", 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			headers := []string{"Authorization", auth}
			if tt.encoding != "" {
				headers = append(headers, "Content-Encoding", tt.encoding)
			}
			if tt.contentType != "" {
				headers = append(headers, "Content-Type", tt.contentType)
			}
			got := w.do("POST", "/v1/alice/db/query", tt.body, headers...)
			if tt.status == 413 {
				w.want(got, 413, `{"type":"Other","message":"`+tt.want+`","limit":"request_bytes"}`)
				return
			}
			if tt.status != 200 {
				w.wantOther(got, tt.status, tt.want)
				return
			}
			w.want(got, 200, empty)
			asked := w.node.Queries()
			if sql := string(asked[len(asked)-1].Body); sql != tt.want {
				t.Errorf("the node got %q", sql)
			}
		})
	}
}

// An error has its status while no byte of the answer was sent.
func TestQueryErrors(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	for _, tt := range []struct {
		err    error
		status int
		body   string
	}{
		{errs.E(errs.SQL, "no such table: t").With("sqlite_code", "1"), 400, `{"type":"Other","message":"no such table: t","sqlite_code":1}`},
		{errs.E(errs.ReadOnly, "Attempted to write to database while in read-only mode"), 403, `{"type":"NoWriteAccessError","message":"Attempted to write to database while in read-only mode"}`},
		{errs.E(errs.Timeout, "The statement ran for 30s"), 408, `{"type":"Other","message":"The statement ran for 30s"}`},
		{errs.E(errs.TooLarge, "too large"), 413, `{"type":"Other","message":"too large"}`},
		{errs.E(errs.Engine, "The daemon died"), 500, `{"type":"QueryError","message":"The daemon died"`},
		{errs.E(errs.Unavailable, "The node is away"), 503, `{"type":"Other","message":"The node is away"`},
		{errs.E(errs.Full, "The database is full"), 507, `{"type":"Other","message":"The database is full"`},
		{errors.New("open /srv/secret"), 500, `{"type":"Other","message":"Something went wrong on our side`},
	} {
		a := Failure(tt.err)
		w.node.Answer = func(context.Context, nodeapi.QueryRequest) (nodeapi.Answer, error) { return a, nil }
		got := w.query(auth, "alice/db", "x")
		if got.status != tt.status || !strings.HasPrefix(got.body, tt.body) || strings.Contains(got.body, "/srv") {
			t.Errorf("%v: %d %s", tt.err, got.status, got.body)
		}
		if got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%v: %v", tt.err, got.header)
		}
		waitFor(t, a.Closed())
	}
	w.node.SetDown(true)
	if got := w.query(auth, "alice/db", "x"); got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func waitFor(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened for ten seconds")
	}
}
