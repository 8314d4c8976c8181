package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/logging/loggingtest"
	"github.com/ayb-go/ayb/web"
	"github.com/ayb-go/ayb/web/assets"
	"github.com/ayb-go/ayb/web/page"
)

// A notice is shown once, as text, on the next page.
func TestNotice(t *testing.T) {
	s := &services{}
	files, err := assets.New()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := page.New(page.Config{PublicURL: site}, page.Deps{API: http.NotFoundHandler(), Viewers: s, Assets: files, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	pages.Notify(rec, "Shared with <b>böb</b>.")
	cookie := rec.Result().Cookies()[0]
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge <= 0 {
		t.Errorf("%v", cookie)
	}
	p, err := web.New(web.Config{PublicURL: site}, web.Deps{API: http.NotFoundHandler(), Viewers: s, LogIns: s, Applications: s, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, p, "ayb.example.com"}
	got := b.request("GET", "/", "", "Cookie", cookie.Name+"="+cookie.Value)
	b.want(got, 200, `<p class="alert alert-success" role="status">Shared with &lt;b&gt;böb&lt;/b&gt;.</p>`)
	if set := got.header.Get("Set-Cookie"); !strings.HasPrefix(set, "notice=;") || !strings.Contains(set, "Max-Age=0") {
		t.Errorf("the notice stays: %s", set)
	}
	for _, bad := range []string{"%%%", strings.Repeat("A", 5000)} {
		b.want(b.request("GET", "/", "", "Cookie", "notice="+bad), 200)
	}
}
