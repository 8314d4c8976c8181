// Package storetest is the test suite of the metadata store, which passes it on
// SQLite and on PostgreSQL. Only tests import it.
package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
)

// Run runs the suite. open returns a new, empty store that is closed with t.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, f := range map[string]func(*testing.T, *store.Store){
		"confirm":                         confirm,
		"confirm conflict":                confirmConflict,
		"confirm race":                    confirmRace,
		"log-in race":                     loginRace,
		"spent mails":                     spentMails,
		"tokens":                          tokens,
		"minted tokens":                   mintedTokens,
		"token use":                       tokenUse,
		"databases":                       databases,
		"create race":                     createRace,
		"public level":                    publicLevel,
		"grants":                          grants,
		"databases for":                   databasesFor,
		"profile":                         profile,
		"profile race":                    profileRace,
		"verify links":                    verifyLinks,
		"oauth code":                      oauthCode,
		"oauth code race":                 oauthCodeRace,
		"delete entity":                   deleteEntity,
		"delete entity race":              deleteEntityRace,
		"purge queue":                     purgeQueue,
		"purges are claimed":              purgesClaimed,
		"purge race":                      purgeRace,
		"limits":                          limitChanges,
		"limits of a deleted account":     limitsOfDeletedAccount,
		"expired":                         expired,
		"deletion":                        deletion,
		"undeletion":                      undeletion,
		"rename":                          rename,
		"operations are claimed":          operationsClaimed,
		"purge deleted":                   purgeDeleted,
		"account with pending operations": accountWithPendingOperations,
		"reservation":                     reservation,
		"reservation race":                reservationRace,
		"lineage":                         lineage,
		"snapshot tasks":                  snapshotTasks,
		"token pages":                     tokenPages,
		"token limit":                     tokenLimit,
		"snapshot notes":                  snapshotNotes,
		"directory":                       directory,
		"bad texts":                       badTexts,
		"canceled":                        canceled,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

// now is the present time of the suite.
var now = time.Date(2026, 3, 15, 16, 25, 56, 706_720_000, time.UTC)

