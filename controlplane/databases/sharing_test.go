package databases_test

import (
	"context"
	"maps"
	"testing"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func (w *world) GrantsOn(context.Context, meta.DatabaseID) ([]meta.Grant, error) {
	return []meta.Grant{{Entity: 3, Slug: "mia"}}, nil
}

func (w *world) SetGrant(_ context.Context, d meta.Database, g meta.Grant) error {
	if w.goneErr == nil {
		w.grants[g.Entity] = g.Level
	}
	return w.goneErr
}

func (w *world) RemoveGrant(_ context.Context, _ meta.Database, entity meta.EntityID) error {
	delete(w.grants, entity)
	return w.goneErr
}

func (w *world) SetPublicLevel(_ context.Context, _ meta.Database, level ayb.PublicLevel) error {
	w.public = level
	return w.goneErr
}

var (
	bob   = authz.Actor{Entity: 2, Slug: "bob"}
	mia   = authz.Actor{Entity: 3, Slug: "mia"} // a manager
	theDB = meta.Database{ID: 9, Owner: 1, Path: ayb.DatabasePath{Entity: "alice", Database: "d"}, Type: ayb.SQLite, Public: ayb.PublicNone, Node: "small"}
)

type grants = map[meta.EntityID]ayb.SharingLevel

func sharedWorld(db ...meta.Database) *world {
	return &world{found: db, grants: grants{3: ayb.ShareManager}}
}

// S22: the order of the checks, and the same answer for a missing database and for
// one that the caller does not manage.
func TestShare(t *testing.T) {
	app := mia
	app.Scope = &meta.Scope{Database: 9, Level: ayb.QueryReadWrite}
	cannot := func(who string) string {
		return "Authenticated entity " + who + " can't set permissions for database alice/d"
	}
	const owns = "alice owns alice/d, so their permissions can't be changed"
	before := grants{3: ayb.ShareManager}
	tests := []struct {
		name    string
		actor   authz.Actor
		to      string
		level   string
		code    errs.Code
		message string // of an existing and of a missing database
		own     bool   // the answer for a missing database is NotFound
		after   grants
	}{
		{"owner grants", alice, "BOB", "read-only", "", "", true, grants{2: ayb.ShareReadOnly, 3: ayb.ShareManager}},
		{"owner changes", alice, "mia", "read-only", "", "", true, grants{3: ayb.ShareReadOnly}},
		{"owner takes back", alice, "mia", "no-access", "", "", true, grants{}},
		{"owner takes back nothing", alice, "bob", "no-access", "", "", true, before},
		{"the level comes before the entity", alice, "nobody", "fork", errs.Invalid, "Unknown value: fork; it can be no-access, read-only, read-write, manager", true, before},
		{"the entity before the rights", bob, "nobody", "manager", errs.NotFound, "No entity nobody", false, before},
		{"the owner before the rights", bob, "Alice", "manager", errs.OwnerPermissions, owns, false, before},
		{"the owner, to the owner", alice, "alice", "no-access", errs.OwnerPermissions, owns, true, before},
		{"a stranger", bob, "bob", "read-only", errs.Forbidden, cannot("bob"), false, before},
		{"a stranger takes back", bob, "mia", "no-access", errs.Forbidden, cannot("bob"), false, before},
		{"S2: an application", app, "bob", "read-only", errs.Hidden, "A token that is limited to one database can't be used for this", false, before},
	}
	for _, tt := range tests {
		req := databases.Sharing{Entity: "ALICE", Database: "d", To: tt.to, Level: tt.level}
		w := sharedWorld(theDB)
		err := service(t, w).Share(t.Context(), tt.actor, req)
		if errs.CodeOf(err) != tt.code || err != nil && err.Error() != tt.message || !maps.Equal(w.grants, tt.after) {
			t.Errorf("%s: %v, left %v", tt.name, err, w.grants)
		}
		code, message := tt.code, tt.message
		if tt.own {
			code, message = errs.NotFound, "No database alice/d"
		}
		w = sharedWorld()
		err = service(t, w).Share(t.Context(), tt.actor, req)
		if errs.CodeOf(err) != code || err.Error() != message || !maps.Equal(w.grants, before) {
			t.Errorf("%s, missing: %v, left %v", tt.name, err, w.grants)
		}
	}
}

// A manager changes the grants of every entity but the owner: other managers and
// itself included.
func TestManagersManage(t *testing.T) {
	for _, tt := range []struct {
		to, level string
		after     grants
	}{
		{"bob", "manager", grants{2: ayb.ShareManager, 3: ayb.ShareManager}},
		{"mia", "read-only", grants{3: ayb.ShareReadOnly}},
		{"mia", "no-access", grants{}},
	} {
		w := sharedWorld(theDB)
		err := service(t, w).Share(t.Context(), mia, databases.Sharing{Entity: "alice", Database: "d", To: tt.to, Level: tt.level})
		if err != nil || !maps.Equal(w.grants, tt.after) {
			t.Errorf("%s %s: %v, left %v", tt.to, tt.level, err, w.grants)
		}
	}
	if err := service(t, sharedWorld(theDB)).Share(t.Context(), mia, databases.Sharing{Entity: "alice", Database: "d", To: "alice", Level: "read-only"}); !errs.Is(err, errs.OwnerPermissions) {
		t.Errorf("a manager changes the owner: %v", err)
	}
}

func TestUpdateAndPermissions(t *testing.T) {
	readOnly, unknown := "read-only", "manager"
	app := alice
	app.Scope = &meta.Scope{Database: 9, Level: ayb.QueryReadWrite}
	public := theDB
	public.Public = ayb.PublicReadOnly
	tests := []struct {
		name   string
		actor  authz.Actor
		db     []meta.Database
		public *string
		update string // the error of an update
		list   string // the error of a listing
	}{
		{"owner", alice, []meta.Database{theDB}, &readOnly, "", ""},
		{"manager", mia, []meta.Database{theDB}, &readOnly, "", ""},
		{"nothing to change", alice, []meta.Database{theDB}, nil, "No fields provided to update. Please specify at least one field to update.", ""},
		{"unknown level", alice, []meta.Database{theDB}, &unknown, "Unknown value: manager; it can be no-access, fork, read-only", ""},
		{"the rights come first", bob, []meta.Database{public}, nil, "Authenticated entity bob can't update database alice/d", "Authenticated entity bob can't list permissions for database alice/d"},
		{"missing, own", alice, nil, nil, "No database alice/d", "No database alice/d"},
		{"missing", bob, nil, nil, "Authenticated entity bob can't update database alice/d", "Authenticated entity bob can't list permissions for database alice/d"},
		{"S2: an application", app, []meta.Database{theDB}, &readOnly, "A token that is limited to one database can't be used for this", "A token that is limited to one database can't be used for this"},
	}
	for _, tt := range tests {
		w := sharedWorld(tt.db...)
		err := service(t, w).Update(t.Context(), tt.actor, databases.Update{Entity: "Alice", Database: "d", Public: tt.public})
		if textOf(err) != tt.update {
			t.Errorf("%s: update: %v", tt.name, err)
		}
		if changed := w.public == ayb.PublicReadOnly; changed != (tt.update == "") {
			t.Errorf("%s: changed to %q", tt.name, w.public)
		}
		list, err := service(t, sharedWorld(tt.db...)).Permissions(t.Context(), tt.actor, "Alice", "d")
		if textOf(err) != tt.list || (len(list) == 1) != (tt.list == "") {
			t.Errorf("%s: permissions: %v, %v", tt.name, list, err)
		}
	}
}

// A database that is deleted during the call is named in the error as in the
// request.
func TestGoneInTheMiddle(t *testing.T) {
	w := sharedWorld(theDB)
	w.goneErr = errs.RecordNotFound("database", "9")
	for name, err := range map[string]error{
		"share": service(t, w).Share(t.Context(), mia, databases.Sharing{Entity: "alice", Database: "d", To: "bob", Level: "manager"}),
		"update": func() error {
			w.found = []meta.Database{theDB}
			return service(t, w).Update(t.Context(), mia, databases.Update{Entity: "alice", Database: "d", Public: new("fork")})
		}(),
	} {
		if !errs.Is(err, errs.NotFound) || textOf(err) != "No database alice/d" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
