package databases_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// world is a store with one entity, and two nodes.
type world struct {
	found     []meta.Database // what a look-up finds, one after another; then nothing
	grants    map[meta.EntityID]ayb.SharingLevel
	public    ayb.PublicLevel // the last one set
	goneErr   error           // of every change of sharing
	insertErr error
	created   []nodeapi.NodeID
	discarded []nodeapi.NodeID
	asked     []nodeapi.NodeID
	requests  []nodeapi.QueryRequest
	live      []nodeapi.NodeStatus
	account   limits.Values       // of every account
	owned     meta.DatabaseCounts // what an account has
	busy      error               // of every path
	// The rest of a store is not called.
	databases.Creation
	databases.Listings
	databases.OperationRecords
	databases.Notes
}

func (w *world) EntityBySlug(_ context.Context, slug ayb.EntitySlug) (meta.Entity, error) {
	id, ok := map[ayb.EntitySlug]meta.EntityID{"alice": 1, "bob": 2, "mia": 3}[slug]
	if !ok {
		return meta.Entity{}, errs.RecordNotFound("entity", string(slug))
	}
	return meta.Entity{ID: id, Slug: slug}, nil
}

func (w *world) DatabaseByPath(_ context.Context, path ayb.DatabasePath) (meta.Database, error) {
	if len(w.found) == 0 || w.found[0].ID == 0 {
		w.found = w.found[min(1, len(w.found)):]
		return meta.Database{}, errs.RecordNotFound("database", path.String())
	}
	d := w.found[0]
	w.found = w.found[1:]
	return d, nil
}

func (w *world) DatabaseFor(ctx context.Context, path ayb.DatabasePath, viewer meta.EntityID) (meta.Access, error) {
	d, err := w.DatabaseByPath(ctx, path)
	return meta.Access{Database: d, Grant: w.grants[viewer]}, err
}

func (w *world) DatabasesFor(context.Context, meta.EntityID, meta.EntityID) ([]meta.Access, error) {
	return make([]meta.Access, w.owned.Live), nil
}

func (w *world) DeletedOf(context.Context, meta.EntityID) ([]meta.Deleted, error) { return nil, nil }

func (w *world) CheckPathFree(context.Context, ayb.DatabasePath) error { return w.busy }

func (w *world) ResolveRenamed(_ context.Context, path ayb.DatabasePath) (ayb.DatabasePath, error) {
	return path, errs.RecordNotFound("database", path.String())
}

func (w *world) CountDatabases(context.Context, meta.Entity) (meta.DatabaseCounts, error) {
	return w.owned, nil
}

func (w *world) SharedWith(context.Context, meta.EntityID) ([]meta.Access, error) { return nil, nil }

func (w *world) CreateDatabase(ctx context.Context, _ meta.Database) error {
	return errors.Join(w.insertErr, ctx.Err())
}

func (w *world) LiveNodes() []nodeapi.NodeStatus { return w.live }

func (w *world) Query(_ context.Context, n nodeapi.NodeID, r nodeapi.QueryRequest) (nodeapi.Answer, error) {
	w.asked, w.requests = append(w.asked, n), append(w.requests, r)
	return nil, nil
}

type files struct{ *world }

// rest is the part of a server that these tests do not call.
type rest struct {
	nodeapi.Imports
	nodeapi.Databases
	nodeapi.Versions
	nodeapi.DeletedDatabases
	snapshotapi.Snapshots
	databases.Operations
}

// noPurges removes no files.
type noPurges struct{}

func (noPurges) TryNow(context.Context, meta.PurgeTask) {}

// complete adds the rest.
func (r *rest) complete(d databases.Deps) databases.Deps {
	d.Imports, d.Versions, d.Snapshots, d.Operations, d.Purges = r, r, r, r, noPurges{}
	return d
}

// records is w as every part of the store.
func (w *world) records() databases.Store {
	return databases.Store{Lookup: w, Listings: w, Accounts: w, Creation: w, Operations: w, Notes: w, Grants: w}
}

func (f files) CreateDatabase(_ context.Context, n nodeapi.NodeID, _ nodeapi.CreateRequest) (nodeapi.Done, error) {
	f.created = append(f.created, n)
	return nodeapi.Done{}, nil
}

