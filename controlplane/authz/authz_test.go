package authz_test

import (
	"testing"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

var (
	anonymous = authz.Actor{}
	owner     = authz.Actor{Entity: 1, Slug: "owner", Token: "plain"}
	guest     = authz.Actor{Entity: 2, Slug: "guest", Token: "plain"}
)

func scoped(a authz.Actor, db meta.DatabaseID, level ayb.QueryLevel) authz.Actor {
	a.Scope, a.Token = &meta.Scope{Database: db, Level: level}, "scoped"
	return a
}

// S2: a scoped token may not be used for an operation that is not named.
func TestCheck(t *testing.T) {
	app := scoped(owner, 7, ayb.QueryReadWrite)
	tests := []struct {
		op            authz.Operation
		plain, scoped bool
	}{
		{authz.QueryDatabase, true, true},
		{authz.ShowSchema, true, true},
		{authz.ListQueries, true, true},
		{authz.CancelQuery, true, true},
		{authz.ShowDatabase, true, true},
		{authz.ShowEntity, true, true},
		{authz.RevokeToken, true, true},
		{authz.ExportData, true, true},
		{authz.ImportData, true, false},
		{authz.ForkDatabase, true, false},
		{authz.DeleteDatabase, true, false},
		{authz.UndeleteDatabase, true, false},
		{authz.RenameDatabase, true, false},
		{authz.ListSnapshots, true, false},
		{authz.TakeSnapshot, true, false},
		{authz.RestoreSnapshot, true, false},
		{authz.CreateDatabase, true, false},
		{authz.UpdateDatabase, true, false},
		{authz.ShareDatabase, true, false},
		{authz.ListPermissions, true, false},
		{authz.ListTokens, true, false},
		{"an operation of the future", true, false},
		{"", false, false},
	}
	for _, tt := range tests {
		for actor, want := range map[*authz.Actor]bool{&owner: tt.plain, &app: tt.scoped} {
			err := authz.CheckScope(*actor, tt.op)
			if (err == nil) != want || err != nil && errs.CodeOf(err) != errs.Hidden {
				t.Errorf("%q by token %s: %v, want allowed %v", tt.op, actor.Token, err, want)
			}
		}
	}
}

func TestActor(t *testing.T) {
	if !owner.ActsAs("owner") || owner.ActsAs("guest") {
		t.Error("a plain token acts as its entity and no other")
	}
	if (authz.Actor{}).ActsAs("") || !(authz.Actor{}).Anonymous() {
		t.Error("anonymous acts as an account")
	}
	app := scoped(owner, 7, ayb.QueryReadWrite)
	if app.ActsAs("owner") {
		t.Error("S2: a scoped token acts as the account")
	}
	if authz.MayRevoke(app, "scoped") != nil || authz.MayRevoke(owner, "scoped") != nil {
		t.Error("a token may revoke itself, and a plain one any")
	}
	if !errs.Is(authz.MayRevoke(app, "plain"), errs.Hidden) {
		t.Error("S2: a scoped token revokes another")
	}
}
