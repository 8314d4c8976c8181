package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/controlplane/metadata/store/pgtest"
	"github.com/ayb-go/ayb/controlplane/metadata/store/storetest"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestPostgres(t *testing.T) {
	server := pgtest.Shared(t)
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, server.Database(t)) })
}

func rawPostgres(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Five control planes that start at the same time migrate a new store once.
func TestPostgresOpenAtOnce(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	openAtOnce(t, url)
	db := rawPostgres(t, url)
	var rows, distinct int
	if err := db.QueryRow(`SELECT count(*), count(DISTINCT version) FROM ayb_migration`).Scan(&rows, &distinct); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir("migrations"); err != nil || rows != distinct || rows*2 != len(files) {
		t.Errorf("%d migrations are recorded, %d different ones, of %d files (%v)", rows, distinct, len(files), err)
	}
}

func TestPostgresRefusesNewerSchema(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	open(t, url)
	if _, err := rawPostgres(t, url).Exec(`INSERT INTO ayb_migration VALUES (9999, 'from the future', '2030-01-01')`); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{URL: url}); !errs.Is(err, errs.Unsupported) {
		t.Errorf("got %v", err)
	}
}

// oldPostgres is oldSchema in PostgreSQL, with the lengths that the reference
// implementation declared there, and with its later tables.
const oldPostgres = `
CREATE TABLE entity (id SERIAL PRIMARY KEY, slug VARCHAR(64) NOT NULL UNIQUE, entity_type SMALLINT NOT NULL,
	display_name VARCHAR(35), description VARCHAR(100), organization VARCHAR(35), location VARCHAR(35), links JSONB);
CREATE TABLE authentication_method (id SERIAL PRIMARY KEY, entity_id INTEGER NOT NULL REFERENCES entity(id),
	method_type SMALLINT NOT NULL, status SMALLINT NOT NULL, email_address VARCHAR(256) NOT NULL, UNIQUE(method_type, email_address));
CREATE TABLE database (id SERIAL PRIMARY KEY, slug VARCHAR(64) NOT NULL, db_type SMALLINT NOT NULL,
	entity_id INTEGER NOT NULL REFERENCES entity(id), public_sharing_level SMALLINT NOT NULL DEFAULT 0, UNIQUE(entity_id, slug));
CREATE TABLE api_token (short_token VARCHAR(12) PRIMARY KEY, entity_id INTEGER NOT NULL REFERENCES entity(id), hash VARCHAR(64) NOT NULL,
	database_id INTEGER REFERENCES database(id), query_permission_level SMALLINT, app_name VARCHAR(255),
	created_at TIMESTAMP, expires_at TIMESTAMP, revoked_at TIMESTAMP);
CREATE TABLE entity_database_permission (entity_id INTEGER NOT NULL REFERENCES entity(id),
	database_id INTEGER NOT NULL REFERENCES database(id), sharing_level SMALLINT NOT NULL, UNIQUE(entity_id, database_id));
CREATE TABLE oauth_authorization_request (code VARCHAR(64) PRIMARY KEY, entity_id INTEGER NOT NULL REFERENCES entity(id),
	code_challenge VARCHAR(128) NOT NULL, redirect_uri TEXT NOT NULL, app_name VARCHAR(255) NOT NULL,
	requested_query_permission_level SMALLINT NOT NULL, state VARCHAR(255), database_id INTEGER REFERENCES database(id),
	query_permission_level SMALLINT, created_at TIMESTAMP NOT NULL, expires_at TIMESTAMP NOT NULL, used_at TIMESTAMP);
INSERT INTO entity (id, slug, entity_type) VALUES (4, 'alice', 1), (5, 'bob', 0);
UPDATE entity SET links = '[{"url":"https://b.example/","verified":true}]' WHERE slug = 'bob';
INSERT INTO authentication_method (entity_id, method_type, status, email_address) VALUES
	(4, 0, 0, 'alice@example.org'), (5, 0, 1, 'revoked@example.org'), (5, 0, 0, 'bob@example.org');
INSERT INTO database (id, slug, db_type, entity_id) VALUES (9, 'Shop.sqlite', 0, 4);
INSERT INTO api_token (short_token, entity_id, hash) VALUES ('WnGGPVCXjC5', 4, '0f01ab6e0833f280b73b2b618c16102d91c0b7c585d42a080d6e6603239a8bee');
INSERT INTO entity_database_permission VALUES (5, 9, 2);
SELECT setval('entity_id_seq', 5), setval('database_id_seq', 9);
`

