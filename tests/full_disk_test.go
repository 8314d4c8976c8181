//go:build linux

package tests

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/disktest"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// packedRows returns the compressed body of an import that unpacks to so many
// bytes of CSV, a thousand times its size.
func packedRows(t testing.TB, bytesUnpacked int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	rows := []byte(strings.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1<<10))
	for n := 0; n < bytesUnpacked; n += len(rows) {
		if _, err := z.Write(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// attackDisk lets users fill the disk of their server until stop is closed: with
// compressed imports, rows, sorts, and results that are not read. Each user
// creates two databases, named a and b. It returns when the last request has
// ended, and reports on full that a request was refused because the disk was
// full.
func attackDisk(t testing.TB, srv *harness.Server, users []*harness.User, stop <-chan struct{}, full *atomic.Int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-stop:
		case <-ctx.Done():
		}
		cancel()
	}()
	body := packedRows(t, 450<<20)
	var wg sync.WaitGroup
	repeat := func(f func(i int) error) {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if errs.Is(f(i), errs.DiskFull) {
					full.Add(1)
				}
				harness.Pause()
			}
		})
	}
	for _, u := range users {
		u.Create("a")
		u.Create("b")
		u.Exec("a", "CREATE TABLE t(x)")
		for _, db := range []string{"a", "b"} {
			for range 3 {
				repeat(func(int) error { return importPacked(ctx, srv, u, db, body) })
			}
		}
		repeat(func(int) error {
			_, err := u.Query(ctx, u.Name, "a", "INSERT INTO t SELECT randomblob(1000000) FROM "+upTo(20))
			return err
		})
		repeat(func(int) error {
			_, err := u.Query(ctx, u.Name, "b", "SELECT count(*) FROM (SELECT DISTINCT hex(randomblob(20000)) FROM "+upTo(3000)+")")
			return err
		})
		repeat(func(int) error { return unreadAnswer(ctx, srv, u) })
	}
	wg.Wait()
}

// importPacked imports a compressed body into the table packed.
func importPacked(ctx context.Context, srv *harness.Server, u *harness.User, db string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/v1/"+u.Name+"/"+db+"/import?format=csv&table=packed&mode=replace", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+u.Token)
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode < 400 {
		return err
	}
	return httpapi.ToError(resp.StatusCode, text)
}

// unreadAnswer requests a large result from a writer and does not read it for a
// while.
func unreadAnswer(ctx context.Context, srv *harness.Server, u *harness.User) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	sql := "CREATE TABLE IF NOT EXISTS n(x); INSERT INTO n VALUES (1); SELECT hex(randomblob(10000)) FROM " + upTo(4000)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/v1/"+u.Name+"/b/query", strings.NewReader(sql))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+u.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	<-ctx.Done()
	return nil
}

// neighbourWriter is an account beside those that fill the disk.
type neighbourWriter struct {
	*harness.User
	t     testing.TB
	next  int
	acked []int
}

// write inserts a row. A refusal must have a clear reason.
func (n *neighbourWriter) write() error {
	n.next++
	_, err := n.Query(n.t.Context(), n.Name, "shop", fmt.Sprintf("INSERT INTO t VALUES (%d, '%s')", n.next, strings.Repeat("x", 1000)))
	if err == nil {
		n.acked = append(n.acked, n.next)
	}
	return err
}

// wantKnownError checks that a refusal has a reason that clients know.
func wantKnownError(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil && !errs.Is(err, errs.DiskFull) && !errs.Is(err, errs.Unavailable) {
		t.Errorf("%s: %v", what, err)
	}
}

// check looks for every acknowledged row.
func (n *neighbourWriter) check() {
	n.t.Helper()
	for _, id := range n.acked {
		if got := n.Cell("shop", fmt.Sprintf("SELECT count(*) FROM t WHERE id = %d", id)); got != "1" {
			n.t.Errorf("row %d was acknowledged and is there %s times", id, got)
		}
	}
}

func diskIsFull(t testing.TB, srv *harness.Server) bool {
	t.Helper()
	resp, err := http.Get(srv.URL + "/health")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("health: %d %s %v", resp.StatusCode, text, err)
	}
	return strings.Contains(string(text), `"disk":"full"`)
}

