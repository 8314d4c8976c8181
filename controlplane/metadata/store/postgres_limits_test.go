package store_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/controlplane/metadata/store/pgtest"
	"github.com/ayb-go/ayb/controlplane/metadata/store/storetest"
	"github.com/ayb-go/ayb/shared/errs"
)

// A transaction that conflicts with others is run again. With the isolation
// SERIALIZABLE, two updates of one row conflict.
func TestPostgresSerializationFailures(t *testing.T) {
	s := open(t, pgtest.Shared(t).Database(t)+"&default_transaction_isolation=serializable")
	if err := s.Confirm(t.Context(), storetest.Confirmation("alice", "alice@example.org", "m")); err != nil {
		t.Fatal(err)
	}
	e, err := s.EntityBySlug(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	start := make(chan struct{})
	for w := range 4 {
		wg.Go(func() {
			<-start
			for i := range 20 {
				text := fmt.Sprint(w, i)
				err := s.UpdateProfile(context.Background(), e.ID, meta.ProfileUpdate{Location: meta.Change[*string]{Set: true, To: &text}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	close(start)
	wg.Wait()
}

// A call that waits for a locked table ends in time.
func TestPostgresLockTimeout(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	s := open(t, url+"&lock_timeout=50")
	tx, err := rawPostgres(t, url).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`LOCK TABLE entity`); err != nil {
		t.Fatal(err)
	}
	err = s.Confirm(t.Context(), storetest.Confirmation("alice", "alice@example.org", "m"))
	if !errs.Is(err, errs.Unavailable) || errs.Public(err).Message != "The metadata store did not answer in time; try again" {
		t.Errorf("got %v", err)
	}
}

// A server process opens at most 16 connections.
func TestPostgresLimits(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	s := open(t, url)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if err := s.Ping(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int
	db := rawPostgres(t, url)
	err := db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ayb' AND datname = current_database()`).Scan(&n)
	if err != nil || n < 1 || n > 16 {
		t.Errorf("%d connections, %v", n, err)
	}
}

// Open ends in time if the server accepts connections and never answers.
func TestPostgresSilence(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close() // held until the test ends
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err = store.Open(ctx, store.Config{URL: fmt.Sprintf("postgresql://u@%s/db?sslmode=disable", l.Addr())})
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
}
