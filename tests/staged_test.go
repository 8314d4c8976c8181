package tests

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// openImport is an import whose data ends only with finish.
type openImport struct {
	t      *testing.T
	body   *io.PipeWriter
	rest   string
	answer chan reply
}

// beginImport sends the beginning of an import's data.
func beginImport(t *testing.T, srv *harness.Server, u *harness.User, path, params, data string) openImport {
	t.Helper()
	read, write := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/v1/"+path+"/import?"+params, read)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+u.Token)
	i := openImport{t, write, data[len(data)/2:], make(chan reply, 1)}
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			i.answer <- reply{0, err.Error()}
			return
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			text = []byte(err.Error())
		}
		i.answer <- reply{resp.StatusCode, string(text)}
	}()
	t.Cleanup(func() { _ = write.Close() })
	if _, err := io.WriteString(write, data[:len(data)/2]); err != nil {
		t.Fatal(err)
	}
	return i
}

// finish sends the rest of the data and returns the answer.
func (i openImport) finish() reply {
	i.t.Helper()
	_, _ = io.WriteString(i.body, i.rest) // the server may have stopped reading
	_ = i.body.Close()
	return <-i.answer
}

// waitForRunning waits until a user sees a running operation, and returns its
// id.
func waitForRunning(t *testing.T, u *harness.User, owner, database, what string) (found daemonapi.RunningQuery) {
	t.Helper()
	harness.Until(t, what+" to be listed", func() bool {
		all, err := u.RunningQueries(t.Context(), owner, database)
		if err != nil {
			return false // nothing is being made yet
		}
		for _, q := range all {
			if strings.Contains(q.SQL, what) {
				found = q
				return true
			}
		}
		return false
	})
	return found
}

// beginListedImport begins an import into a database of alice, as soon as the
// quota allows it, and waits until a user sees it.
func beginListedImport(t *testing.T, srv *harness.Server, u, listed *harness.User, path, params, data, what string) (i openImport, found daemonapi.RunningQuery) {
	t.Helper()
	i = beginImport(t, srv, u, path, params, data)
	harness.Until(t, what+" to be listed", func() bool {
		select {
		case got := <-i.answer:
			if !strings.Contains(got.body, "queries run on the databases of this account") {
				t.Fatalf("%s ended: %d %s", what, got.status, got.body)
			}
			i = beginImport(t, srv, u, path, params, data)
		default:
		}
		all, err := listed.RunningQueries(t.Context(), "alice", strings.TrimPrefix(path, "alice/"))
		at := slices.IndexFunc(all, func(q daemonapi.RunningQuery) bool { return strings.Contains(q.SQL, what) })
		if err != nil || at < 0 {
			return false // nothing is being made yet
		}
		found = all[at]
		return true
	})
	return i, found
}

// An operation in staging is listed to the user who began it and to managers of
// the database, and both can cancel it. Its client gets the error while it still
// has data to send, and its quota is free at once.
func TestStagedWorkIsListedAndCanceled(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne, harness.WithConfig("[limits]\nqueries_per_account = 1"))
	alice, bob, carol := srv.Register("alice"), srv.Register("bob"), srv.Register("carol")
	for _, name := range []string{"a.sqlite", "source.sqlite"} {
		alice.Create(name)
		alice.Exec(name, "CREATE TABLE t(x); INSERT INTO t VALUES ('before')")
	}
	for _, guest := range []string{"bob", "carol"} {
		if err := alice.Share(t.Context(), "alice", "a.sqlite", httpapi.ShareRequest{EntityForPermission: guest, SharingLevel: "manager"}); err != nil {
			t.Fatal(err)
		}
	}
	raw := dumpOf(t, alice, "source.sqlite")
	for _, c := range []struct{ path, params, data, what string }{
		{"alice/a.sqlite", "format=sqlite&mode=replace", raw, "import that replaces the database"},
		{"alice/a.sqlite", "format=csv&table=fresh", strings.Repeat("a,b\n1,2\n", 1000), "import of csv"},
	} {
		for _, who := range []*harness.User{bob, carol, alice} {
			i, found := beginListedImport(t, srv, bob, who, c.path, c.params, c.data, c.what)
			if found.Caller != "bob" {
				t.Errorf("%s is that of %s", c.what, found.Caller)
			}
			if _, err := alice.Query(t.Context(), "alice", "a.sqlite", "SELECT 1"); err == nil || !strings.Contains(err.Error(), "queries run on the databases of this account") {
				t.Errorf("the import takes no place: %v", err)
			}
			if err := who.CancelQuery(t.Context(), "alice", "a.sqlite", found.ID); err != nil {
				t.Fatal(err)
			}
			if got := <-i.answer; got.status != 408 || !strings.Contains(got.body, "was canceled by "+who.Name) {
				t.Errorf("%s that %s stopped: %d %s", c.what, who.Name, got.status, got.body)
			}
			if got := alice.Cell("a.sqlite", "SELECT group_concat(x) || (SELECT count(*) FROM sqlite_schema) FROM t"); got != "before1" {
				t.Errorf("after %s there is %s", c.what, got)
			}
		}
	}
	made, found := beginListedImport(t, srv, alice, alice, "alice/new.sqlite", "format=sqlite", raw, "import of a new database")
	if all, err := bob.RunningQueries(t.Context(), "alice", "new.sqlite"); err == nil {
		t.Errorf("another account sees %v", all)
	}
	if err := bob.CancelQuery(t.Context(), "alice", "new.sqlite", found.ID); err == nil {
		t.Error("another account can cancel it")
	}
	if err := alice.CancelQuery(t.Context(), "alice", "new.sqlite", found.ID); err != nil {
		t.Fatal(err)
	}
	if got := <-made.answer; got.status != 408 || !strings.Contains(got.body, "was canceled by alice") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := beginImport(t, srv, alice, "alice/new.sqlite", "format=sqlite", raw).finish(); got.status != 200 {
		t.Errorf("the next one: %d %s", got.status, got.body)
	}
}

