package controlplane_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
)

// secondHalf and secondHash are those of the specification's test vector.
const (
	secondHalf = "BddpcwWyCT3EkDjHSSTRaSK1dxtuQgbjb"
	secondHash = "0f01ab6e0833f280b73b2b618c16102d91c0b7c585d42a080d6e6603239a8bee"
)

// scopedToken makes a token of an entity for one database.
func (w *world) scopedToken(short, entity, database string, level int) string {
	w.t.Helper()
	w.exec(`INSERT INTO api_token (short_token, entity_id, hash, database_id, query_permission_level)
		SELECT $1, e.id, $2, d.id, $3 FROM entity e, database d WHERE e.slug = $4 AND d.slug = $5`, short, secondHash, level, entity, database)
	return "Bearer ayb_" + short + "_" + secondHalf
}

func (w *world) share(auth, path, to, level string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+path+"/share", "", "Authorization", auth, "entity-for-permission", to, "sharing-level", level)
}

func (w *world) mustShare(auth, path, to, level string) {
	w.t.Helper()
	w.want(w.share(auth, path, to, level), 204, "")
}

func (w *world) publish(auth, path, level string) answer {
	w.t.Helper()
	return w.do("PATCH", "/v1/"+path+"/update", "", "Authorization", auth, "public-sharing-level", level)
}

func (w *world) permissions(auth, path string) answer {
	w.t.Helper()
	return w.do("GET", "/v1/"+path+"/permissions", "", "Authorization", auth)
}

// lastMode is the mode of the last query that reached the node.
func (w *world) lastMode() ayb.QueryLevel {
	w.t.Helper()
	asked := w.node.Queries()
	if len(asked) == 0 {
		w.t.Fatal("the node was asked nothing")
	}
	return asked[len(asked)-1].Mode
}

func TestShareOverHTTP(t *testing.T) {
	w := newWorld(t)
	ann, bob, mia := w.account("ann"), w.account("bob"), w.account("mia")
	w.mustCreate(ann, "ann/d")
	w.want(w.permissions(ann, "ann/d"), 200, `{"permissions":[]}`)

	w.mustShare(ann, "ANN/d", "Mia", "manager") // A4
	w.mu.Lock()
	w.now = w.now.Add(time.Millisecond)
	w.mu.Unlock()
	w.want(w.do("POST", "/v1/ann/d/share", `{"entity_for_permission":"BOB","sharing_level":"read-only"}`, "Authorization", mia), 204, "") // A5
	w.want(w.permissions(mia, "ann/d"), 200, `{"permissions":[{"entity_slug":"mia","sharing_level":"manager"},{"entity_slug":"bob","sharing_level":"read-only"}]}`)
	// A change keeps its place in the list.
	w.mustShare(ann, "ann/d", "mia", "read-write")
	w.want(w.permissions(ann, "ann/d"), 200, `{"permissions":[{"entity_slug":"mia","sharing_level":"read-write"},{"entity_slug":"bob","sharing_level":"read-only"}]}`)
	w.wantOther(w.permissions(mia, "ann/d"), 403, "Authenticated entity mia can't list permissions for database ann/d")
	w.mustShare(ann, "ann/d", "mia", "no-access")
	w.mustShare(ann, "ann/d", "mia", "no-access") // a missing grant is no error
	w.want(w.permissions(ann, "ann/d"), 200, `{"permissions":[{"entity_slug":"bob","sharing_level":"read-only"}]}`)

	for name, got := range map[string]answer{
		"entity": w.do("POST", "/v1/ann/d/share", "", "Authorization", ann, "sharing-level", "manager"),
		"level":  w.do("POST", "/v1/ann/d/share", "", "Authorization", ann, "entity-for-permission", "bob"),
	} {
		header := map[string]string{"entity": "entity-for-permission", "level": "sharing-level"}[name]
		w.wantOther(got, 400, "Missing required `"+header+"` header")
	}
	w.wantOther(w.do("POST", "/v1/ann/d/share", `{"sharing_level":"manager","entity_for_permission":"mia"}`, "Authorization", ann, "sharing-level", "read-only"), 400,
		"The `sharing-level` header and `sharing_level` in the body differ")
	w.wantOther(w.share(ann, "ann/d", "bob", "owner"), 400, "Unknown value: owner; it can be no-access, read-only, read-write, manager")
	w.want(w.share(ann, "ann/d", "nobody", "manager"), 404, `{"type":"RecordNotFound","id":"nobody","record_type":"entity"}`)
	w.want(w.share(bob, "ann/d", "Ann", "manager"), 400, `{"type":"CantSetOwnerPermissions","message":"ann owns ann/d, so their permissions can't be changed"}`)
	w.wantOther(w.share(bob, "ann/d", "bob", "manager"), 403, "Authenticated entity bob can't set permissions for database ann/d")
	for _, call := range []string{"POST share", "GET permissions", "PATCH update"} {
		method, action, _ := strings.Cut(call, " ")
		got := w.do(method, "/v1/ann/d/"+action, "")
		if got.status != 401 || strings.Contains(got.body, "ann") {
			t.Errorf("anonymous %s: %d %s", action, got.status, got.body)
		}
	}
}

