package controlplane_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/bus/invalidateapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func (w *world) fork(auth, db, to string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+db+"/fork", `{"to":"`+to+`"}`, "Authorization", auth)
}

func (w *world) rename(auth, db, to string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+db+"/rename", `{"to":"`+to+`"}`, "Authorization", auth)
}

func (w *world) remove(auth, db string) answer {
	w.t.Helper()
	return w.do("DELETE", "/v1/"+db, "", "Authorization", auth)
}

func (w *world) undelete(auth, db string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+db+"/undelete", "", "Authorization", auth)
}

// kin returns forked_from and forks as a caller sees them.
func (w *world) kin(auth, db string) string {
	w.t.Helper()
	got := w.do("GET", "/v1/"+db+"/details", "", "Authorization", auth)
	var d struct {
		From  *string  `json:"forked_from"`
		Forks []string `json:"forks"`
	}
	if err := json.Unmarshal([]byte(got.body), &d); err != nil || got.status != 200 {
		w.t.Fatalf("%d %s", got.status, got.body)
	}
	from := "nothing"
	if d.From != nil {
		from = *d.From
	}
	return from + " " + strings.Join(d.Forks, " ")
}

// A15: a fork is an independent copy, and each side shows the other to callers who
// may discover it.
func TestFork(t *testing.T) {
	w := newWorld(t, func(c *config) { c.DatabasesPerAccount = 3 })
	ann, bob, mia := w.account("ann"), w.account("bob"), w.account("mia")
	w.mustCreate(ann, "ann/d")
	w.node.write(path("ann", "d"), "a state")
	w.wantOther(w.fork(bob, "ann/d", "bob/copy"), 403, "Authenticated entity bob can't fork database ann/d")
	w.publish(ann, "ann/d", "fork")
	w.want(w.fork(bob, "ann/d", "BOB/Copy"), 201, `{"entity":"bob","database":"Copy","database_type":"sqlite","forked_from":"ann/d"}`)
	if data, _ := w.node.data(path("bob", "Copy")); data != "a state" {
		t.Errorf("it has %q", data)
	}
	w.wantOther(w.query(bob, "ann/d", "SELECT 1"), 403, "Authenticated entity bob can't query database ann/d")
	for _, tt := range []struct{ auth, db, want string }{
		{bob, "bob/Copy", "ann/d "}, {ann, "ann/d", "nothing "}, {bob, "ann/d", "nothing bob/Copy"},
	} {
		if got := w.kin(tt.auth, tt.db); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.db, got, tt.want)
		}
	}
	w.publish(bob, "bob/Copy", "read-only")
	w.publish(ann, "ann/d", "no-access")
	if got := w.kin(mia, "bob/Copy"); got != "nothing " {
		t.Errorf("the source is told of: %q", got)
	}
	if got := w.kin(ann, "ann/d"); got != "nothing bob/Copy" {
		t.Errorf("got %q", got)
	}

	w.wantOther(w.fork(ann, "ann/d", "bob/x"), 403, "Authenticated entity ann can't create a database for entity bob")
	w.wantOther(w.fork(bob, "bob/Copy", "bob/Copy"), 409, "Database already exists")
	w.wantOther(w.fork(bob, "bob/Copy", "copy"), 400, "The name of the new database must look like ENTITY/DATABASE")
	w.want(w.fork(bob, "bob/Copy", "bob/a b"), 400, `{"type":"InvalidSlug","message":"Invalid database slug: a b. Only letters, numbers, underscores, hyphens, and periods are allowed"}`)
	w.wantOther(w.do("POST", "/v1/ann/d/fork", "", "Authorization", ann), 400, "Missing `to` in the JSON body: the name ENTITY/DATABASE")
	// The fork of a database that was never written is empty.
	w.mustCreate(bob, "bob/empty")
	w.want(w.fork(bob, "bob/empty", "bob/empty2"), 201, `{"entity":"bob","database":"empty2","database_type":"sqlite","forked_from":"bob/empty"}`)
	if data, there := w.node.data(path("bob", "empty2")); data != "" || !there {
		t.Errorf("%q, %v", data, there)
	}
	if got := w.fork(bob, "bob/Copy", "bob/more"); got.status != 403 || !strings.Contains(got.body, "bob has 3 databases and may have 3") {
		t.Errorf("the forker's limit: %d %s", got.status, got.body)
	}
}

