package accounts_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// desk is a fake of all services around Profiles, and records their calls.
type desk struct {
	updates []meta.ProfileUpdate
	deleted []meta.EntityID
	checks  [][]meta.Link
	keys    []string
	woken   int
	err     error
	gone    meta.DeletedEntity
}

func (d *desk) UpdateProfile(_ context.Context, _ meta.EntityID, u meta.ProfileUpdate) error {
	d.updates = append(d.updates, u)
	return d.err
}

func (d *desk) DeleteEntity(ctx context.Context, id meta.EntityID, _ time.Time) (meta.DeletedEntity, error) {
	d.deleted = append(d.deleted, id)
	if ctx.Err() != nil {
		return meta.DeletedEntity{}, ctx.Err()
	}
	return d.gone, d.err
}

func (d *desk) Submit(_ meta.EntityID, _ ayb.EntitySlug, links []meta.Link) {
	d.checks = append(d.checks, links)
}

func (d *desk) Take(key string) error {
	d.keys = append(d.keys, key)
	if len(d.keys) > 2 {
		return errs.E(errs.RateLimited, "Too many requests")
	}
	return nil
}

func profiles(t *testing.T, d *desk) *accounts.Profiles {
	t.Helper()
	p, err := accounts.NewProfiles(accounts.ProfileDeps{Store: d, Links: d, Limits: d, NotifyPurge: func() { d.woken++ }, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	owner   = authz.Actor{Entity: 1, Slug: "alice"}
	limited = authz.Actor{Entity: 1, Slug: "alice", Scope: &meta.Scope{Database: 9, Level: ayb.QueryReadWrite}}
	other   = authz.Actor{Entity: 2, Slug: "bob"}
)

func named(s string) meta.ProfileUpdate {
	return meta.ProfileUpdate{DisplayName: meta.Change[*string]{Set: true, To: &s}}
}

func linked(urls ...string) meta.ProfileUpdate {
	u := meta.ProfileUpdate{Links: meta.Change[[]meta.Link]{Set: true}}
	for _, url := range urls {
		u.Links.To = append(u.Links.To, meta.Link{URL: url})
	}
	return u
}

// A3, S2: only the account itself may do it, with a token without limits.
func TestWhoMayChangeAnAccount(t *testing.T) {
	for _, tt := range []struct {
		name    string
		actor   authz.Actor
		entity  string
		code    errs.Code
		message string
	}{
		{"itself", owner, "ALICE", "", ""},
		{"limited token", limited, "alice", errs.Hidden, "A token that is limited to one database can't be used for this"},
		{"somebody else", other, "Alice", errs.Forbidden, "Authenticated entity bob can't update the profile of alice"},
		{"of nobody", other, "missing", errs.Forbidden, "Authenticated entity bob can't update the profile of missing"},
		{"nobody", authz.Actor{}, "alice", errs.Forbidden, ""},
	} {
		d := &desk{}
		p := profiles(t, d)
		err := p.Update(t.Context(), tt.actor, tt.entity, named("A"))
		if errs.CodeOf(err) != tt.code || tt.message != "" && errs.Public(err).Message != tt.message {
			t.Errorf("%s updates: %v", tt.name, err)
		}
		err = p.Delete(t.Context(), tt.actor, tt.entity)
		if errs.CodeOf(err) != tt.code {
			t.Errorf("%s deletes: %v", tt.name, err)
		}
		if tt.code != "" && (len(d.updates) != 0 || len(d.deleted) != 0) {
			t.Errorf("%s: %v, %v", tt.name, d.updates, d.deleted)
		}
	}
}

func TestProfileValues(t *testing.T) {
	text := func(field func(*meta.ProfileUpdate) *meta.Change[*string], value string) meta.ProfileUpdate {
		var u meta.ProfileUpdate
		*field(&u) = meta.Change[*string]{Set: true, To: &value}
		return u
	}
	description := func(u *meta.ProfileUpdate) *meta.Change[*string] { return &u.Description }
	location := func(u *meta.ProfileUpdate) *meta.Change[*string] { return &u.Location }
	organization := func(u *meta.ProfileUpdate) *meta.Change[*string] { return &u.Organization }
	const bad = "Failed to parse URL: "
	for _, tt := range []struct {
		name    string
		update  meta.ProfileUpdate
		code    errs.Code
		message string
	}{
		{"nothing", meta.ProfileUpdate{}, errs.EmptyUpdate, "No fields provided to update. Please specify at least one field to update."},
		{"cleared", meta.ProfileUpdate{Location: meta.Change[*string]{Set: true}}, "", ""},
		{"empty text", named(""), "", ""},
		{"long name", named(strings.Repeat("ä", 256)), "", ""},
		{"too long", named(strings.Repeat("ä", 257)), errs.Invalid, "`display_name` can be at most 256 characters long, but this one is 257"},
		{"long organization", text(organization, strings.Repeat("a", 257)), errs.Invalid, "`organization` can be at most"},
		{"lines", text(description, "one\ntwo\tthree\r\n"), "", ""},
		{"long description", text(description, strings.Repeat("a", 4097)), errs.Invalid, "`description` can be at most 4096"},
		{"lines in a place", text(location, "one\ntwo"), errs.Invalid, "`location` contains characters that can't be shown"},
		{"zero byte", text(description, "a\x00"), errs.Invalid, "`description` contains characters that can't be shown"},
		{"escape", named("\x1b[2J"), errs.Invalid, "`display_name` contains characters that can't be shown"},

		{"no links", linked(), "", ""},
		{"links", linked("http://a.example", "https://b.example/x?y#z", "http://ayb.host/,http://ayb2.host", "HTTPS://c.example/", "http://[2001:db8::1]:8080/"), "", ""},
		{"too many links", linked(slices.Repeat([]string{"http://a.example/"}, 21)...), errs.Invalid, "A profile can have at most 20 links, not 21"},
		{"long link", linked("http://a.example/" + strings.Repeat("a", 2048)), errs.Invalid, "A link can be at most 2048 bytes long"},
		{"S6 javascript", linked("javascript:alert(1)"), errs.Invalid, bad},
		{"S6 javascript with slashes", linked("javascript://a.example/%0aalert(1)"), errs.Invalid, bad},
		{"S6 upper case", linked("JavaScript:alert(1)"), errs.Invalid, bad},
		{"S6 space before", linked(" javascript:alert(1)"), errs.Invalid, bad},
		{"S6 line inside", linked("java\nscript:alert(1)"), errs.Invalid, bad},
		{"S6 data", linked("data:text/html,x"), errs.Invalid, bad},
		{"S6 file", linked("file:///etc/passwd"), errs.Invalid, bad},
		{"ftp", linked("ftp://a.example/"), errs.Invalid, bad},
		{"relative", linked("//a.example/"), errs.Invalid, bad},
		{"path", linked("/a"), errs.Invalid, bad},
		{"no scheme", linked("a.example"), errs.Invalid, bad},
		{"no host", linked("http:///a"), errs.Invalid, bad},
		{"only a port", linked("http://:80/"), errs.Invalid, bad},
		{"opaque", linked("https:a.example"), errs.Invalid, bad},
		{"backslashes", linked(`https:\\a.example`), errs.Invalid, bad},
		{"password", linked("https://ayb.example.com@evil.example/"), errs.Invalid, bad + "a link must not contain a user name or password"},
		{"second is bad", linked("http://a.example/", "b"), errs.Invalid, bad},
		{"empty", linked(""), errs.Invalid, bad},
	} {
		d := &desk{}
		err := profiles(t, d).Update(t.Context(), owner, "alice", tt.update)
		if errs.CodeOf(err) != tt.code || err != nil && !strings.HasPrefix(errs.Public(err).Message, tt.message) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if stored := len(d.updates) == 1; stored != (tt.code == "") {
			t.Errorf("%s: stored %v", tt.name, d.updates)
		}
	}
}

// Links are checked after they have been stored. An account that changes them too
// often is limited.
func TestLinksAreCheckedLater(t *testing.T) {
	d := &desk{}
	p := profiles(t, d)
	if err := p.Update(t.Context(), owner, "alice", named("A")); err != nil || len(d.checks) != 0 || len(d.keys) != 0 {
		t.Errorf("%v; %v, %v", err, d.checks, d.keys)
	}
	if err := p.Update(t.Context(), owner, "alice", linked("https://a.example/")); err != nil || len(d.checks) != 1 || d.checks[0][0].URL != "https://a.example/" {
		t.Errorf("%v; %v", err, d.checks)
	}
	d.err = errs.E(errs.Unavailable, "x")
	if err := p.Update(t.Context(), owner, "alice", linked("https://a.example/")); !errs.Is(err, errs.Unavailable) || len(d.checks) != 1 {
		t.Errorf("%v; %v", err, d.checks)
	}
	if err := p.Update(t.Context(), owner, "alice", linked("https://a.example/")); !errs.Is(err, errs.RateLimited) || len(d.updates) != 3 {
		t.Errorf("%v; %d updates", err, len(d.updates))
	}
}

// A15: a deletion is completed when its caller has canceled. The purge is
// notified only when there are databases.
func TestDeletion(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := &desk{}
	p := profiles(t, d)
	if err := p.Delete(ctx, owner, "alice"); err != nil || d.woken != 0 {
		t.Errorf("%v, woken %d times", err, d.woken)
	}
	d.gone = meta.DeletedEntity{Databases: []meta.Database{{ID: 1}}}
	if err := p.Delete(ctx, owner, "alice"); err != nil || d.woken != 1 || !slices.Equal(d.deleted, []meta.EntityID{1, 1}) {
		t.Errorf("%v, woken %d times, deleted %v", err, d.woken, d.deleted)
	}
	d.err = errs.E(errs.Unavailable, "x")
	if err := p.Delete(ctx, owner, "alice"); !errs.Is(err, errs.Unavailable) || d.woken != 1 {
		t.Errorf("%v, woken %d times", err, d.woken)
	}
	if _, err := accounts.NewProfiles(accounts.ProfileDeps{}); !errs.Is(err, errs.Internal) {
		t.Errorf("missing dependencies: %v", err)
	}
}