func TestUpdateOverHTTP(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/d")
	for body, headers := range map[string][]string{
		"":                                {"public-sharing-level", "fork"},
		`{"public_sharing_level":"fork"}`: nil,
	} {
		w.want(w.do("PATCH", "/v1/ANN/d/update", body, append(headers, "Authorization", ann, "Content-Type", "text/plain")...), 200, `{}`)
		if got := w.do("GET", "/v1/ann/d/details", "", "Authorization", bob); !strings.HasSuffix(got.body, `"highest_query_access_level":null,"can_manage_database":false,"public_sharing_level":"fork","query_permission_level":null,"forked_from":null,"forks":[]}`) {
			t.Errorf("%d %s", got.status, got.body)
		}
		w.want(w.publish(ann, "ann/d", "no-access"), 200, `{}`)
	}
	empty := `{"type":"EmptyUpdateError","message":"No fields provided to update. Please specify at least one field to update."}`
	for _, body := range []string{"", "{}", `{"public_sharing_level":null}`, `{"unknown":1}`} {
		w.want(w.do("PATCH", "/v1/ann/d/update", body, "Authorization", ann), 400, empty)
		// The rights are checked first.
		w.wantOther(w.do("PATCH", "/v1/ann/d/update", body, "Authorization", bob), 403, "Authenticated entity bob can't update database ann/d")
	}
	// The body of a PATCH is JSON, whatever its content type.
	w.wantOther(w.do("PATCH", "/v1/ann/d/update", "fork", "Authorization", ann, "Content-Type", "text/plain"), 400, "The body must be a JSON object")
	w.wantOther(w.publish(ann, "ann/d", "manager"), 400, "Unknown value: manager; it can be no-access, fork, read-only")
}

// S22: every call answers the same for a missing database and for one that the
// caller may not see. A missing one of the caller's own is reported as missing.
func TestMissingLooksLikeForbiddenWhenSharing(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.account("mia")
	w.mustCreate(ann, "ann/there")
	app := w.scopedToken("app", "bob", "there", 1) // of one who has lost the grant
	type call func(auth, path string) answer
	calls := map[string]call{
		"query":       func(auth, path string) answer { return w.query(auth, path, "SELECT 1") },
		"details":     func(auth, path string) answer { return w.do("GET", "/v1/"+path+"/details", "", "Authorization", auth) },
		"permissions": w.permissions,
		"update":      func(auth, path string) answer { return w.publish(auth, path, "read-only") },
		"bad update":  func(auth, path string) answer { return w.publish(auth, path, "x") },
		"no update":   func(auth, path string) answer { return w.do("PATCH", "/v1/"+path+"/update", "", "Authorization", auth) },
	}
	for _, to := range []string{"ann", "bob", "mia", "nobody"} {
		for _, level := range []string{"no-access", "manager", "x"} {
			calls["share "+level+" with "+to] = func(auth, path string) answer { return w.share(auth, path, to, level) }
		}
	}
	for name, c := range calls {
		for who, auth := range map[string]string{"bob": bob, "application": app} {
			there, missing := c(auth, "ann/there"), c(auth, "ann/missing")
			if strings.ReplaceAll(there.body, "there", "missing") != missing.body || there.status != missing.status || there.status < 400 {
				t.Errorf("%s by %s: %d %s, and %d %s", name, who, there.status, there.body, missing.status, missing.body)
			}
		}
		w.want(c(ann, "ann/missing"), 404, `{"type":"RecordNotFound","id":"ann/missing","record_type":"database"}`)
	}
	if n := len(w.node.Queries()); n != 0 {
		t.Errorf("%d refused queries reached the node", n)
	}
}

