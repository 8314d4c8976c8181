package databases_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func set(of map[limits.Limit]int64) (v limits.Values) {
	for l, n := range of {
		v.Set(l, n)
	}
	return v
}

// limited is a service whose database alice/d has limits of its own.
func limited(t *testing.T, account, database map[limits.Limit]int64) (*world, *databases.Databases) {
	t.Helper()
	w := &world{account: set(account)}
	d := meta.Database{ID: 5, Owner: 1, Path: ayb.DatabasePath{Entity: "alice", Database: "d"}, Type: ayb.SQLite, Node: "small"}
	if len(account)+len(database) > 0 {
		d.Limits = &limits.Overrides{Account: set(account), Database: set(database)}
	}
	for range 4 {
		w.found = append(w.found, d)
	}
	return w, service(t, w)
}

// A request to a daemon has the limits that are set for its database or account;
// those of the server stay zero. The time and the size of results are always set.
func TestRequestsHaveTheirLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		account, database map[limits.Limit]int64
		timeout           time.Duration
		result            int64
		own               daemonapi.Limits
	}{
		"nothing set": {nil, nil, time.Minute, 0, daemonapi.Limits{}},
		"the account's": {map[limits.Limit]int64{limits.HeapBytes: 2 << 20, limits.ResultBytes: 99, limits.QueriesPerAccount: 4}, nil,
			time.Minute, 99, daemonapi.Limits{HeapBytes: 2 << 20}},
		"both": {map[limits.Limit]int64{limits.HeapBytes: 2 << 20, limits.StatementTimeout: 1}, map[limits.Limit]int64{limits.HeapBytes: 3 << 20, limits.StatementTimeout: 120_000,
			limits.DatabaseBytes: 1 << 30, limits.QueriesPerDatabase: 2}, 2 * time.Minute, 0, daemonapi.Limits{DatabaseBytes: 1 << 30, HeapBytes: 3 << 20, Queries: 2}},
	} {
		w, s := limited(t, tt.account, tt.database)
		if _, err := s.Query(t.Context(), alice, databases.Query{Entity: "alice", Database: "d"}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := s.Schema(t.Context(), alice, "alice", "d"); err != nil { // else the two would drive each other's daemon out
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, r := range w.requests {
			if r.Timeout != tt.timeout || r.ResultBytes != tt.result || r.Limits != tt.own {
				t.Errorf("%s: asked for %s, %d bytes, %+v", name, r.Timeout, r.ResultBytes, r.Limits)
			}
		}
	}
}

func TestRequestBytes(t *testing.T) {
	_, s := limited(t, nil, map[limits.Limit]int64{limits.RequestBytes: 1024})
	for size, code := range map[int]errs.Code{1024: "", 1025: errs.TooLarge} {
		_, err := s.Query(t.Context(), alice, databases.Query{Entity: "alice", Database: "d", Body: make([]byte, size)})
		if errs.CodeOf(err) != code || err != nil && !strings.Contains(err.Error(), "1024 bytes (limits.request_bytes, which the operator") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// The limit of the account replaces that of the server; 0 is no limit.
func TestDatabasesOfAccounts(t *testing.T) {
	w := &world{owned: meta.DatabaseCounts{Live: 1, Reserved: 1}}
	s := service(t, w)
	for most, code := range map[int64]errs.Code{1: errs.Forbidden, 2: errs.Forbidden, 3: "", 0: ""} {
		w.account.Set(limits.DatabasesPerAccount, most)
		_, err := s.Create(t.Context(), alice, databases.NewDatabase{Entity: "alice", Database: "new", Type: "sqlite"})
		if errs.CodeOf(err) != code || err != nil && !strings.Contains(err.Error(), "alice has 2 databases and may have") {
			t.Errorf("of %d: %v", most, err)
		}
	}
	// Those that were deleted and are kept fill disks too.
	w.account.Set(limits.DatabasesPerAccount, 3)
	for deleted, code := range map[int]errs.Code{3: "", 4: errs.Forbidden} {
		w.owned.Deleted = deleted
		_, err := s.Create(t.Context(), alice, databases.NewDatabase{Entity: "alice", Database: "new", Type: "sqlite"})
		if errs.CodeOf(err) != code {
			t.Errorf("with %d deleted: %v", deleted, err)
		}
	}
}

func TestUsage(t *testing.T) {
	w, s := limited(t, map[limits.Limit]int64{limits.QueriesPerAccount: 9}, map[limits.Limit]int64{limits.HeapBytes: 3 << 20})
	w.owned.Live = 7
	u, err := s.Usage(t.Context(), alice, "ALICE", "d")
	if err != nil {
		t.Fatal(err)
	}
	if u.Used.DatabaseBytes != 4096 || u.Used.WALBytes != 100 || u.Used.Requests != 2 || u.Databases != 7 || u.Path.String() != "alice/d" || w.asked[0] != "small" {
		t.Errorf("got %+v, asked %v", u, w.asked)
	}
	for l, want := range map[limits.Limit]limits.Source{limits.QueriesPerAccount: limits.FromAccount, limits.HeapBytes: limits.FromDatabase, limits.StatementTimeout: limits.FromServer} {
		if u.Limits.Source(l) != want {
			t.Errorf("%s is of the %s", l, u.Limits.Source(l))
		}
	}
	// Managers see what is used, and not what the owner may use.
	w.grants = map[meta.EntityID]ayb.SharingLevel{3: ayb.ShareManager}
	mia := authz.Actor{Entity: 3, Slug: "mia"}
	if seen, err := s.Usage(t.Context(), mia, "alice", "d"); err != nil || seen.Used != u.Used || seen.Own || seen.Databases != 0 || seen.Limits != (limits.Effective{}) {
		t.Errorf("a manager sees %+v, %v", seen, err)
	}
	w.asked = w.asked[:1]
	bob := authz.Actor{Entity: 2, Slug: "bob"}
	app := alice
	app.Scope = &meta.Scope{Database: 5, Level: ayb.QueryReadWrite}
	for want, actor := range map[errs.Code]authz.Actor{errs.Forbidden: bob, errs.Hidden: app} {
		if _, err := s.Usage(t.Context(), actor, "alice", "d"); !errs.Is(err, want) {
			t.Errorf("%s: %v", actor.Slug, err)
		}
	}
	if len(w.asked) != 1 {
		t.Errorf("a node was asked for somebody who may not know: %v", w.asked)
	}
	_, s = limited(t, nil, nil)
	for range 4 { // the look-ups that find something
		_, _ = s.Usage(t.Context(), bob, "alice", "d")
	}
	there, missing := errs.E(errs.Forbidden, "Authenticated entity bob can't see the usage of database alice/d"), error(nil)
	if _, missing = s.Usage(t.Context(), bob, "alice", "d"); missing == nil || missing.Error() != there.Message { // S22
		t.Errorf("a missing database gave %v", missing)
	}
}
