package web_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/web"
)

func TestOtherPaths(t *testing.T) {
	b := open(t, site, &services{})
	b.want(b.request("GET", "/a/b/c/nothing", ""), 404, "<title>Not found - ayb</title>", "There is no such page.")
	b.want(b.request("GET", "/assets/../web.go", ""), 404)
	b.want(b.request("GET", "/assets/page.html", ""), 404)
	b.want(b.request("GET", "/confirm/", ""), 404)
	b.want(b.request("GET", "/confirm/a/b", ""), 404)
	got := b.request("DELETE", "/log_in", "")
	if got.status != 405 || got.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := b.request("POST", "/assets/style.css", ""); got.status != 405 || got.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := b.request("GET", "/assets/style.css", ""); got.header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(got.body, "body {") {
		t.Errorf("%v", got.header)
	}
}

// S20: the page of an internal error hides the cause and names the entry in the log.
func TestFailuresAreLoggedS20(t *testing.T) {
	var log bytes.Buffer
	s := &services{err: io.ErrUnexpectedEOF}
	p, err := web.New(web.Config{PublicURL: site}, web.Deps{API: http.NotFoundHandler(), Viewers: s, LogIns: s, Applications: s, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	got := browser{t, p, "ayb.example.com"}.request("POST", "/log_in", "username=a")
	_, rest, _ := strings.Cut(got.body, "<code>")
	id, _, _ := strings.Cut(rest, "</code>")
	if got.status != 500 || strings.Contains(got.body, "EOF") || len(id) != 12 || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "EOF") {
		t.Errorf("%d %s\nlog: %s", got.status, got.body, log.String())
	}
}
