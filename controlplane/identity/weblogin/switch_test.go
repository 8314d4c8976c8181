package weblogin_test

import (
	"testing"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/weblogin"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// AccountSwitch returns accounts only for a valid log-in and a valid link of
// another account.
func TestReplaces(t *testing.T) {
	person := authz.Actor{Entity: 1, Slug: "alice"}
	application := authz.Actor{Entity: 1, Slug: "alice", Scope: &meta.Scope{}}
	down := errs.E(errs.Unavailable, "The metadata store does not answer")
	for name, c := range map[string]struct {
		actor     authz.Actor
		err       error
		mailed    string
		now, then string
		fails     bool
	}{
		"another account":         {actor: person, mailed: "bob", now: "alice", then: "bob"},
		"the same account":        {actor: person, mailed: "alice"},
		"a bad link":              {actor: person, mailed: "bad"},
		"a log-in that has ended": {err: errs.E(errs.InvalidToken, "API token has expired"), mailed: "bob"},
		"the token of an app":     {actor: application, mailed: "bob"},
		"the store is down":       {err: down, mailed: "bob", fails: true},
	} {
		s := &services{actor: c.actor, authErr: c.err}
		service, err := weblogin.New(weblogin.Deps{Accounts: s, Applications: s, Databases: s})
		if err != nil {
			t.Fatal(err)
		}
		now, then, err := service.AccountSwitch(t.Context(), "token", c.mailed)
		if now != c.now || then != c.then || (err != nil) != c.fails {
			t.Errorf("%s: %q, %q, %v", name, now, then, err)
		}
	}
}
