package store_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/controlplane/metadata/store/pgtest"
	"github.com/ayb-go/ayb/controlplane/metadata/store/storetest"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// The directory holds stores that commit 1f92363 wrote, and the program that
// made that commit write them.
const oldStore = "testdata/1f92363/"

func TestSQLiteOf1f92363(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.sqlite")
	dump := readDump(t, "sqlite.sql")
	db := raw(t, path)
	if _, err := db.Exec(dump); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	old{t, open(t, "sqlite://"+path)}.check(dump)
	var problem string
	if err := raw(t, path).QueryRow(`PRAGMA integrity_check`).Scan(&problem); err != nil || problem != "ok" {
		t.Errorf("integrity: %s, %v", problem, err)
	}
	var broken int
	if err := raw(t, path).QueryRow(`SELECT count(*) FROM pragma_foreign_key_check`).Scan(&broken); err != nil || broken != 0 {
		t.Errorf("%d broken references, %v", broken, err)
	}
}

func TestPostgresOf1f92363(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	dump := readDump(t, "postgres.sql")
	if _, err := rawPostgres(t, url).Exec(dump); err != nil {
		t.Fatal(err)
	}
	old{t, open(t, url)}.check(dump)
	var left int
	err := rawPostgres(t, url).QueryRow(`SELECT count(*) FROM pg_class WHERE relname ~ 'doomed|errand|gone|moving'`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d tables, indexes and sequences keep an old name, %v", left, err)
	}
}

// schemaSix brings a store of 1f92363 to the last schema with the old words, and
// records a deleted account in it.
const schemaSix = `
ALTER TABLE account_limit ADD COLUMN tokens_per_account BIGINT;
CREATE TABLE gone_account (slug VARCHAR(128) PRIMARY KEY NOT NULL, gone_at TIMESTAMP NOT NULL);
INSERT INTO gone_account VALUES ('dave', '2026-03-15 16:25:56.706720');
INSERT INTO ayb_migration VALUES (6, '0006_accounts', '2026-12-01 00:00:00');
`

func TestDeletedAccountsOfSchemaSix(t *testing.T) {
	path, url := filepath.Join(t.TempDir(), "old.sqlite"), pgtest.Shared(t).Database(t)
	if _, err := raw(t, path).Exec(readDump(t, "sqlite.sql") + schemaSix); err != nil {
		t.Fatal(err)
	}
	if _, err := rawPostgres(t, url).Exec(readDump(t, "postgres.sql") + schemaSix); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"sqlite://" + path, url} {
		s := open(t, url)
		stale := storetest.Confirmation("dave", "dave@example.org", "stale")
		stale.MailIssued = oldNow.Add(-time.Second)
		if err := s.Confirm(t.Context(), stale); !errs.Is(err, errs.InvalidToken) {
			t.Errorf("a mail from before the deletion: %v", err)
		}
		stale.MailIssued = oldNow
		if err := s.Confirm(t.Context(), stale); err != nil {
			t.Error(err)
		}
	}
}

