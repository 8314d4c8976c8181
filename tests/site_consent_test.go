package tests

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// U15: the consent page offers all databases on which the user has the level that the
// application asks for, also those of others.
func TestConsentOffersSharedDatabases(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice, bob := srv.Register("alice"), srv.Register("bob")
	alice.Create("own.sqlite")
	for name, level := range map[string]string{"seen.sqlite": "read-only", "lent.sqlite": "read-write", "run.sqlite": "manager", "secret.sqlite": "no-access"} {
		bob.Create(name)
		if err := bob.Share(t.Context(), "bob", name, httpapi.ShareRequest{EntityForPermission: "alice", SharingLevel: level}); err != nil {
			t.Fatal(err)
		}
	}
	bob.Create("open.sqlite")
	if err := bob.UpdateDatabase(t.Context(), "bob", "open.sqlite", httpapi.UpdateDatabaseRequest{PublicSharingLevel: "read-only"}); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	b.logIn(srv, "alice")
	for scope, want := range map[string]string{
		"read-only":  "alice/own.sqlite bob/lent.sqlite bob/run.sqlite bob/seen.sqlite",
		"read-write": "alice/own.sqlite bob/lent.sqlite bob/run.sqlite",
	} {
		app := newApplication(t, srv, scope)
		p := b.open(app.start()).want("Authorize notes-app")
		for _, name := range []string{"alice/own.sqlite", "bob/lent.sqlite", "bob/open.sqlite", "bob/run.sqlite", "bob/secret.sqlite", "bob/seen.sqlite"} {
			if offered := strings.Contains(p.body, `<option value="`+name+`">`); offered != strings.Contains(want, name) {
				t.Errorf("%s: %s is offered: %v", scope, name, offered)
			}
		}
		app.mayUse(t, app.code(t, b, "bob/lent.sqlite"), srv.URL+"/v1/bob/lent.sqlite")
	}
	// A database that is not offered cannot be chosen by changing the form.
	app := newApplication(t, srv, "read-write")
	p := b.open(app.start()).want("Authorize notes-app").send("/oauth/authorize", "database", "bob/seen.sqlite", "action", "authorize")
	if p.want("Authorization Error"); p.status != 400 || len(app.answers) != 0 {
		t.Errorf("%d", p.status)
	}
	// U1: a name that cannot be used stays in the form, with the reason.
	p = b.open(app.start()).send("/oauth/authorize", "new_database", "own.sqlite", "action", "create").want("Authorize notes-app")
	if p.status != 409 || !strings.Contains(p.body, `name="new_database" value="own.sqlite"`) || !strings.Contains(p.body, `role="alert"`) {
		t.Errorf("%d %s", p.status, p.body)
	}
}
