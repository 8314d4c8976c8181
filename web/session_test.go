package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/logging/loggingtest"
	"github.com/ayb-go/ayb/web"
)

// Scripts reach the HTTP API with the token of the cookie, and with nothing else.
func TestSessionAPI(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s auth=%q cookie=%q", r.Method, r.URL.EscapedPath(), r.Header["Authorization"], r.Header["Cookie"])
	})
	s := &services{}
	p, err := web.New(web.Config{PublicURL: site}, web.Deps{API: api, Viewers: s, LogIns: s, Applications: s, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, p, "ayb.example.com"}
	for _, c := range []struct {
		method, path string
		headers      []string
		status       int
		want         string
	}{
		{"GET", "/session/v1/a/b%2Fc/schema", []string{"Cookie", "auth=a:t"}, 200, `GET /v1/a/b%2Fc/schema auth=["Bearer t"] cookie=[]`},
		{"GET", "/session/v1/a/b/schema", []string{"Authorization", "Bearer other"}, 200, `auth=[] cookie=[]`},
		{"POST", "/session/v1/a/b/query", []string{"Cookie", "auth=a:t", "Sec-Fetch-Site", "same-origin"}, 200, `POST /v1/a/b/query auth=["Bearer t"]`},
		{"POST", "/session/v1/a/b/query", []string{"Cookie", "auth=a:t", "Sec-Fetch-Site", "same-site"}, 403, "another site"},
		{"DELETE", "/session/v1/a/b", []string{"Cookie", "auth=a:t", "Origin", "https://evil.example"}, 403, "another site"},
		{"PATCH", "/session/v1/a/b/update", []string{"Cookie", "auth=a:t", "Origin", "null"}, 403, "another site"},
	} {
		got := b.request(c.method, c.path, "", c.headers...)
		if got.status != c.status || !strings.Contains(got.body, c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.status, got.body)
		}
	}
}

// The pages of a database call the API inside the process, with the token of a
// browser that is logged in.
func TestPagesCallTheAPI(t *testing.T) {
	var got string
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Path + " " + r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"entity_slug":"a","database_slug":"B.sqlite","database_type":"sqlite","can_manage_database":true}`))
	})
	s := &services{}
	p, err := web.New(web.Config{PublicURL: site}, web.Deps{API: api, Viewers: s, LogIns: s, Applications: s, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	for cookie, want := range map[string]string{"auth=x:t": "/v1/A/B.sqlite/details Bearer t", "": "/v1/A/B.sqlite/details "} {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/A/B.sqlite", nil)
		req.Header.Set("Cookie", cookie)
		rec := httptest.NewRecorder()
		p.ServeHTTP(rec, req)
		if rec.Code != 200 || got != want || !strings.Contains(rec.Body.String(), "Explore a/B.sqlite - ayb") {
			t.Errorf("%q: %d, the API was asked for %s", cookie, rec.Code, got)
		}
	}
}
