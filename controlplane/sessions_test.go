package controlplane_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// S16: a log-out revokes the token, and a session ends after 30 days without use.
func TestSessionsS16(t *testing.T) {
	w := newPagedWorld(t)
	w.account("alice")
	open := func(cookie string) bool {
		return w.do("GET", "/oauth/authorize?"+asking("read-only").Encode(), "", "Cookie", cookie).status == 200
	}
	first, _ := w.logIn("alice", "")
	second, _ := w.logIn("alice", "")
	if !open(first) || !open(second) {
		t.Fatal("no session")
	}
	if got := w.do("POST", "/log_out", "", "Cookie", first, "Sec-Fetch-Site", "cross-site"); got.status != 403 || !open(first) { // S17
		t.Errorf("a foreign page logs out: %d", got.status)
	}
	if got := w.do("POST", "/log_out", "", "Cookie", first); got.status != 303 || open(first) || !open(second) {
		t.Errorf("log out: %d", got.status)
	}
	w.advance(29 * 24 * time.Hour)
	if !open(second) {
		t.Error("ended early")
	}
	w.advance(24 * time.Hour)
	if open(second) {
		t.Error("never ends")
	}
}

// S16: use is recorded, also at the stop of the server, and prolongs a session. A
// token with a fixed end keeps it.
func TestUseProlongsSessionsS16(t *testing.T) {
	w := newPagedWorld(t)
	auth := w.account("alice")
	fixed := w.mint(auth, `{"expires_in":"25d"}`)
	cookie, _ := w.logIn("alice", "")
	address, stop := w.serve(t)
	w.server.URL = "http://" + address
	w.advance(20 * 24 * time.Hour)
	if got := w.do("GET", "/oauth/authorize?"+asking("read-only").Encode(), "", "Cookie", cookie); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := w.do("GET", "/v1/tokens", "", "Authorization", "Bearer "+fixed.Token); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Config{URL: "sqlite://" + w.path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }() // it was only read
	_, token, _ := strings.Cut(cookie, ":")
	for short, ends := range map[string]time.Time{httpapi.ShortToken(token): w.now.Add(30 * 24 * time.Hour), fixed.ShortToken: w.now.Add(5 * 24 * time.Hour)} {
		got, err := st.TokenByShort(t.Context(), short)
		if err != nil || !got.LastUsedAt.Equal(w.now) || !got.ExpiresAt.Equal(ends) {
			t.Errorf("used %v, ends %v, want %v, %v; %v", got.LastUsedAt, got.ExpiresAt, w.now, ends, err)
		}
	}
}

// S27: expired codes are deleted.
func TestCodesAreCleanedS27(t *testing.T) {
	w := newPagedWorld(t)
	w.mustCreate(w.account("alice"), "alice/db")
	cookie, _ := w.logIn("alice", "")
	w.code(cookie, "read-only", "alice/db")
	w.advance(48 * time.Hour)
	kept := func() int {
		db, err := sql.Open("sqlite3", "file:"+w.path+"?_busy_timeout=5000")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM oauth_authorization_request`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if kept() != 1 {
		t.Fatal("no code is kept")
	}
	_, stop := w.serve(t)
	deadline := time.Now().Add(10 * time.Second)
	for kept() != 0 && time.Now().Before(deadline) {
		<-time.After(5 * time.Millisecond)
	}
	if kept() != 0 {
		t.Error("an old code is kept")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// Paths under /v1 belong to the API, and all others to the pages.
func TestPagesAndAPI(t *testing.T) {
	w := newPagedWorld(t)
	for path, kind := range map[string]string{
		"/v1": "application/json", "/v1/": "application/json", "/v1/log_in/x": "application/json", "/v1/alice": "application/json",
		"/health": "application/json", "/nothing": "text/html; charset=utf-8", "/v2/tokens": "text/html; charset=utf-8", "/": "text/html; charset=utf-8",
	} {
		if got := w.do("GET", path, ""); got.header.Get("Content-Type") != kind || path != "/health" && path != "/" && got.status != 404 {
			t.Errorf("%s: %d %s", path, got.status, got.header.Get("Content-Type"))
		}
	}
	if got := w.do("POST", "/v1/oauth/authorize", "", "Cookie", "auth=a:b"); got.status != 404 && got.status != 405 {
		t.Errorf("%d %s", got.status, got.body)
	}
	// S18: the log never shows the token of a mailed link.
	w.do("GET", "/confirm/SECRET", "")
	if strings.Contains(w.log.String(), "SECRET") {
		t.Error("a log-in token is in the log")
	}
}