// Confirmation returns a valid confirmation of the mail with this digest.
func Confirmation(slug, address, mail string) meta.Confirmation {
	return meta.Confirmation{
		Slug: ayb.EntitySlug(slug), Type: ayb.User, Address: address,
		MailDigest: mail, MailExpires: now.Add(time.Hour), MailIssued: now,
		Short: "short-" + mail, Hash: [32]byte{1, 2, 3}, Now: now,
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code errs.Code) {
	t.Helper()
	if errs.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// entity creates an account and returns its record.
func entity(t *testing.T, s *store.Store, slug string) meta.Entity {
	t.Helper()
	must(t, s.Confirm(t.Context(), Confirmation(slug, slug+"@example.org", "mail-"+slug)))
	e, err := s.EntityBySlug(t.Context(), ayb.EntitySlug(slug))
	must(t, err)
	return e
}

func confirm(t *testing.T, s *store.Store) {
	ctx := t.Context()
	_, err := s.EntityBySlug(ctx, "alice")
	wantCode(t, err, errs.NotFound)
	_, err = s.Addresses(ctx, "alice")
	wantCode(t, err, errs.NotFound)

	c := Confirmation("alice", "alice@example.org", "m1")
	c.Type = ayb.Organization
	must(t, s.Confirm(ctx, c))
	e, err := s.EntityBySlug(ctx, "alice")
	must(t, err)
	if e.Slug != "alice" || e.Type != ayb.Organization || e.ID == 0 || e.Profile.DisplayName != nil || e.Profile.Links != nil {
		t.Errorf("got %+v", e)
	}
	got, err := s.Addresses(ctx, "alice")
	must(t, err)
	if !slices.Equal(got, []string{"alice@example.org"}) {
		t.Errorf("got addresses %v", got)
	}
	must(t, s.Confirm(ctx, Confirmation("alice", "alice@example.org", "m2")))
	if again, err := s.EntityBySlug(ctx, "alice"); err != nil || again.ID != e.ID || again.Type != ayb.Organization {
		t.Errorf("a log-in changed the entity: %+v, %v", again, err)
	}
}

// A8: a confirmation of a taken name or address stores nothing.
func confirmConflict(t *testing.T, s *store.Store) {
	ctx := t.Context()
	must(t, s.Confirm(ctx, Confirmation("alice", "alice@example.org", "m1")))
	err := s.Confirm(ctx, Confirmation("alice", "mallory@example.org", "m2"))
	wantCode(t, err, errs.Conflict)
	if err.Error() != "alice has already been registered" {
		t.Errorf("got %v", err)
	}
	wantCode(t, s.Confirm(ctx, Confirmation("bob", "alice@example.org", "m3")), errs.Conflict)
	_, err = s.EntityBySlug(ctx, "bob")
	wantCode(t, err, errs.NotFound)
	for _, short := range []string{"short-m2", "short-m3"} {
		_, err = s.TokenByShort(ctx, short)
		wantCode(t, err, errs.NotFound)
	}
	// The refused mails were not spent.
	wantCode(t, s.Confirm(ctx, Confirmation("bob", "alice@example.org", "m3")), errs.Conflict)
	must(t, s.Confirm(ctx, Confirmation("bob", "bob@example.org", "m3")))
}

// A9: of many addresses that confirm one name at the same time, one gets it.
func confirmRace(t *testing.T, s *store.Store) {
	const n = 16
	var wg sync.WaitGroup
	results := make([]error, n)
	for i := range n {
		wg.Go(func() {
			id := fmt.Sprintf("racer-%d", i)
			results[i] = s.Confirm(context.Background(), Confirmation("prize", id+"@example.org", id))
		})
	}
	wg.Wait()
	winners := 0
	for i, err := range results {
		_, tokenErr := s.TokenByShort(t.Context(), fmt.Sprintf("short-racer-%d", i))
		if err == nil {
			winners++
			must(t, tokenErr)
			continue
		}
		wantCode(t, err, errs.Conflict)
		wantCode(t, tokenErr, errs.NotFound)
	}
	got, err := s.Addresses(t.Context(), "prize")
	must(t, err)
	if winners != 1 || len(got) != 1 {
		t.Errorf("%d winners with addresses %v", winners, got)
	}
}

// A9: mails to one new account that are confirmed at the same time all log in.
func loginRace(t *testing.T, s *store.Store) {
	const n = 12
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			results[i] = s.Confirm(context.Background(), Confirmation("alice", "alice@example.org", fmt.Sprint("mail-", i)))
		})
	}
	wg.Wait()
	for _, err := range results {
		must(t, err)
	}
	e, err := s.EntityBySlug(t.Context(), "alice")
	must(t, err)
	list, err := s.TokensOf(t.Context(), e.ID, now)
	must(t, err)
	addresses, err := s.Addresses(t.Context(), "alice")
	must(t, err)
	if len(list) != n || len(addresses) != 1 {
		t.Errorf("%d tokens, addresses %v", len(list), addresses)
	}
}

// S15: a mail is spent once, even if it is confirmed many times at the same time.
func spentMails(t *testing.T, s *store.Store) {
	const n = 8
	var wg sync.WaitGroup
	results := make([]error, n)
	for i := range n {
		wg.Go(func() {
			c := Confirmation("alice", "alice@example.org", "one mail")
			c.Short = fmt.Sprint("token-", i)
			results[i] = s.Confirm(context.Background(), c)
		})
	}
	wg.Wait()
	good := 0
	for _, err := range results {
		if err == nil {
			good++
			continue
		}
		wantCode(t, err, errs.InvalidToken)
	}
	if good != 1 {
		t.Errorf("one mail was confirmed %d times", good)
	}
	// Digests are removed once their tokens have expired.
	later := Confirmation("alice", "alice@example.org", "later mail")
	later.Now, later.Short = now.Add(2*time.Hour), "later"
	must(t, s.Confirm(t.Context(), later))
	reuse := Confirmation("alice", "alice@example.org", "one mail")
	reuse.Short = "reuse"
	must(t, s.Confirm(t.Context(), reuse))
}

func tokens(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	second := Confirmation("alice", "alice@example.org", "second")
	second.Now = now.Add(time.Second)
	must(t, s.Confirm(ctx, second))

	got, err := s.TokenByShort(ctx, "short-second")
	must(t, err)
	want := meta.APIToken{Short: "short-second", Hash: second.Hash, Entity: alice.ID, Slug: "alice", CreatedAt: second.Now}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	list, err := s.TokensOf(ctx, alice.ID, now)
	must(t, err)
	if len(list) != 2 || list[0].Short != "short-second" || list[1].Short != "short-mail-alice" {
		t.Errorf("got %+v", list)
	}

	wantCode(t, s.RevokeToken(ctx, bob.ID, "short-second", now), errs.NotFound)
	must(t, s.RevokeToken(ctx, alice.ID, "short-second", now.Add(time.Minute)))
	wantCode(t, s.RevokeToken(ctx, alice.ID, "short-second", now), errs.NotFound)
	wantCode(t, s.RevokeToken(ctx, alice.ID, "nothing", now), errs.NotFound)
	if got, err = s.TokenByShort(ctx, "short-second"); err != nil || !got.RevokedAt.Equal(now.Add(time.Minute)) {
		t.Errorf("got %+v, %v", got, err)
	}
	list, err = s.TokensOf(ctx, alice.ID, now)
	must(t, err)
	if len(list) != 1 || list[0].Short != "short-mail-alice" {
		t.Errorf("after revoking: %+v", list)
	}
}