func readDump(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(oldStore + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The times and ids that the fill program used.
var oldNow = time.Date(2026, 3, 15, 16, 25, 56, 706_720_000, time.UTC)

const (
	oldAlice meta.EntityID = 1
	oldBob   meta.EntityID = 2
	oldCarol meta.EntityID = 3

	oldShop   meta.DatabaseID = 1
	oldCopy   meta.DatabaseID = 3
	oldSecond meta.DatabaseID = 11

	oldClaim = time.Minute
)

// old is a store of 1f92363 after its migration.
type old struct {
	*testing.T
	*store.Store
}

func (s old) check(dump string) {
	s.accounts()
	s.databases()
	s.tokens()
	s.codes()
	s.limits()
	s.snapshots()
	s.reservation(regexp.MustCompile(`'([A-Z2-7]{26})'`).FindStringSubmatch(dump)[1])
	s.operations()
	s.purges()
	s.newRows()
}

func (s old) must(err error) {
	s.Helper()
	if err != nil {
		s.Error(err)
	}
}

func (s old) want(what string, got, want any) {
	s.Helper()
	if !reflect.DeepEqual(got, want) {
		s.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func oldPath(entity, database string) ayb.DatabasePath {
	return ayb.DatabasePath{Entity: ayb.EntitySlug(entity), Database: ayb.DatabaseSlug(database)}
}

func oldDatabase(id meta.DatabaseID, owner meta.EntityID, path ayb.DatabasePath) meta.Database {
	return meta.Database{ID: id, Owner: owner, Path: path, Type: ayb.SQLite, Public: ayb.PublicNone, Node: "n1", CreatedAt: oldNow}
}

func (s old) accounts() {
	text := func(s string) *string { return &s }
	alice, err := s.EntityBySlug(s.Context(), "alice")
	s.must(err)
	s.want("alice", alice, meta.Entity{ID: oldAlice, Slug: "alice", Type: ayb.Organization, Profile: meta.Profile{
		DisplayName: text("Alice A."), Description: text("two\nlines"), Organization: text("Wonderland"), Location: text("Ärö"),
		Links: []meta.Link{{URL: "https://a.example/", Verified: true}, {URL: "https://b.example/"}},
	}})
	for _, name := range []string{"alice", "bob", "carol"} {
		addresses, err := s.Addresses(s.Context(), ayb.EntitySlug(name))
		s.must(err)
		s.want("addresses", addresses, []string{name + "@example.org"})
	}
	if _, err := s.EntityBySlug(s.Context(), "dave"); !errs.Is(err, errs.NotFound) {
		s.Errorf("a deleted account: %v", err)
	}
	spent := storetest.Confirmation("alice", "alice@example.org", "mail-alice")
	if err := s.Confirm(s.Context(), spent); !errs.Is(err, errs.InvalidToken) {
		s.Errorf("a spent log-in token: %v", err)
	}
}

func (s old) databases() {
	shop := oldDatabase(oldShop, oldAlice, oldPath("alice", "shop"))
	shop.Public = ayb.PublicFork
	tool := oldDatabase(2, oldBob, oldPath("bob", "tool"))
	tool.Type, tool.Public = ayb.DuckDB, ayb.PublicReadOnly
	duplicate := oldDatabase(oldCopy, oldBob, oldPath("bob", "copy"))
	list, err := s.DatabasesOf(s.Context(), oldBob)
	s.must(err)
	s.want("databases of bob", list, []meta.Database{duplicate, tool})
	from, _, err := s.Lineage(s.Context(), oldCopy, 0)
	s.must(err)
	s.want("origin of the copy", from, []meta.Access{{Database: shop, Grant: ayb.ShareNone}})
	_, forks, err := s.Lineage(s.Context(), oldShop, 0)
	s.must(err)
	s.want("forks of the shop", forks, []meta.Access{{Database: duplicate, Grant: ayb.ShareNone}})
	grants, err := s.GrantsOn(s.Context(), oldShop)
	s.must(err)
	s.want("grants", grants, []meta.Grant{
		{Entity: oldBob, Slug: "bob", Database: oldShop, Level: ayb.ShareManager, CreatedAt: oldNow},
		{Entity: oldCarol, Slug: "carol", Database: oldShop, Level: ayb.ShareReadOnly, CreatedAt: oldNow.Add(time.Second)},
	})
	now, err := s.ResolveRenamed(s.Context(), oldPath("alice", "first"))
	s.must(err)
	s.want("renamed", now, oldPath("alice", "second"))
	counts, err := s.CountDatabases(s.Context(), meta.Entity{ID: oldAlice, Slug: "alice"})
	s.must(err)
	s.want("counts", counts, meta.DatabaseCounts{Live: 3, Deleted: 3, Reserved: 1})
}

func (s old) tokens() {
	scope := &meta.Scope{Database: oldShop, Path: oldPath("alice", "shop"), Level: ayb.QueryReadWrite}
	for _, want := range []meta.APIToken{
		{Short: "login-carol", Hash: [32]byte{1}, Entity: oldCarol, Slug: "carol", CreatedAt: oldNow},
		{
			Short: "named", Hash: [32]byte{2}, Entity: oldAlice, Slug: "alice", Name: "backup job", CreatedAt: oldNow,
			ExpiresAt: oldNow.Add(2 * time.Hour), LastUsedAt: oldNow.Add(time.Minute), Idle: 48 * time.Hour,
		},
		{Short: "scoped", Hash: [32]byte{3}, Entity: oldBob, Slug: "bob", Scope: scope, AppName: "My App", CreatedAt: oldNow},
		{Short: "revoked", Hash: [32]byte{4}, Entity: oldAlice, Slug: "alice", CreatedAt: oldNow, RevokedAt: oldNow.Add(time.Minute)},
		{Short: "issued", Hash: [32]byte{5}, Entity: oldBob, Slug: "bob", Scope: scope, AppName: "My App", CreatedAt: oldNow},
	} {
		got, err := s.TokenByShort(s.Context(), want.Short)
		s.must(err)
		s.want("token", got, want)
	}
	list, err := s.TokensOf(s.Context(), oldAlice, oldNow)
	s.must(err)
	s.want("tokens of alice", len(list), 2)
}

func (s old) codes() {
	want := meta.OAuthCode{
		Hash: [32]byte{1}, Entity: oldBob, Slug: "bob",
		Scope:       meta.Scope{Database: oldShop, Path: oldPath("alice", "shop"), Level: ayb.QueryReadWrite},
		RedirectURI: "https://app.example/back", Challenge: "challenge", AppName: "My App",
		CreatedAt: oldNow, ExpiresAt: oldNow.Add(time.Hour),
	}
	got, err := s.OAuthCode(s.Context(), want.Hash)
	s.must(err)
	s.want("unused code", got, want)
	want.Hash, want.UsedAt, want.Issued = [32]byte{2}, oldNow.Add(time.Minute), "issued"
	got, err = s.OAuthCode(s.Context(), want.Hash)
	s.must(err)
	s.want("used code", got, want)
}

func (s old) limits() {
	var want limits.Overrides
	want.Account.Set(limits.HeapBytes, 5<<20)
	want.Database.Set(limits.DatabaseBytes, 6<<20)
	got, err := s.DatabaseByPath(s.Context(), oldPath("alice", "shop"))
	s.must(err)
	s.want("limits", got.Limits, &want)
	list, err := s.ListLimits(s.Context())
	s.must(err)
	s.want("all limits", list, []meta.LimitsRecord{
		{Entity: "alice", Values: want.Account}, {Entity: "alice", Database: "shop", Values: want.Database},
	})
}

func (s old) snapshots() {
	notes, err := s.SnapshotNotes(s.Context(), oldShop)
	s.must(err)
	s.want("notes", notes, []meta.SnapshotNote{{ID: "0a", Message: "before the sale", BeforeRestore: true, CreatedAt: oldNow}})
	task := func(id int64, from ayb.DatabasePath) meta.SnapshotTask {
		return meta.SnapshotTask{ID: id, From: from, Since: oldNow, Before: oldNow}
	}
	move := task(4, oldPath("alice", "first"))
	move.Database, move.To = oldSecond, oldPath("alice", "second")
	for _, step := range []struct {
		at   time.Time
		want []meta.SnapshotTask
	}{
		{oldNow, []meta.SnapshotTask{task(2, oldPath("dave", "more")), task(3, oldPath("dave", "kept")), move}},
		{oldNow.Add(oldClaim), []meta.SnapshotTask{task(1, oldPath("dave", "files"))}}, // the claim of 1f92363 has ended
	} {
		got, err := s.ClaimSnapshotTasks(s.Context(), 9, step.at, step.at.Add(time.Hour))
		s.must(err)
		s.want("snapshot tasks", got, step.want)
	}
	s.must(s.CompleteSnapshotTask(s.Context(), move, oldNow))
}

func (s old) reservation(token string) {
	staged := oldDatabase(0, oldAlice, oldPath("alice", "staged"))
	if err := s.CreateDatabase(s.Context(), staged); !errs.Is(err, errs.Conflict) {
		s.Errorf("a reserved path: %v", err)
	}
	r := meta.Reservation{ID: 2, Token: token}
	s.must(s.RenewReservation(s.Context(), r, oldNow.Add(time.Hour)))
	s.must(s.CreateReserved(s.Context(), r, staged, meta.Origin{}))
}

func (s old) operations() {
	ctx := s.Context()
	deleted, err := s.DeletedOf(ctx, oldAlice)
	s.must(err)
	s.want("deleted databases", deleted, []meta.Deleted{
		{Database: oldDatabase(9, oldAlice, oldPath("alice", "undeleting")), At: oldNow},
		{Database: oldDatabase(8, oldAlice, oldPath("alice", "deleting")), At: oldNow},
		{Database: oldDatabase(7, oldAlice, oldPath("alice", "deleted")), At: oldNow},
	})
	if d, err := s.DatabaseByPath(ctx, oldPath("alice", "renaming")); err != nil || !d.Pending {
		s.Errorf("a database that is being renamed: %+v, %v", d, err)
	}
	none, err := s.ClaimOperations(ctx, 9, oldNow, oldNow.Add(time.Hour))
	s.must(err)
	s.want("claimed operations", len(none), 0)
	got, err := s.ClaimOperations(ctx, 9, oldNow.Add(oldClaim), oldNow.Add(time.Hour))
	s.must(err)
	s.want("operations", got, []meta.PendingOperation{
		{Kind: meta.OperationDelete, Database: oldDatabase(8, oldAlice, oldPath("alice", "deleting"))},
		{Kind: meta.OperationUndelete, Database: oldDatabase(9, oldAlice, oldPath("alice", "undeleting"))},
		{Kind: meta.OperationRename, Database: oldDatabase(10, oldAlice, oldPath("alice", "renaming")), To: "to"},
	})
	for _, o := range got {
		s.must(s.CompleteOperation(ctx, o, oldNow))
	}
	for _, name := range []string{"undeleting", "to"} {
		_, err := s.DatabaseByPath(ctx, oldPath("alice", name))
		s.must(err)
	}
	_, err = s.BeginUndeletion(ctx, oldAlice, oldPath("alice", "deleting"), oldNow, oldNow.Add(oldClaim))
	s.must(err)
}

func (s old) purges() {
	ctx := s.Context()
	purge := func(id int64, name, key string) meta.PurgeTask {
		return meta.PurgeTask{ID: id, Path: oldPath("dave", name), Type: ayb.SQLite, Node: "n1", SoftDeleteKey: key}
	}
	want := []meta.PurgeTask{purge(3, "files", ""), purge(4, "more", ""), purge(5, "kept", "6")}
	got, err := s.PurgeQueue(ctx, 9)
	s.must(err)
	s.want("purge queue", got, want)
	got, err = s.ClaimPurges(ctx, 9, oldNow.Add(time.Hour), oldNow.Add(2*time.Hour))
	s.must(err)
	s.want("claimed purges", got, want)
	gone, _, err := s.PurgeDeleted(ctx, oldNow, oldNow, 9)
	s.must(err)
	s.want("databases purged after their time", gone, 1) // alice/deleted; the others have operations
}

// newRows checks that new rows get ids that no row had before.
func (s old) newRows() {
	ctx := s.Context()
	_, err := s.DeleteEntity(ctx, oldCarol, oldNow)
	s.must(err)
	fresh := storetest.Confirmation("carol", "carol@example.org", "fresh")
	fresh.MailIssued = oldNow.Add(-time.Second)
	if err := s.Confirm(ctx, fresh); !errs.Is(err, errs.InvalidToken) {
		s.Errorf("a mail from before the deletion: %v", err)
	}
	fresh.MailIssued = oldNow.Add(time.Hour)
	s.must(s.Confirm(ctx, fresh))
	carol, err := s.EntityBySlug(ctx, "carol")
	s.must(err)
	s.must(s.CreateDatabase(ctx, oldDatabase(0, carol.ID, oldPath("carol", "new"))))
	d, err := s.DatabaseByPath(ctx, oldPath("carol", "new"))
	s.must(err)
	if carol.ID <= 4 || d.ID <= oldSecond {
		s.Errorf("new rows have the ids %d and %d of old ones", carol.ID, d.ID)
	}
	tasks, err := s.ClaimSnapshotTasks(ctx, 99, oldNow.Add(48*time.Hour), oldNow.Add(49*time.Hour))
	s.must(err)
	if len(tasks) == 0 || !slices.ContainsFunc(tasks, func(x meta.SnapshotTask) bool { return x.ID > 4 }) {
		s.Errorf("no new snapshot task: %+v", tasks)
	}
}