// Accounts that fill the disk do not stop the server. Other accounts read, end
// connections and remove rights; requests that need space are refused; a server
// starts. When there is space again everything works without a restart, and no
// acknowledged change is lost.
func TestFullDisk(t *testing.T) {
	disk := disktest.Mount(t, 300<<20)
	srv := harness.Start(t, harness.AllInOne, harness.WithDir(disk), harness.WithEnv("AYB__LIMITS__RATE_PER_MINUTE=0", "AYB__RETENTION__DELETION_GRACE=0s"))
	var attackers []*harness.User
	for i := range 3 {
		attackers = append(attackers, srv.Register(fmt.Sprintf("mallory%d", i)))
	}
	n := &neighbourWriter{User: srv.Register("nora"), t: t}
	friend := srv.Register("fred")
	n.Create("shop")
	n.Create("unused")
	n.Exec("shop", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)")
	share := func(level string) error {
		return n.Share(t.Context(), "nora", "shop", httpapi.ShareRequest{EntityForPermission: "fred", SharingLevel: level})
	}
	if err := share("read-only"); err != nil {
		t.Fatal(err)
	}

	stop, ended, full := make(chan struct{}), make(chan struct{}), &atomic.Int64{}
	go func() {
		defer close(ended)
		attackDisk(t, srv, attackers, stop, full)
	}()
	harness.Until(t, "the disk to be full", func() bool {
		wantKnownError(t, "a write under attack", n.write())
		return full.Load() >= 20 && diskIsFull(t, srv)
	})
	if free := disktest.Free(t, disk); free < 24<<20 {
		t.Errorf("only %d bytes of the reserve are left", free)
	}
	for range 5 {
		wantKnownError(t, "a write under attack", n.write())
		n.Cell("shop", "SELECT count(*) FROM t")
	}
	close(stop)
	<-ended
	takeBack := disktest.Fill(t, disk, 48<<20) // the space that attackers use temporarily

	t.Run("full", func(t *testing.T) {
		n.check()
		if _, err := friend.Query(t.Context(), "nora", "shop", "SELECT 1"); err != nil {
			t.Errorf("a reader: %v", err)
		}
		if err := share("no-access"); err != nil {
			t.Errorf("revoke: %v", err)
		}
		if _, err := friend.Query(t.Context(), "nora", "shop", "SELECT 1"); err == nil {
			t.Error("a right that was withdrawn counts")
		}
		if _, err := n.CreateToken(t.Context(), httpapi.NewTokenRequest{Name: "one"}); err != nil {
			t.Errorf("make a token: %v", err)
		}
		if _, err := friend.LogOut(t.Context()); err != nil {
			t.Errorf("log out: %v", err)
		}
		srv.Register("zoe")
		made := 0
		harness.Until(t, "a new database to be refused", func() bool {
			disktest.Fill(t, disk, 48<<20) // the attackers may have freed their space by now
			made++
			_, err := n.CreateDatabase(t.Context(), "nora", fmt.Sprintf("more%d", made), httpapi.CreateDatabaseRequest{DBType: "sqlite"})
			if err != nil && !strings.Contains(err.Error(), "limits.disk_reserve_bytes") {
				t.Errorf("refused by %v", err)
			}
			return errs.Is(err, errs.DiskFull)
		})
		harness.Until(t, "/health to tell", func() bool { return diskIsFull(t, srv) })
		if err := n.DeleteDatabase(t.Context(), "nora", "unused"); err != nil {
			t.Errorf("delete: %v", err)
		}
		srv.Restart("ayb")
		n.check()
	})

	// Now another program takes the rest of the space.
	t.Run("without a byte", func(t *testing.T) {
		disktest.Fill(t, disk, 0)
		n.Cell("shop", "SELECT count(*) FROM t")
		for i := range 3 {
			_, err := srv.Client("").Register(t.Context(), httpapi.RegisterRequest{Entity: fmt.Sprintf("late%d", i), EmailAddress: "late@example.org", EntityType: "user"})
			wantKnownError(t, "register", err)
			wantKnownError(t, "write", n.write())
		}
		srv.Restart("ayb")
		n.Cell("shop", "SELECT count(*) FROM t")
	})
	takeBack()

	for _, u := range attackers {
		if err := u.DeleteAccount(t.Context(), u.Name); err != nil {
			t.Errorf("delete an attacker: %v", err)
		}
	}
	harness.Until(t, "room", func() bool { return !diskIsFull(t, srv) })
	again := eventually(t, srv, "amy")
	harness.Until(t, "a new database", func() bool { // when the node is registered
		_, err := again.CreateDatabase(t.Context(), again.Name, "new", httpapi.CreateDatabaseRequest{DBType: "sqlite"})
		wantKnownError(t, "create", err)
		return err == nil
	})
	again.Exec("new", "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
	harness.Until(t, "writes", func() bool { return n.write() == nil })
	if _, err := n.LogIn(t.Context(), "nora"); err != nil {
		t.Errorf("log in: %v", err)
	}
	n.check()
}

// eventually registers a user as soon as that works.
func eventually(t *testing.T, srv *harness.Server, name string) *harness.User {
	t.Helper()
	harness.Until(t, "registration", func() bool {
		_, err := srv.Client("").Register(t.Context(), httpapi.RegisterRequest{Entity: name + "0", EmailAddress: harness.Address(name + "0"), EntityType: "user"})
		if e, ok := errors.AsType[*errs.Error](err); ok && !errs.Is(e, errs.Conflict) {
			wantKnownError(t, "register", err)
		}
		return err == nil
	})
	return srv.Register(name)
}