func (f files) DiscardDatabase(_ context.Context, n nodeapi.NodeID, _ nodeapi.DiscardRequest) (nodeapi.Done, error) {
	f.discarded = append(f.discarded, n)
	return nodeapi.Done{}, nil
}

func (f files) RenameDatabase(context.Context, nodeapi.NodeID, nodeapi.RenameRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, nil
}

func (f files) DeleteDatabase(context.Context, nodeapi.NodeID, nodeapi.DeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, nil
}

func (f files) DatabaseUsage(_ context.Context, n nodeapi.NodeID, _ nodeapi.UsageRequest) (nodeapi.UsageResponse, error) {
	f.asked = append(f.asked, n)
	return nodeapi.UsageResponse{DatabaseBytes: 4096, WALBytes: 100, Requests: 2}, nil
}

func (w *world) AccountLimits(context.Context, meta.EntityID) (limits.Values, error) {
	return w.account, nil
}

var alice = authz.Actor{Entity: 1, Slug: "alice"}

func service(t *testing.T, w *world, adjust ...func(*databases.Deps)) *databases.Databases {
	t.Helper()
	if w.live == nil {
		w.live = []nodeapi.NodeStatus{{ID: "small", FreeBytes: 1, Engines: []ayb.DatabaseType{ayb.SQLite}},
			{ID: "roomy", FreeBytes: 2, Engines: []ayb.DatabaseType{ayb.SQLite}}}
	}
	deps := databases.Deps{Store: w.records(), Queries: w, Files: files{w}, Nodes: w, Now: func() time.Time { return time.Unix(1, 0) }}
	deps = (&rest{}).complete(deps)
	for _, f := range adjust {
		f(&deps)
	}
	var server limits.Values
	server.Set(limits.StatementTimeout, time.Minute.Milliseconds())
	d, err := databases.New(databases.Config{Limits: server}, deps)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// N11: the files of a database that could not be recorded are removed, unless
// they may be in use.
func TestCreateTakesBack(t *testing.T) {
	record := func(node meta.NodeID) meta.Database { return meta.Database{ID: 9, Owner: 1, Node: node} }
	conflict := errs.E(errs.Conflict, "Database already exists")
	tests := []struct {
		name      string
		found     []meta.Database
		insertErr error
		discarded []nodeapi.NodeID
		code      errs.Code
	}{
		{"made", nil, nil, nil, ""},
		{"not recorded", nil, errs.E(errs.Internal, "x"), []nodeapi.NodeID{"roomy"}, errs.Internal},
		{"somebody else's, same node", []meta.Database{{}, record("roomy")}, conflict, nil, errs.Conflict},
		{"somebody else's, other node", []meta.Database{{}, record("small")}, conflict, []nodeapi.NodeID{"roomy"}, errs.Conflict},
		{"recorded after all", []meta.Database{{}, record("roomy")}, errs.E(errs.Unavailable, "x"), nil, errs.Unavailable},
	}
	for _, tt := range tests {
		w := &world{found: tt.found, insertErr: tt.insertErr}
		made, err := service(t, w).Create(t.Context(), alice, databases.NewDatabase{Entity: "Alice", Database: "d", Type: "sqlite"})
		if errs.CodeOf(err) != tt.code || !slices.Equal(w.discarded, tt.discarded) || !slices.Equal(w.created, []nodeapi.NodeID{"roomy"}) {
			t.Errorf("%s: %v, created on %v, discarded on %v", tt.name, err, w.created, w.discarded)
		}
		want := meta.Database{Owner: 1, Path: ayb.DatabasePath{Entity: "alice", Database: "d"}, Type: ayb.SQLite, Public: ayb.PublicNone, Node: "roomy", CreatedAt: time.Unix(1, 0)}
		if tt.code == "" && made != want {
			t.Errorf("%s: made %+v", tt.name, made)
		}
	}
}

// An account that was deleted a moment ago creates no database for a new account
// of the same name.
func TestCreateIsForTheAccountNotItsName(t *testing.T) {
	w := &world{}
	former := authz.Actor{Entity: 99, Slug: "alice"}
	_, err := service(t, w).Create(t.Context(), former, databases.NewDatabase{Entity: "alice", Database: "d", Type: "sqlite"})
	if !errs.Is(err, errs.Forbidden) || len(w.created) != 0 {
		t.Errorf("%v, created on %v", err, w.created)
	}
}

// A caller who goes away in the middle leaves no incomplete database.
func TestCreateOutlivesItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := &world{}
	if _, err := service(t, w).Create(ctx, alice, databases.NewDatabase{Entity: "alice", Database: "d", Type: "sqlite"}); err != nil || len(w.discarded) != 0 {
		t.Errorf("%v, discarded on %v", err, w.discarded)
	}
}