func databases(t *testing.T, s *store.Store) {
	ctx := t.Context()
	alice, bob := entity(t, s, "alice"), entity(t, s, "bob")
	long := ayb.DatabaseSlug(strings.Repeat("d", ayb.MaxSlugBytes)) // A12
	made := []meta.Database{
		{Owner: alice.ID, Path: ayb.DatabasePath{Entity: "alice", Database: "shop.sqlite"}, Type: ayb.SQLite, Public: ayb.PublicNone, Node: "n1", CreatedAt: now},
		{Owner: alice.ID, Path: ayb.DatabasePath{Entity: "alice", Database: "Shop.sqlite"}, Type: ayb.DuckDB, Public: ayb.PublicReadOnly, Node: "n2", CreatedAt: now},
		{Owner: bob.ID, Path: ayb.DatabasePath{Entity: "bob", Database: "shop.sqlite"}, Type: ayb.SQLite, Public: ayb.PublicFork, Node: "n1", CreatedAt: now},
		{Owner: bob.ID, Path: ayb.DatabasePath{Entity: "bob", Database: long}, Type: ayb.SQLite, Public: ayb.PublicNone, CreatedAt: now},
	}
	for i, d := range made {
		_, err := s.DatabaseByPath(ctx, d.Path)
		wantCode(t, err, errs.NotFound)
		must(t, s.CreateDatabase(ctx, d))
		got, err := s.DatabaseByPath(ctx, d.Path)
		must(t, err)
		made[i].ID = got.ID
		if got.ID == 0 || got != made[i] {
			t.Errorf("got %+v, want %+v", got, made[i])
		}
	}
	again := made[0]
	again.Node, again.Public = "other", ayb.PublicReadOnly
	err := s.CreateDatabase(ctx, again)
	wantCode(t, err, errs.Conflict)
	if err.Error() != "Database already exists" {
		t.Errorf("got %v", err)
	}
	if got, err := s.DatabaseByPath(ctx, again.Path); err != nil || got != made[0] {
		t.Errorf("a refused create changed the database: %+v, %v", got, err)
	}
	list, err := s.DatabasesOf(ctx, alice.ID)
	must(t, err)
	if !slices.Equal(list, []meta.Database{made[1], made[0]}) {
		t.Errorf("got %+v", list)
	}
	if list, err = s.DatabasesOf(ctx, 999); err != nil || len(list) != 0 {
		t.Errorf("got %+v, %v", list, err)
	}
	orphan := made[0]
	orphan.Owner = 999
	wantCode(t, s.CreateDatabase(ctx, orphan), errs.NotFound) // foreign keys are on
}

func createRace(t *testing.T, s *store.Store) {
	alice := entity(t, s, "alice")
	const n = 16
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			results[i] = s.CreateDatabase(context.Background(), meta.Database{
				Owner: alice.ID, Path: ayb.DatabasePath{Entity: "alice", Database: "one"},
				Type: ayb.SQLite, Public: ayb.PublicNone, Node: meta.NodeID(fmt.Sprint(i)), CreatedAt: now,
			})
		})
	}
	wg.Wait()
	got, err := s.DatabaseByPath(t.Context(), ayb.DatabasePath{Entity: "alice", Database: "one"})
	must(t, err)
	for i, err := range results {
		if won := got.Node == meta.NodeID(fmt.Sprint(i)); won != (err == nil) {
			t.Errorf("create %d: %v, but the database is on %s", i, err, got.Node)
		} else if !won {
			wantCode(t, err, errs.Conflict)
		}
	}
}

func canceled(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.EntityBySlug(ctx, "alice")
	wantCode(t, err, errs.Canceled)
	wantCode(t, s.Confirm(ctx, Confirmation("alice", "alice@example.org", "m")), errs.Canceled)
	must(t, s.Confirm(t.Context(), Confirmation("alice", "alice@example.org", "m")))
	must(t, s.Ping(t.Context()))
}