// A revoked grant and a changed level decide the next request. P4: a warm request
// needs no metadata.
func TestSharingTakesEffectAtOnce(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/d")
	for range 3 {
		for _, step := range []struct {
			public, grant string
			mode          ayb.QueryLevel
		}{
			{"no-access", "no-access", ayb.QueryNone}, {"no-access", "read-only", ayb.QueryReadOnly},
			{"no-access", "read-write", ayb.QueryReadWrite}, {"read-only", "manager", ayb.QueryReadWrite},
			{"read-only", "no-access", ayb.QueryReadOnly}, {"fork", "no-access", ayb.QueryNone},
			{"fork", "read-only", ayb.QueryReadOnly},
		} {
			w.want(w.publish(ann, "ann/d", step.public), 200, `{}`)
			w.mustShare(ann, "ann/d", "bob", step.grant)
			for range 2 {
				got := w.query(bob, "ann/d", "SELECT 1")
				if step.mode == ayb.QueryNone {
					w.wantOther(got, 403, "Authenticated entity bob can't query database ann/d")
				} else if got.status != 200 || w.lastMode() != step.mode {
					t.Errorf("%+v: %d, %s", step, got.status, w.lastMode())
				}
			}
		}
	}
	// A change of the store alone is not seen: the cache is warm.
	w.mustShare(ann, "ann/d", "bob", "read-only")
	w.query(bob, "ann/d", "SELECT 1")
	w.exec(`DELETE FROM entity_database_permission`)
	if got := w.query(bob, "ann/d", "SELECT 1"); got.status != 200 {
		t.Errorf("P4: a warm query asked the metadata: %d %s", got.status, got.body)
	}
}

// P6: a listing has the databases that the caller may discover, newest first.
func TestListingByRights(t *testing.T) {
	w := newWorld(t)
	ann, bob, mia := w.account("ann"), w.account("bob"), w.account("mia")
	for _, d := range []string{"private", "fork", "open", "lent", "run"} {
		w.mustCreate(ann, "ann/"+d)
	}
	w.publish(ann, "ann/fork", "fork")
	w.publish(ann, "ann/open", "read-only")
	w.mustShare(ann, "ann/lent", "bob", "read-only")
	w.mustShare(ann, "ann/run", "mia", "manager")
	listed := func(headers ...string) string {
		var names []string
		for part := range strings.SplitSeq(w.do("GET", "/v1/entity/Ann", "", headers...).body, `{"slug":"`) {
			if name, _, ok := strings.Cut(part, `","database_type"`); ok {
				names = append(names, name)
			}
		}
		return strings.Join(names, " ")
	}
	app := w.scopedToken("app", "bob", "lent", 0)
	lost := w.scopedToken("lost", "bob", "private", 0)
	for name, tt := range map[string]struct {
		headers []string
		want    string
	}{
		"owner":                 {[]string{"Authorization", ann}, "run lent open fork private"},
		"reader":                {[]string{"Authorization", bob}, "lent open fork"},
		"manager":               {[]string{"Authorization", mia}, "run open fork"},
		"anonymous":             {nil, "open fork"},
		"S2: scoped":            {[]string{"Authorization", app}, "lent open fork"},
		"S2: scoped, no rights": {[]string{"Authorization", lost}, "open fork"},
	} {
		if got := listed(tt.headers...); got != tt.want {
			t.Errorf("%s sees %q, want %q", name, got, tt.want)
		}
	}
}

// The databases that others shared with an account are listed for that account only.
func TestSharedDatabases(t *testing.T) {
	w := newWorld(t)
	ann, bob, mia := w.account("ann"), w.account("bob"), w.account("mia")
	for _, d := range []string{"private", "open", "lent", "Run"} {
		w.mustCreate(ann, "ann/"+d)
	}
	w.publish(ann, "ann/open", "read-only")
	w.mustShare(ann, "ann/Run", "bob", "manager")
	w.mustShare(ann, "ann/lent", "bob", "read-only")
	shared := func(name, auth string) string {
		_, list, _ := strings.Cut(w.do("GET", "/v1/entity/"+name, "", "Authorization", auth).body, `"shared_databases":`)
		return list
	}
	want := `[{"entity":"ann","slug":"Run","database_type":"sqlite","sharing_level":"manager"},{"entity":"ann","slug":"lent","database_type":"sqlite","sharing_level":"read-only"}]}`
	if got := shared("Bob", bob); got != want {
		t.Errorf("bob sees %s", got)
	}
	w.want(w.remove(ann, "ann/Run"), 200, `{}`)
	w.mustShare(ann, "ann/lent", "bob", "read-write")
	if got := shared("bob", bob); got != `[{"entity":"ann","slug":"lent","database_type":"sqlite","sharing_level":"read-write"}]}` {
		t.Errorf("then bob sees %s", got)
	}
	scoped := w.scopedToken("app", "bob", "lent", 0)
	for name, auth := range map[string]string{"mia": mia, "ann": ann, "S2: a limited token": scoped} {
		if got := shared("bob", auth); got != "" {
			t.Errorf("%s sees %s", name, got)
		}
	}
	if got := shared("ann", ann); got != "" {
		t.Errorf("ann sees %s", got)
	}
}