// While files of a path are purged, no database is created at it: the new files
// could be purged with them.
func TestCreateWaitsForRemoval(t *testing.T) {
	w := &world{busy: errs.E(errs.Conflict, "A deleted database of that name is still being removed; try again later")}
	s := service(t, w)
	create := func(name string) error {
		_, err := s.Create(t.Context(), alice, databases.NewDatabase{Entity: "alice", Database: name, Type: "sqlite"})
		return err
	}
	if err := create("d"); !errs.Is(err, errs.Conflict) || len(w.created) != 0 {
		t.Errorf("%v, created on %v", err, w.created)
	}
	w.busy = nil
	if err := create("d"); err != nil {
		t.Error(err)
	}
}

func TestQueryRouting(t *testing.T) {
	path := ayb.DatabasePath{Entity: "alice", Database: "d"}
	owned := meta.Database{ID: 9, Owner: 1, Path: path, Type: ayb.SQLite, Node: "small"}
	old := owned
	old.Node = ""
	reader := alice
	reader.Scope = &meta.Scope{Database: 9, Level: ayb.QueryReadOnly}
	one := []nodeapi.NodeStatus{{ID: "only"}}
	tests := []struct {
		name  string
		actor authz.Actor
		db    meta.Database
		live  []nodeapi.NodeStatus
		node  nodeapi.NodeID
		mode  ayb.QueryLevel
		code  errs.Code
	}{
		{"owner", alice, owned, nil, "small", ayb.QueryReadWrite, ""},
		{"scoped", reader, owned, nil, "small", ayb.QueryReadOnly, ""},
		{"taken over, one node", alice, old, one, "only", ayb.QueryReadWrite, ""},
		{"taken over, two nodes", alice, old, nil, "", "", errs.Unavailable},
		{"stranger", authz.Actor{Entity: 2, Slug: "bob"}, owned, nil, "", "", errs.Forbidden},
		{"grant", authz.Actor{Entity: 3, Slug: "mia"}, owned, nil, "small", ayb.QueryReadWrite, ""},
		{"nobody", authz.Actor{}, owned, nil, "", "", errs.Unauthenticated},
		{"missing, owner", alice, meta.Database{}, nil, "", "", errs.NotFound},
		{"missing, scoped", reader, meta.Database{}, nil, "", "", errs.Forbidden},
		{"missing, stranger", authz.Actor{Entity: 2, Slug: "bob"}, meta.Database{}, nil, "", "", errs.Forbidden},
	}
	for _, tt := range tests {
		w := &world{found: []meta.Database{tt.db}, live: tt.live, grants: map[meta.EntityID]ayb.SharingLevel{3: ayb.ShareReadWrite}}
		_, err := service(t, w).Query(t.Context(), tt.actor, databases.Query{Entity: "ALICE", Database: "d", Body: []byte("SELECT 1")})
		if errs.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.code != "" {
			if len(w.asked) != 0 {
				t.Errorf("%s: the query was sent", tt.name)
			}
			continue
		}
		r := w.requests[0]
		if w.asked[0] != tt.node || r.Mode != tt.mode || r.Path != path || r.Timeout != time.Minute || string(r.Body) != "SELECT 1" {
			t.Errorf("%s: %s was asked %+v", tt.name, w.asked[0], r)
		}
	}
}

func TestNewChecks(t *testing.T) {
	if _, err := databases.New(databases.Config{}, databases.Deps{}); err == nil {
		t.Error("missing dependencies are accepted")
	}
	w := &world{}
	deps := (&rest{}).complete(databases.Deps{Store: w.records(), Queries: w, Files: files{w}, Nodes: w, Now: time.Now})
	if _, err := databases.New(databases.Config{Grace: -1}, deps); err == nil {
		t.Error("a negative time is accepted")
	}
	var negative limits.Values
	negative.Set(limits.DatabasesPerAccount, -1)
	if _, err := databases.New(databases.Config{Limits: negative}, deps); err == nil {
		t.Error("a negative limit is accepted")
	}
}