func TestPostgresTakeOver(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	db := rawPostgres(t, url)
	for stmt := range strings.SplitAfterSeq(strings.TrimSpace(oldPostgres), ";\n") {
		if _, err := db.Exec(stmt); err != nil {
			t.Fatal(stmt, err)
		}
	}
	s, ctx := open(t, url), t.Context()
	takeOver(t, s)
	bob, err := s.EntityBySlug(ctx, "bob")
	if err != nil || len(bob.Profile.Links) != 1 || bob.Profile.Links[0] != (meta.Link{URL: "https://b.example/", Verified: true}) {
		t.Errorf("profile %+v, %v", bob, err)
	}
	if list, err := s.GrantsOn(ctx, 9); err != nil || len(list) != 1 || list[0].Level != ayb.ShareReadWrite || !list[0].CreatedAt.IsZero() {
		t.Errorf("grants %+v, %v", list, err)
	}
	// A12 and A11: columns that were declared too short are wide enough.
	long := strings.Repeat("s", ayb.MaxSlugBytes)
	if err := s.Confirm(ctx, storetest.Confirmation(long, long+"@example.org", "long")); err != nil {
		t.Fatal(err)
	}
	e, err := s.EntityBySlug(ctx, ayb.EntitySlug(long))
	if err != nil {
		t.Fatal(err)
	}
	err = s.CreateDatabase(ctx, meta.Database{
		Owner: e.ID, Path: ayb.DatabasePath{Entity: e.Slug, Database: ayb.DatabaseSlug(long)},
		Type: ayb.SQLite, Public: ayb.PublicNone, CreatedAt: time.Now(),
	})
	if err != nil {
		t.Error(err)
	}
	text := strings.Repeat("t", 1000)
	change := meta.Change[*string]{Set: true, To: &text}
	if err := s.UpdateProfile(ctx, e.ID, meta.ProfileUpdate{DisplayName: change, Description: change, Organization: change, Location: change}); err != nil {
		t.Error(err)
	}
	err = s.InsertOAuthCode(ctx, meta.OAuthCode{
		Entity: 4, Scope: meta.Scope{Database: 9, Level: ayb.QueryReadOnly}, AppName: text, Challenge: text, RedirectURI: text,
		CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Minute),
	})
	if err != nil {
		t.Error(err)
	}
	open(t, url) // a second start finds no migration to apply
}

// S20: the error for a store that cannot be reached has no password.
func TestPostgresNotThere(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := store.Open(ctx, store.Config{URL: "postgresql://u:sesame@127.0.0.1:1/db"})
	if !errs.Is(err, errs.Unavailable) || strings.Contains(err.Error(), "sesame") {
		t.Errorf("got %v", err)
	}
	url := pgtest.Shared(t).Database(t)
	_, err = store.Open(t.Context(), store.Config{URL: strings.Replace(url, "/test_", "/missing_", 1)})
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("got %v", err)
	}
}

// Open waits for a server that is being started at the same time.
func TestPostgresOpenDuringStart(t *testing.T) {
	server := pgtest.Start(t)
	url := server.Database(t)
	server.Stop(t)
	opened := make(chan error, 1)
	go func() {
		s, err := store.Open(t.Context(), store.Config{URL: url})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	server.Restart(t)
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

// While the server is stopped or has crashed, the store returns Unavailable.
// Afterwards it works again by itself, and every confirmed write is there.
func TestPostgresGoesAndComes(t *testing.T) {
	server := pgtest.Start(t)
	s := open(t, server.Database(t))
	for round, end := range []func(testing.TB){server.Kill, server.Stop} {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						confirmUnderLoad(t, s, fmt.Sprintf("r%dw%dn%d", round, w, i))
					}
				}
			})
		}
		waitFor(t, "some accounts", func() bool {
			_, err := s.EntityBySlug(t.Context(), ayb.EntitySlug(fmt.Sprintf("r%dw0n9", round)))
			return err == nil
		})
		end(t)
		for range 20 {
			if err := s.Ping(t.Context()); !errs.Is(err, errs.Unavailable) {
				t.Errorf("without a server: %v", err)
			}
			_, err := s.EntityBySlug(t.Context(), "r0w0n0")
			if !errs.Is(err, errs.Unavailable) {
				t.Errorf("without a server: %v", err)
			}
		}
		server.Restart(t)
		waitFor(t, "the store to work again", func() bool { return s.Ping(t.Context()) == nil })
		confirmUnderLoad(t, s, fmt.Sprint("after", round))
		close(stop)
		wg.Wait()
	}
	for round := range 2 {
		if _, err := s.EntityBySlug(t.Context(), ayb.EntitySlug(fmt.Sprint("after", round))); err != nil {
			t.Error(err)
		}
	}
}

// confirmUnderLoad creates an account and checks that it is complete: it has its
// address and its token if the store returned no error, and both or neither after
// an error.
func confirmUnderLoad(t *testing.T, s *store.Store, name string) {
	ctx := context.Background()
	err := s.Confirm(ctx, storetest.Confirmation(name, name+"@example.org", name))
	if err != nil && !errs.Is(err, errs.Unavailable) {
		t.Errorf("confirm: %v", err)
	}
	var addresses []string
	waitFor(t, "an answer about "+name, func() bool {
		var lookup error
		addresses, lookup = s.Addresses(ctx, ayb.EntitySlug(name))
		return !errs.Is(lookup, errs.Unavailable)
	})
	if err == nil && len(addresses) != 1 {
		t.Errorf("%s was confirmed and has the addresses %v", name, addresses)
	}
	var token error
	waitFor(t, "an answer about the token of "+name, func() bool {
		_, token = s.TokenByShort(ctx, "short-"+name)
		return !errs.Is(token, errs.Unavailable)
	})
	if (len(addresses) == 1) != (token == nil) {
		t.Errorf("%s is incomplete: addresses %v, token %v", name, addresses, token)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Errorf("still waiting for %s", what)
			return
		}
	}
}
