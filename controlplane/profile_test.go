package controlplane_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane"
)

// run runs the background work of the control plane.
func (w *world) run() {
	w.t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.cp.Run(ctx, ln) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

const noProfile = `{"display_name":null,"description":null,"organization":null,"location":null,"links":[]}`

func (w *world) wantProfile(entity, profile string) {
	w.t.Helper()
	w.want(w.do("GET", "/v1/entity/"+entity, ""), 200,
		`{"slug":"`+entity+`","profile":`+profile+`,"databases":[],"permissions":{"can_create_database":false}}`)
}

// A3, A11, S6: the fields that an update changes, and the values that it refuses.
func TestUpdateProfile(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.account("alice"), w.account("bob")
	patch := func(auth, path, body string, headers ...string) answer {
		return w.do("PATCH", path, body, append([]string{"Authorization", auth}, headers...)...)
	}
	w.want(patch(alice, "/v1/entity/ALICE", `{"display_name":"Älice","description":"","location":"here","slug":"mallory"}`), 200, `{}`)
	w.wantProfile("alice", `{"display_name":"Älice","description":"","organization":null,"location":"here","links":[]}`)
	// JSON, whatever the content type.
	w.want(patch(alice, "/v1/entity/alice", `{"location":null,"links":"[{\"url\":\"http://ayb.host/,http://ayb2.host\",\"verified\":true},{\"url\":\"HTTP://Ayb.Host\"}]"}`, "Content-Type", "text/plain"), 200, `{}`)
	w.wantProfile("alice", `{"display_name":"Älice","description":"","organization":null,"location":null,"links":[{"url":"http://ayb.host/,http://ayb2.host","verified":false},{"url":"HTTP://Ayb.Host","verified":false}]}`)
	w.want(patch(alice, "/v1/entity/alice", `{"links":[]}`, "Content-Type", "application/json"), 200, `{}`)
	w.wantProfile("alice", `{"display_name":"Älice","description":"","organization":null,"location":null,"links":[]}`)

	nothing := `{"type":"EmptyUpdateError","message":"No fields provided to update. Please specify at least one field to update."}`
	for _, body := range []string{"", "{}", `{"slug":"x"}`} {
		w.want(patch(alice, "/v1/entity/alice", body), 400, nothing)
	}
	w.wantOther(patch(alice, "/v1/entity/alice", `{"links":"[{\"url\":\"javascript:alert(1)\"}]"}`), 400,
		`Failed to parse URL: "javascript:alert(1)" is not an absolute http:// or https:// address`)
	w.wantOther(patch(alice, "/v1/entity/alice", `{"display_name":7}`), 400, "`display_name` must be a text or null")
	w.wantOther(patch(alice, "/v1/entity/alice", `[`), 400, "The body must be a JSON object")
	w.wantOther(patch(alice, "/v1/entity/alice", `{"description":"`+strings.Repeat("x", 4097)+`"}`), 400, "`description` can be at most 4096 characters long, but this one is 4097")
	if got := patch(alice, "/v1/entity/alice", `{"description":"`+strings.Repeat("x", 2<<20)+`"}`); got.status != 413 {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.wantOther(patch(bob, "/v1/entity/alice", `{"display_name":"M"}`), 403, "Authenticated entity bob can't update the profile of alice")
	w.wantOther(patch(bob, "/v1/entity/missing", `{"display_name":"M"}`), 403, "Authenticated entity bob can't update the profile of missing")
	if got := w.do("PATCH", "/v1/entity/alice", `{"display_name":"M"}`); got.status != 401 || !strings.Contains(got.body, `"type":"Unauthorized"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.wantProfile("alice", `{"display_name":"Älice","description":"","organization":null,"location":null,"links":[]}`)
	w.wantProfile("bob", noProfile)
}

// Links are verified in the background, over TLS. A page without a link back stays
// unverified, and so does a link that was changed since.
func TestLinksAreVerified(t *testing.T) {
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `<a href="https://ayb.example.com`+r.URL.Path+`" rel="me">me</a>`)
	}))
	defer site.Close()
	w := newWorldWith(t, func(d *controlplane.Deps) {
		d.AllowLink = func(to netip.AddrPort) bool { return to.String() == site.Listener.Addr().String() }
		d.LinkRoots = x509.NewCertPool()
		d.LinkRoots.AddCert(site.Certificate())
	})
	w.run()
	alice := w.account("alice")
	update := func(urls ...string) {
		t.Helper()
		var links []string
		for _, u := range urls {
			links = append(links, `{"url":"`+u+`"}`)
		}
		w.want(w.do("PATCH", "/v1/entity/alice", `{"links":[`+strings.Join(links, ",")+`]}`, "Authorization", alice), 200, `{}`)
	}
	verified := func(u string, is bool) string { return fmt.Sprintf(`{"url":"%s","verified":%v}`, u, is) }
	has := func(want string) func() bool {
		return func() bool { return strings.Contains(w.do("GET", "/v1/entity/alice", "").body, `"links":[`+want+`]`) }
	}
	update(site.URL+"/alice", site.URL+"/bob", "http://a.example/alice")
	until(t, "a verified link", has(verified(site.URL+"/alice", true)+","+verified(site.URL+"/bob", false)+","+verified("http://a.example/alice", false)))
	update(site.URL + "/alice")
	until(t, "another", has(verified(site.URL+"/alice", true)))
}

// Organizations are accounts like any other, and no answer shows the difference.
func TestOrganizations(t *testing.T) {
	w := newWorld(t)
	w.want(w.do("POST", "/v1/register", "", "entity", "Acme", "email-address", "office@example.org", "entity-type", "organization"), 200, `{}`)
	acme := "Bearer " + w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", w.mail.sent()[0].Token))
	bob := w.account("bob")
	w.mustCreate(acme, "acme/books.sqlite")
	w.want(w.do("PATCH", "/v1/entity/acme", `{"display_name":"Acme"}`, "Authorization", acme), 200, `{}`)
	profile := `"profile":{"display_name":"Acme","description":null,"organization":null,"location":null,"links":[]}`
	w.want(w.do("GET", "/v1/entity/acme", "", "Authorization", acme), 200,
		`{"slug":"acme",`+profile+`,"databases":[{"slug":"books.sqlite","database_type":"sqlite"}],"permissions":{"can_create_database":true}}`)
	w.want(w.do("GET", "/v1/entity/acme", "", "Authorization", bob), 200,
		`{"slug":"acme",`+profile+`,"databases":[],"permissions":{"can_create_database":false}}`)
	w.wantOther(w.query(bob, "acme/books.sqlite", "SELECT 1"), 403, "Authenticated entity bob can't query database acme/books.sqlite")
	w.want(w.do("POST", "/v1/acme/books.sqlite/share", "", "Authorization", acme, "entity-for-permission", "bob", "sharing-level", "read-only"), 204, "")
	if got := w.query(bob, "acme/books.sqlite", "SELECT 1"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.want(w.do("POST", "/v1/log_in", "", "entity", "acme"), 200, `{}`)
	again := w.mail.sent()
	w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", again[len(again)-1].Token))
	w.want(w.do("DELETE", "/v1/entity/acme", "", "Authorization", bob), 403,
		`{"type":"Other","message":"Authenticated entity bob can't delete the account acme"}`)
	w.want(w.do("DELETE", "/v1/entity/acme", "", "Authorization", acme), 200, `{}`)
}

// A15: an account is deleted with everything it had. Its files are purged when
// their node answers; until then their paths cannot be used.
func TestDeleteAccount(t *testing.T) {
	w := newWorld(t)
	w.run()
	alice, bob := w.account("alice"), w.account("bob")
	second := "Bearer " + w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", w.register("alice", "alice@example.org")))
	w.mustCreate(alice, "alice/a.sqlite")
	w.mustCreate(alice, "alice/b.sqlite")
	w.mustCreate(bob, "bob/shared.sqlite")
	share := func(auth, path, to string) {
		t.Helper()
		w.want(w.do("POST", "/v1/"+path+"/share", "", "Authorization", auth, "entity-for-permission", to, "sharing-level", "read-write"), 204, "")
	}
	share(alice, "alice/a.sqlite", "bob")
	share(bob, "bob/shared.sqlite", "alice")
	for _, auth := range []string{alice, second, bob} { // everything is in memory now
		for _, path := range []string{"alice/a.sqlite", "bob/shared.sqlite"} {
			if got := w.query(auth, path, "SELECT 1"); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
		}
	}
	if got := w.do("DELETE", "/v1/entity/alice", ""); got.status != 401 {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.exec(`INSERT INTO api_token (short_token, entity_id, hash, database_id, query_permission_level)
		SELECT 'scoped', entity_id, '0f01ab6e0833f280b73b2b618c16102d91c0b7c585d42a080d6e6603239a8bee', id, 1 FROM database WHERE slug = 'a.sqlite'`)
	w.want(w.do("DELETE", "/v1/entity/alice", "", "Authorization", "Bearer ayb_scoped_BddpcwWyCT3EkDjHSSTRaSK1dxtuQgbjb"), 403,
		`{"type":"Unauthorized","message":"A token that is limited to one database can't be used for this"}`)

	w.node.SetDown(true)
	w.want(w.do("DELETE", "/v1/entity/Alice", "", "Authorization", alice), 200, `{}`)
	invalid := `{"type":"InvalidToken","message":"Invalid API token"}`
	for _, auth := range []string{alice, second, "Bearer ayb_scoped_BddpcwWyCT3EkDjHSSTRaSK1dxtuQgbjb"} {
		w.want(w.query(auth, "bob/shared.sqlite", "SELECT 1"), 401, invalid)
	}
	w.wantOther(w.query(bob, "alice/a.sqlite", "SELECT 1"), 403, "Authenticated entity bob can't query database alice/a.sqlite")
	w.want(w.do("GET", "/v1/entity/alice", ""), 404, `{"type":"RecordNotFound","id":"alice","record_type":"entity"}`)
	w.want(w.do("GET", "/v1/bob/shared.sqlite/permissions", "", "Authorization", bob), 200, `{"permissions":[]}`)

	// Another account may take the name; it gets none of the old data.
	anew := "Bearer " + w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", w.register("alice", "other@example.org")))
	w.wantProfile("alice", noProfile)
	w.wantOther(w.query(anew, "bob/shared.sqlite", "SELECT 1"), 403, "Authenticated entity alice can't query database bob/shared.sqlite")
	w.wantOther(w.create(anew, "alice/a.sqlite"), 409, "A deleted database of that name is still being removed; try again later")
	if n := len(w.node.Deleted()); n != 0 {
		t.Errorf("%d databases were removed from a node that is down", n)
	}
	w.node.SetDown(false)
	w.mu.Lock()
	w.now = w.now.Add(time.Hour) // the claim of the attempt that failed is over
	w.mu.Unlock()
	fresh := "Bearer " + w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", w.register("carol", "carol@example.org")))
	w.mustCreate(fresh, "carol/x.sqlite")
	w.want(w.do("DELETE", "/v1/entity/carol", "", "Authorization", fresh), 200, `{}`) // which wakes the purge queue
	until(t, "three databases to be removed", func() bool { return len(w.node.Deleted()) == 3 })
	until(t, "the name to be free", func() bool { return w.create(anew, "alice/a.sqlite").status == 201 })
	if got := w.query(anew, "alice/a.sqlite", "SELECT 1"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if n := len(w.node.Deleted()); n != 3 {
		t.Errorf("%d databases were removed", n)
	}
}