func TestDeleteAndUndelete(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/d")
	w.node.write(path("ann", "d"), "the first")
	w.mustShare(ann, "ann/d", "bob", "manager")
	app := w.scopedToken("app", "ann", "d", 1)
	w.wantOther(w.remove(bob, "ann/d"), 403, "Authenticated entity bob can't delete database ann/d")
	w.query(bob, "ann/d", "SELECT 1") // it is in memory
	w.want(w.remove(ann, "ann/d"), 200, `{}`)
	w.want(w.remove(ann, "ann/d"), 404, `{"type":"RecordNotFound","id":"ann/d","record_type":"database"}`)
	w.wantOther(w.query(bob, "ann/d", "SELECT 1"), 403, "Authenticated entity bob can't query database ann/d")
	w.wantOther(w.query(app, "ann/d", "SELECT 1"), 403, "Authenticated entity ann can't query database ann/d")
	list := w.do("GET", "/v1/entity/ann", "", "Authorization", ann)
	if !strings.HasSuffix(list.body, `"databases":[],"permissions":{"can_create_database":true},"deleted_databases":[{"slug":"d","deleted_at":"2026-03-15T16:25:56.706720Z","purged_at":"2026-03-22T16:25:56.706720Z"}]}`) {
		t.Errorf("%s", list.body)
	}
	if list := w.do("GET", "/v1/entity/ann", "", "Authorization", bob); strings.Contains(list.body, "deleted") {
		t.Errorf("others see %s", list.body)
	}
	// The name is free at once.
	w.mustCreate(ann, "ann/d")
	w.node.write(path("ann", "d"), "the second")
	w.wantOther(w.undelete(ann, "ann/d"), 409, "There is a database of that name again; rename it first")
	w.wantOther(w.undelete(bob, "ann/d"), 403, "Authenticated entity bob can't undelete database ann/d")
	w.wantOther(w.undelete(bob, "ann/never"), 403, "Authenticated entity bob can't undelete database ann/never")
	w.want(w.undelete(ann, "ann/never"), 404, `{"type":"RecordNotFound","id":"ann/never","record_type":"database"}`)
	w.want(w.rename(ann, "ann/d", "ann/e"), 200, `{}`)
	w.want(w.undelete(ann, "ann/d"), 200, `{}`)
	if data, _ := w.node.data(path("ann", "d")); data != "the first" {
		t.Errorf("it has %q", data)
	}
	for name, auth := range map[string]string{"bob": bob, "the token": app} { // grants and tokens hold again
		if got := w.query(auth, "ann/d", "SELECT 1"); got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if list := w.do("GET", "/v1/entity/ann", "", "Authorization", ann); strings.Contains(list.body, "deleted_databases") {
		t.Errorf("%s", list.body)
	}
}

// A database can be deleted while its node is down. The files are moved later; see
// TestCrashes.
func TestDeleteWithoutItsNode(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	w.node.before = func(string) error { return errs.E(errs.Unavailable, "down") }
	w.want(w.remove(ann, "ann/d"), 200, `{}`)
	if got := w.query(ann, "ann/d", "SELECT 1"); got.status != 404 {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.node.before = func(string) error { return nil }
	w.wantOther(w.create(ann, "ann/d"), 409, "A database of that name is being renamed or deleted; try again later")
	w.wantOther(w.undelete(ann, "ann/d"), 409, "The database is still being deleted; try again later")
}

func TestRename(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/old")
	w.mustShare(ann, "ann/old", "bob", "read-only")
	app := w.scopedToken("app", "ann", "old", 1)
	for to, want := range map[string]string{
		"bob/new": "A database stays with its owner, ann; fork it to have it under another account",
		"new":     "The new name must look like ENTITY/DATABASE",
		"ann/old": "ann/old has that name already",
	} {
		w.wantOther(w.rename(ann, "ann/old", to), 400, want)
	}
	w.wantOther(w.rename(bob, "ann/old", "ann/new"), 403, "Authenticated entity bob can't rename database ann/old")
	w.mustCreate(ann, "ann/taken")
	w.wantOther(w.rename(ann, "ann/old", "ann/taken"), 409, "Database already exists")
	w.want(w.rename(ann, "ann/old", "ANN/new"), 200, `{}`)

	// The old name leads to the database for callers with rights, and the others learn
	// nothing.
	for _, name := range []string{"old", "new"} {
		for who, auth := range map[string]string{"ann": ann, "bob": bob, "app": app} {
			if got := w.query(auth, "ann/"+name, "SELECT 1"); got.status != 200 {
				t.Errorf("%s, %s: %d %s", who, name, got.status, got.body)
			}
		}
	}
	if got := w.do("GET", "/v1/ann/old/details", "", "Authorization", ann); !strings.Contains(got.body, `"database_slug":"new"`) {
		t.Errorf("%s", got.body)
	}
	mia := w.account("mia")
	for _, name := range []string{"old", "new", "never"} {
		w.wantOther(w.query(mia, "ann/"+name, "SELECT 1"), 403, "Authenticated entity mia can't query database ann/"+name)
	}
	tokens := w.do("GET", "/v1/tokens", "", "Authorization", ann)
	if !strings.Contains(tokens.body, `"scoped_database":"ann/new"`) {
		t.Errorf("%s", tokens.body)
	}
	w.mustCreate(ann, "ann/old") // the name is used again
	if got := w.do("GET", "/v1/ann/old/details", "", "Authorization", ann); !strings.Contains(got.body, `"database_slug":"old"`) {
		t.Errorf("%s", got.body)
	}
	w.wantOther(w.query(bob, "ann/old", "SELECT 1"), 403, "Authenticated entity bob can't query database ann/old")
	w.want(w.remove(ann, "ann/taken"), 200, `{}`)
	w.wantOther(w.rename(ann, "ann/new", "ann/taken"), 409, "A deleted database had that name and can still be undeleted; choose another name")
}

// While its files move to another name, a database is unavailable. A rename that
// the node refuses is canceled.
func TestRenameIsWhole(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	w.node.before = func(string) error { return errs.E(errs.Conflict, "There are files already") }
	w.wantOther(w.rename(ann, "ann/d", "ann/e"), 409, "There are files already")
	if got := w.query(ann, "ann/d", "SELECT 1"); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.node.before = func(string) error { return errs.E(errs.Unavailable, "down") }
	if got := w.rename(ann, "ann/d", "ann/e"); got.status != 503 || !strings.Contains(got.body, "what was asked for will be done as soon as it does") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := w.query(ann, "ann/d", "SELECT 1"); got.status != 503 || !strings.Contains(got.body, "being renamed") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, got := range []answer{w.remove(ann, "ann/d"), w.create(ann, "ann/e"), w.rename(ann, "ann/d", "ann/f")} {
		if got.status != 409 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}

func (w *world) snapshots(auth, db string) (ids []string, body string) {
	w.t.Helper()
	got := w.do("GET", "/v1/"+db+"/list_snapshots", "", "Authorization", auth)
	var list struct {
		Snapshots []struct {
			ID string `json:"snapshot_id"`
		} `json:"snapshots"`
	}
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || got.status != 200 {
		w.t.Fatalf("%d %s", got.status, got.body)
	}
	for _, s := range list.Snapshots {
		ids = append(ids, s.ID)
	}
	return ids, got.body
}

func (w *world) restore(auth, db, body string) answer {
	w.t.Helper()
	return w.do("POST", "/v1/"+db+"/restore_snapshot", body, "Authorization", auth)
}

// N12: a snapshot can be taken by hand with a message. The list has the message,
// and marks the state before a restore.
func TestSnapshots(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/d")
	w.want(w.do("GET", "/v1/ann/d/list_snapshots", "", "Authorization", ann), 200, `{"snapshots":[]}`)
	w.wantOther(w.do("POST", "/v1/ann/d/snapshots", "", "Authorization", ann), 409, "Nothing was ever written to ann/d, so there is nothing to keep")
	w.node.write(path("ann", "d"), "one")
	w.want(w.do("POST", "/v1/ann/d/snapshots", `{"message":"the \"first\""}`, "Authorization", ann), 201, `{"snapshot_id":"`+idOf("one")+`","created":true}`)
	w.want(w.do("POST", "/v1/ann/d/snapshots", "", "Authorization", ann), 201, `{"snapshot_id":"`+idOf("one")+`","created":false}`)
	w.wantOther(w.do("POST", "/v1/ann/d/snapshots", `{"message":"`+strings.Repeat("é", 501)+`"}`, "Authorization", ann), 400, "The message of a snapshot is text of at most 500 characters")
	w.wantOther(w.do("POST", "/v1/ann/d/snapshots", `{"message":5}`, "Authorization", ann), 400, "`message` in the body must be a text")
	w.mu.Lock()
	w.now = w.now.Add(3 * time.Second)
	w.mu.Unlock()
	w.node.write(path("ann", "d"), "two")
	w.want(w.restore(ann, "ann/d", idOf("one")+"\n"), 200, `{}`)
	if data, _ := w.node.data(path("ann", "d")); data != "one" {
		t.Errorf("it has %q", data)
	}
	ids, body := w.snapshots(ann, "ann/d")
	want := fmt.Sprintf(`{"snapshots":[{"last_modified_at":"2026-03-15T16:25:59.706720Z","snapshot_id":"%s","bytes":3,"message":null,"before_restore":true},`+
		`{"last_modified_at":"2026-03-15T16:25:56.706720Z","snapshot_id":"%s","bytes":3,"message":"the \"first\"","before_restore":false}]}`, idOf("two"), idOf("one"))
	if body != want || len(ids) != 2 {
		t.Errorf("\n got %s\nwant %s", body, want)
	}
	w.want(w.restore(ann, "ann/d", `{"snapshot_id":"`+idOf("two")+`"}`), 200, `{}`)
	w.want(w.restore(ann, "ann/d", `{"snapshot_id":"`+idOf("one")+`","to":"ann/past"}`), 200, `{}`)
	if data, _ := w.node.data(path("ann", "past")); data != "one" {
		t.Errorf("the new one has %q", data)
	}
	// S3: a malformed id reaches no other role.
	none := `{"type":"SnapshotDoesNotExistError"}`
	for _, id := range []string{idOf("never"), "", "x", "../../bob/d/" + idOf("one"), strings.ToUpper(idOf("one")), idOf("one") + "0", idOf("one")[:63] + "/"} {
		w.want(w.restore(ann, "ann/d", id), 404, none)
	}
	w.wantOther(w.restore(ann, "ann/d", `{"snapshot_id":5}`), 400, "The body must be the id of a snapshot, or a JSON object with `snapshot_id`")
	w.mustShare(ann, "ann/d", "bob", "read-write")
	denied := "Authenticated entity bob can't manage snapshots on database ann/d"
	for _, got := range []answer{w.restore(bob, "ann/d", idOf("one")), w.do("GET", "/v1/ann/d/list_snapshots", "", "Authorization", bob), w.do("POST", "/v1/ann/d/snapshots", "", "Authorization", bob)} {
		w.wantOther(got, 403, denied)
	}
	w.mustShare(ann, "ann/d", "bob", "manager")
	w.wantOther(w.restore(bob, "ann/d", `{"snapshot_id":"`+idOf("one")+`","to":"ann/x"}`), 403, "Authenticated entity bob can't create a database for entity ann")
	w.want(w.restore(bob, "ann/d", `{"snapshot_id":"`+idOf("one")+`","to":"bob/x"}`), 200, `{}`)
}

// A restore fails when the present state cannot be kept.
func TestRestoreNeedsItsProtection(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	w.node.write(path("ann", "d"), "one")
	w.do("POST", "/v1/ann/d/snapshots", "", "Authorization", ann)
	w.node.write(path("ann", "d"), "two")
	for code, status := range map[errs.Code]int{errs.Snapshot: 500, errs.ObjectStore: 502, errs.Unavailable: 503} {
		w.node.before = func(verb string) error {
			if verb == "take" {
				return errs.E(code, "It can't be taken")
			}
			return nil
		}
		if got := w.restore(ann, "ann/d", idOf("one")); got.status != status {
			t.Errorf("%s: %d %s", code, got.status, got.body)
		}
	}
	if data, _ := w.node.data(path("ann", "d")); data != "two" || len(w.node.homes[path("ann", "d")].versions) != 1 {
		t.Errorf("%q in %v", data, w.node.homes[path("ann", "d")].versions)
	}
}

// Limits are shown to the owner.
func TestUsageByRight(t *testing.T) {
	w := newWorld(t)
	ann, mia := w.account("ann"), w.account("mia")
	w.mustCreate(ann, "ann/d")
	w.mustShare(ann, "ann/d", "mia", "manager")
	w.want(w.do("GET", "/v1/ann/d/usage", "", "Authorization", mia), 200, `{"database_bytes":8192,"wal_bytes":512,"running":1}`)
	if got := w.do("GET", "/v1/ann/d/usage", "", "Authorization", ann); got.status != 200 || !strings.Contains(got.body, `"limits":{`) || !strings.Contains(got.body, `"account":{"entity":"ann","databases":1,`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A snapshot that is larger than the target may be is refused: the limit is the
// database's own in place, and the account's for a new one. The node gets the same
// limit.
func TestRestoreKeepsToTheLimit(t *testing.T) {
	w := newWorld(t, func(c *config) { c.DatabaseBytes = 1000 })
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	s, err := store.Open(t.Context(), store.Config{URL: "sqlite://" + w.path, MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	d, err := s.DatabaseByPath(t.Context(), path("ann", "d"))
	if err != nil {
		t.Fatal(err)
	}
	w.node.write(path("ann", "d"), "four")
	w.do("POST", "/v1/ann/d/snapshots", "", "Authorization", ann)
	w.want(w.restore(ann, "ann/d", `{"snapshot_id":"`+idOf("four")+`","to":"ann/first"}`), 200, `{}`)
	if err := s.ChangeAccountLimits(t.Context(), d.Owner, map[limits.Limit]*int64{limits.DatabaseBytes: new(int64(3))}); err != nil {
		t.Fatal(err)
	}
	if err := s.ChangeDatabaseLimits(t.Context(), d.ID, map[limits.Limit]*int64{limits.DatabaseBytes: new(int64(4))}); err != nil {
		t.Fatal(err)
	}
	w.cp.Invalidate(invalidateapi.Notice{All: true})
	w.want(w.restore(ann, "ann/d", idOf("four")), 200, `{}`)
	w.node.write(path("ann", "d"), "fiver")
	w.do("POST", "/v1/ann/d/snapshots", "", "Authorization", ann)
	hint := " (limits.database_bytes, which the operator of the server can raise)"
	w.wantOther(w.restore(ann, "ann/d", idOf("fiver")), 413, "The snapshot has 5 bytes, and the database may have 4"+hint)
	w.wantOther(w.restore(ann, "ann/d", `{"snapshot_id":"`+idOf("four")+`","to":"ann/new"}`), 413, "The snapshot has 4 bytes, and the database may have 3"+hint)
	var told []int64
	for _, l := range w.node.loads {
		told = append(told, l.DatabaseBytes)
	}
	if want := []int64{1000, 4, 4, 3}; !slices.Equal(told, want) {
		t.Errorf("the node was told %d, not %d", told, want)
	}
	if data, _ := w.node.data(path("ann", "d")); data != "fiver" {
		t.Errorf("it has %q", data)
	}
}

// A snapshot that a list misses keeps its message: it may be moving to another
// name, or the object store may not be configured at the moment.
func TestMessagesOutliveALookThatMissesThem(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/d")
	w.node.write(path("ann", "d"), "one")
	w.want(w.do("POST", "/v1/ann/d/snapshots", `{"message":"first"}`, "Authorization", ann), 201, `{"snapshot_id":"`+idOf("one")+`","created":true}`)
	w.mu.Lock()
	w.now = w.now.Add(48 * time.Hour)
	w.mu.Unlock()
	there := func(list []stored) (before []stored) {
		w.node.mu.Lock()
		defer w.node.mu.Unlock()
		before = w.node.stored[path("ann", "d")]
		w.node.keep(path("ann", "d"), list)
		return before
	}
	away := there(nil)
	if ids, _ := w.snapshots(ann, "ann/d"); len(ids) != 0 {
		t.Errorf("listed %v", ids)
	}
	there(away)
	if _, body := w.snapshots(ann, "ann/d"); !strings.Contains(body, `"message":"first"`) {
		t.Error(body)
	}
}
