package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/controlplane/metadata/store/storetest"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store {
		return open(t, "sqlite://"+filepath.Join(t.TempDir(), "ayb.sqlite"))
	})
}

func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestOpenMakesPrivateFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "odd %name?#.sqlite")
	open(t, "sqlite://"+path)
	for p, want := range map[string]os.FileMode{path: 0o600, path + "-wal": 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", p, got, want)
		}
	}
}

func TestOpenRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, "sqlite://ayb_data/ayb.sqlite")
	if _, err := os.Stat("ayb_data/ayb.sqlite"); err != nil {
		t.Error(err)
	}
}

// P5: durable writes, concurrent readers.
func TestPragmas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ayb.sqlite")
	open(t, "sqlite://"+path)
	var mode string
	if err := raw(t, path).QueryRow(`PRAGMA journal_mode`).Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal mode %s, %v", mode, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"postgresql://u:sesame@host:port/db":             "must look like",
		"postgres://u:sesame@host/db?sslmode=perhaps":    "must look like",
		"postgres://u:sesame@host/db?connect_timeout=-1": "must look like",
		"mysql://u:sesame@host":                          "Database type for URL is not supported (currently only SQLite and PostgreSQL)",
		"":                                               "Database type for URL is not supported",
		"sqlite://":                                      "must look like",
		"sqlite:x":                                       "must look like",
		"sqlite://dir/":                                  "must look like",
	} {
		_, err := store.Open(t.Context(), store.Config{URL: url})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestOpenTwiceAndAtOnce(t *testing.T) {
	url := "sqlite://" + filepath.Join(t.TempDir(), "ayb.sqlite")
	openAtOnce(t, url)
}

// openAtOnce opens a new store five times at the same time and uses each.
func openAtOnce(t *testing.T, url string) {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 5 {
		wg.Go(func() {
			<-start
			s, err := store.Open(t.Context(), store.Config{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			name := fmt.Sprint("user", i)
			if err := s.Confirm(t.Context(), storetest.Confirmation(name, name+"@example.org", name)); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	s := open(t, url)
	for i := range 5 {
		if _, err := s.EntityBySlug(t.Context(), ayb.EntitySlug(fmt.Sprint("user", i))); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefusesNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ayb.sqlite")
	open(t, "sqlite://"+path)
	if _, err := raw(t, path).Exec(`INSERT INTO ayb_migration VALUES (9999, 'from the future', '2030-01-01')`); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{URL: "sqlite://" + path}); !errs.Is(err, errs.Unsupported) {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{URL: "sqlite://" + path}); err == nil {
		t.Error("a text file was opened as metadata")
	}
}

// oldSchema is the schema of an early version of the reference implementation,
// without the columns that ayb and its later versions added.
const oldSchema = `
CREATE TABLE entity (id INTEGER PRIMARY KEY NOT NULL, slug TEXT NOT NULL UNIQUE, entity_type SMALLINT NOT NULL);
CREATE TABLE authentication_method (id INTEGER PRIMARY KEY NOT NULL, entity_id INTEGER NOT NULL REFERENCES entity(id),
	method_type SMALLINT NOT NULL, status SMALLINT NOT NULL, email_address TEXT NOT NULL, UNIQUE(method_type, email_address));
CREATE TABLE api_token (short_token TEXT PRIMARY KEY NOT NULL, entity_id INTEGER NOT NULL REFERENCES entity(id), hash TEXT NOT NULL);
CREATE TABLE database (id INTEGER PRIMARY KEY NOT NULL, slug TEXT NOT NULL, db_type SMALLINT NOT NULL,
	entity_id INTEGER NOT NULL REFERENCES entity(id), UNIQUE(entity_id, slug));
INSERT INTO entity VALUES (4, 'alice', 1), (5, 'bob', 0);
INSERT INTO authentication_method VALUES (1, 4, 0, 0, 'alice@example.org'), (2, 5, 0, 1, 'revoked@example.org'), (3, 5, 0, 0, 'bob@example.org');
INSERT INTO api_token VALUES ('WnGGPVCXjC5', 4, '0f01ab6e0833f280b73b2b618c16102d91c0b7c585d42a080d6e6603239a8bee');
INSERT INTO database VALUES (9, 'Shop.sqlite', 0, 4);
`

func TestTakeOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.sqlite")
	db := raw(t, path)
	if _, err := db.Exec(oldSchema); err != nil {
		t.Fatal(err)
	}
	takeOver(t, open(t, "sqlite://"+path))
}

// takeOver checks a store that was opened on oldSchema or oldPostgres.
func takeOver(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	e, err := s.EntityBySlug(ctx, "alice")
	if err != nil || e.ID != 4 || e.Type != ayb.Organization {
		t.Errorf("entity %+v, %v", e, err)
	}
	d, err := s.DatabaseByPath(ctx, ayb.DatabasePath{Entity: "alice", Database: "Shop.sqlite"})
	if err != nil || d.ID != 9 || d.Owner != 4 || d.Public != ayb.PublicNone || d.Node != "" || !d.CreatedAt.IsZero() {
		t.Errorf("database %+v, %v", d, err)
	}
	tok, err := s.TokenByShort(ctx, "WnGGPVCXjC5")
	if err != nil || tok.Entity != 4 || tok.Scope != nil || !tok.CreatedAt.IsZero() || tok.Hash[0] != 0x0f {
		t.Errorf("token %+v, %v", tok, err)
	}
	// A10: a revoked address does not count.
	if got, err := s.Addresses(ctx, "bob"); err != nil || len(got) != 1 || got[0] != "bob@example.org" {
		t.Errorf("addresses %v, %v", got, err)
	}
	if err := s.Confirm(ctx, storetest.Confirmation("bob", "revoked@example.org", "m0")); !errs.Is(err, errs.Conflict) {
		t.Errorf("a revoked address confirmed: %v", err)
	}
	if err := s.Confirm(ctx, storetest.Confirmation("alice", "alice@example.org", "m1")); err != nil {
		t.Error(err)
	}
	if err := s.Confirm(ctx, storetest.Confirmation("carol", "carol@example.org", "m2")); err != nil {
		t.Error(err)
	}
	if list, err := s.TokensOf(ctx, 4, time.Now()); err != nil || len(list) != 2 || list[1].Short != "WnGGPVCXjC5" {
		t.Errorf("tokens %+v, %v", list, err)
	}
}

const tokenColumns = `INSERT INTO api_token (short_token, entity_id, hash, database_id, query_permission_level,
	app_name, created_at, expires_at, revoked_at) VALUES `

// S2: a stored token keeps its scope, even if its database was deleted.
func TestScopedTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.sqlite")
	s, ctx, db := open(t, "sqlite://"+path), t.Context(), raw(t, path)
	if err := s.Confirm(ctx, storetest.Confirmation("alice", "alice@example.org", "m")); err != nil {
		t.Fatal(err)
	}
	hash := strings.Repeat("ab", 32)
	for _, stmt := range []string{
		`INSERT INTO database (id, slug, db_type, entity_id, public_sharing_level) VALUES (3, 'd', 0, 1, 2)`,
		tokenColumns + `('app', 1, '` + hash + `', 3, 1, 'My App', '2026-03-15 16:25:56.706720', '2026-03-16 00:00:00', NULL)`,
		tokenColumns + `('gone', 1, '` + hash + `', NULL, 0, 'Other', NULL, NULL, NULL)`,
		`UPDATE entity SET display_name = 'Alice', links = '[{"url":"https://a.example/","verified":true}]'`,
	} {
		if _, err := db.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	app, err := s.TokenByShort(ctx, "app")
	want := meta.Scope{Database: 3, Path: ayb.DatabasePath{Entity: "alice", Database: "d"}, Level: ayb.QueryReadWrite}
	if err != nil || app.Scope == nil || *app.Scope != want || app.AppName != "My App" ||
		app.ExpiresAt.Format("2006-01-02 15:04:05 MST") != "2026-03-16 00:00:00 UTC" {
		t.Errorf("got %+v, %v", app, err)
	}
	gone, err := s.TokenByShort(ctx, "gone")
	if err != nil || gone.Scope == nil || gone.Scope.Database != 0 || gone.Scope.Level != ayb.QueryReadOnly {
		t.Errorf("got %+v, %v", gone, err)
	}
	if list, err := s.TokensOf(ctx, 1, app.ExpiresAt); err != nil || len(list) != 2 {
		t.Errorf("the expired token is listed: %+v, %v", list, err)
	}
	e, err := s.EntityBySlug(ctx, "alice")
	if err != nil || *e.Profile.DisplayName != "Alice" || e.Profile.Links[0] != (meta.Link{URL: "https://a.example/", Verified: true}) {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := db.Exec(`UPDATE api_token SET hash = '/secret/', query_permission_level = 7`); err != nil {
		t.Fatal(err)
	}
	// S20: a damaged row is an internal error without details.
	if _, err := s.TokenByShort(ctx, "app"); !errs.Is(err, errs.Internal) || errs.Public(err).Message != "The metadata store failed" {
		t.Errorf("got %v", err)
	}
}