// S2: the rights of a token for one database.
func TestScopedTokensOnSharedDatabases(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	for _, d := range []string{"lent", "open", "hidden"} {
		w.mustCreate(ann, "ann/"+d)
	}
	w.publish(ann, "ann/open", "read-only")
	w.mustShare(ann, "ann/hidden", "bob", "manager")
	tokens := map[string]string{"read-only": w.scopedToken("ro", "bob", "lent", 0), "read-write": w.scopedToken("rw", "bob", "lent", 1)}
	details := func(auth, path string) string {
		_, level, _ := strings.Cut(w.do("GET", "/v1/"+path+"/details", "", "Authorization", auth).body, `"highest_query_access_level":`)
		return level
	}
	for grant, want := range map[string]map[string]ayb.QueryLevel{
		"no-access":  {"read-only": "", "read-write": ""},
		"read-only":  {"read-only": "read-only", "read-write": "read-only"},
		"read-write": {"read-only": "read-only", "read-write": "read-write"},
		"manager":    {"read-only": "read-only", "read-write": "read-write"},
	} {
		w.mustShare(ann, "ann/lent", "bob", grant)
		for level, auth := range tokens {
			name := fmt.Sprintf("grant %s, token %s", grant, level)
			got := w.query(auth, "ann/lent", "SELECT 1")
			if want[level] == "" {
				w.wantOther(got, 403, "Authenticated entity bob can't query database ann/lent")
				continue
			}
			if got.status != 200 || w.lastMode() != want[level] {
				t.Errorf("%s: %d, %s", name, got.status, w.lastMode())
			}
			if d := details(auth, "ann/lent"); !strings.HasPrefix(d, map[ayb.QueryLevel]string{"read-only": `"ReadOnly",`, "read-write": `"ReadWrite",`}[want[level]]+`"can_manage_database":false`) {
				t.Errorf("%s: details %s", name, d)
			}
			if d := details(auth, "ann/open"); !strings.HasPrefix(d, `null,"can_manage_database":false`) {
				t.Errorf("%s: details of a public database %s", name, d)
			}
			for _, other := range []string{"ann/open", "ann/hidden"} {
				w.wantOther(w.query(auth, other, "SELECT 1"), 403, "Authenticated entity bob can't query database "+other)
			}
			w.want(w.do("GET", "/v1/ann/hidden/details", "", "Authorization", auth), 403, `{"type":"Unauthorized","message":"Authenticated entity bob can't access database ann/hidden"}`)
			denied := `{"type":"Unauthorized","message":"A token that is limited to one database can't be used for this"}`
			for _, path := range []string{"ann/lent", "ann/open", "ann/hidden", "ann/missing"} {
				w.want(w.share(auth, path, "bob", "manager"), 403, denied)
				w.want(w.publish(auth, path, "read-only"), 403, denied)
				w.want(w.permissions(auth, path), 403, denied)
			}
		}
	}
	if got := w.permissions(bob, "ann/hidden"); got.status != 200 {
		t.Errorf("the account itself: %d %s", got.status, got.body)
	}
}

// SQL in every text of a caller leaves the metadata unchanged.
func TestSQLInEveryParameter(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/d")
	w.mustShare(ann, "ann/d", "bob", "read-only")
	before := w.permissions(ann, "ann/d").body
	attacks := []string{
		`'; DROP TABLE entity_database_permission; --`, `bob' OR '1'='1`, `" OR ""="`, `bob"; UPDATE database SET public_sharing_level = 2; --`,
		`' UNION SELECT slug FROM entity --`, `manager'), (1, 1, 3) --`, `$1`, `?`, `\`, `%27%3B%20DROP%20TABLE%20entity`,
	}
	for _, a := range attacks {
		answers := []answer{
			w.share(bob, "ann/d", a, "manager"), w.share(ann, "ann/d", a, "manager"), w.share(ann, "ann/d", "bob", a),
			w.publish(bob, "ann/d", a), w.publish(ann, "ann/d", a),
			w.do("POST", "/v1/ann/d/share", "", "Authorization", "Bearer ayb_"+a+"_x", "entity-for-permission", "bob", "sharing-level", "manager"),
		}
		for _, path := range []string{"ann/" + escape(a), escape(a) + "/d"} {
			answers = append(answers, w.permissions(bob, path), w.publish(bob, path, "read-only"), w.share(bob, path, "bob", "manager"), w.query(bob, path, "SELECT 1"))
		}
		for i, got := range answers {
			if got.status < 400 || got.status >= 500 || strings.Contains(got.body, "syntax") {
				t.Errorf("%s, call %d: %d %s", a, i, got.status, got.body)
			}
		}
	}
	if after := w.permissions(ann, "ann/d").body; after != before {
		t.Errorf("grants were %s and are %s", before, after)
	}
	if got := w.do("GET", "/v1/ann/d/details", "", "Authorization", ann); !strings.Contains(got.body, `"public_sharing_level":"no-access"`) {
		t.Error(got.body)
	}
	if slices.ContainsFunc(w.node.Queries(), func(q nodeapi.QueryRequest) bool { return q.Path.String() != "ann/d" }) {
		t.Error("a query reached a database that does not exist")
	}
}

// escape percent-encodes all of a text.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}