// An import whose database is renamed or deleted in the meantime gets an error
// that says so.
func TestImportIntoRenamedOrDeletedDatabase(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("source.sqlite")
	alice.Exec("source.sqlite", "CREATE TABLE t(x); INSERT INTO t VALUES ('new')")
	raw := dumpOf(t, alice, "source.sqlite")
	for n, c := range []struct{ params, data, what string }{
		{"format=sqlite&mode=replace", raw, "import that replaces the database"},
		{"format=csv&table=fresh", strings.Repeat("a,b\n1,2\n", 1000), "import of csv"},
	} {
		for _, way := range []string{"rename", "delete"} {
			name := fmt.Sprintf("%s%d.sqlite", way, n)
			alice.Create(name)
			alice.Exec(name, "CREATE TABLE t(x); INSERT INTO t VALUES ('before')")
			i := beginImport(t, srv, alice, "alice/"+name, c.params, c.data)
			waitForRunning(t, alice, "alice", name, c.what)
			var err error
			if way == "rename" {
				err = alice.RenameDatabase(t.Context(), "alice", name, "alice/new-"+name)
			} else {
				err = alice.DeleteDatabase(t.Context(), "alice", name)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := i.finish(); got.status != 409 && got.status != 404 || strings.Contains(got.body, "{ ") {
				t.Errorf("%s during a %s: %d %s", c.what, way, got.status, got.body)
			}
			if way == "rename" {
				if got := alice.Cell("new-"+name, "SELECT group_concat(x) || (SELECT count(*) FROM sqlite_schema) FROM t"); got != "before1" {
					t.Errorf("after %s there is %s", c.what, got)
				}
			}
		}
	}
}

// A client that is still sending can read an early answer: the server does not
// reset the connection.
func TestAnswerBeforeTheEndOfABody(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("source.sqlite")
	alice.Exec("source.sqlite", "CREATE TABLE t(x); INSERT INTO t VALUES ('new')")
	half := len(dumpOf(t, alice, "source.sqlite")) / 2
	for n := range 3 {
		name := fmt.Sprintf("a%d.sqlite", n)
		alice.Create(name)
		conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, err = fmt.Fprintf(conn, "POST /v1/alice/%s/import?format=sqlite&mode=replace HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
			name, alice.Token, half+200_000, dumpOf(t, alice, "source.sqlite")[:half])
		if err != nil {
			t.Fatal(err)
		}
		waitForRunning(t, alice, "alice", name, "import that replaces the database")
		if err := alice.DeleteDatabase(t.Context(), "alice", name); err != nil {
			t.Fatal(err)
		}
		answer := bufio.NewReader(conn)
		if _, err := answer.Peek(1); err != nil {
			t.Fatal(err)
		}
		for range 100 { // the answer has arrived, and the client has not read it
			if _, err := conn.Write(make([]byte, 2000)); err != nil {
				t.Fatalf("the rest of the body: %v", err)
			}
		}
		resp, err := http.ReadResponse(answer, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 404 && resp.StatusCode != 409 {
			t.Errorf("status %d", resp.StatusCode)
		}
		_ = resp.Body.Close()
	}
}

// dumpOf returns a database as a file.
func dumpOf(t *testing.T, u *harness.User, database string) string {
	t.Helper()
	var b strings.Builder
	if err := u.Export(t.Context(), u.Name, database, httpapi.ExportRequest{ExportOptions: daemonapi.ExportOptions{Format: daemonapi.TransferSQLite}}, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
