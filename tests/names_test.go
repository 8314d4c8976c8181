package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// A declared type never changes the values in a column.
func TestDeclaredTypesChangeNothing(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("types.sqlite")
	alice.Exec("types.sqlite", "CREATE TABLE t(b BOOLEAN, d DATE, ts TIMESTAMP, dt DATETIME, i INTEGER); INSERT INTO t VALUES (7, 'hello', 5, 'x', 'text'), (1, 20200101, '2020', 1.5, NULL)")
	got := alice.JSON("types.sqlite", "SELECT * FROM t")
	if want := `{"fields":["b","d","ts","dt","i"],"rows":[["7","hello","5","x","text"],["1","20200101","2020","1.5",null]]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// send sends a request with exactly this path, which clients would clean up.
func send(t *testing.T, srv *harness.Server, token, method, path, body string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the answer has been read
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\ndb-type: sqlite\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		method, path, token, len(body), body); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	var text strings.Builder
	if _, err := bufio.NewReader(resp.Body).WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text.String()
}

// Names follow the contract, over HTTP and on disk: different names are
// different objects, and an invalid name creates no file.
func TestNames(t *testing.T) {
	srv := harness.Start(t, harness.AllInOne, harness.WithConfig("[limits]\nrate_per_minute = 0"))
	alice, bob := srv.Register("alice"), srv.Register("Bob")
	long := strings.Repeat("x", 121) + ".sqlite" // 128 bytes
	good := map[*harness.User][]string{
		alice: {"shop.sqlite", "Shop.sqlite", "SHOP.SQLITE", long, "...", "-", "_", ".hidden", "current", "admin", "CON"},
		bob:   {"shop.sqlite", "tokens"},
	}
	for user, names := range good {
		for _, name := range names {
			user.Create(name)
			user.Exec(name, fmt.Sprintf("CREATE TABLE t AS SELECT '%s/%s' AS x", user.Name, name))
		}
	}
	t.Run("different names are different databases", func(t *testing.T) {
		for user, names := range good {
			for _, name := range names {
				if got := user.Cell(name, "SELECT x FROM t"); got != user.Name+"/"+name {
					t.Errorf("%s/%s holds %s", user.Name, name, got)
				}
			}
		}
	})
	t.Run("an entity's case does not matter", func(t *testing.T) {
		if got, err := alice.Query(t.Context(), "ALICE", "Shop.sqlite", "SELECT x FROM t"); err != nil || *got.Rows[0][0] != "alice/Shop.sqlite" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	t.Run("what is no name", func(t *testing.T) { invalidNames(t, srv, alice) })
	t.Run("reserved", func(t *testing.T) { reservedNames(t, srv) })
	t.Run("on disk", func(t *testing.T) {
		var want []string
		for user, names := range good {
			for _, name := range names {
				want = append(want, strings.ToLower(user.Name)+"/"+name)
			}
		}
		onDisk(t, srv, want)
	})
}

// invalidNames tries names that break the rules. Each is refused with the
// sentence of the contract.
func invalidNames(t *testing.T, srv *harness.Server, alice *harness.User) {
	invalid := func(kind string) func(string) string {
		return func(name string) string { return "Invalid " + kind + " slug: " + name }
	}
	characters := func(name string) string {
		return "Invalid database slug: " + name + ". Only letters, numbers, underscores, hyphens, and periods are allowed"
	}
	tooLong := strings.Repeat("x", 129)
	for _, c := range []struct {
		raw, name string
		message   func(string) string
	}{
		{"..", "..", invalid("database")},
		{".", ".", invalid("database")},
		{"%2e%2e", "..", invalid("database")},
		{"%2E%2e", "..", invalid("database")},
		{"%2e", ".", invalid("database")},
		{"..%2f..%2fetc", "../../etc", characters},
		{"a%2fb", "a/b", characters},
		{"a%00b", "a\x00b", characters},
		{"a%5cb", `a\b`, characters},
		{"%c3%a4", "ä", characters},
		{"a%20b", "a b", characters},
		{"~tmp", "~tmp", characters},
		{tooLong, tooLong, func(string) string {
			return "A database slug can't be longer than 128 bytes, but this one is 129 bytes"
		}},
	} {
		status, body := send(t, srv, alice.Token, "POST", "/v1/alice/"+c.raw+"/create", "")
		var e struct{ Type, Message string }
		if err := json.Unmarshal([]byte(body), &e); err != nil || status != http.StatusBadRequest || e.Type != "InvalidSlug" || e.Message != c.message(c.name) {
			t.Errorf("creating %s gave %d %s", c.raw, status, body)
		}
		// A query on such a name finds no database.
		if status, body := send(t, srv, alice.Token, "POST", "/v1/alice/"+c.raw+"/query", "CREATE TABLE t(x)"); status < 400 || status >= 500 || strings.Contains(body, srv.Dir) {
			t.Errorf("querying %s gave %d %s", c.raw, status, body)
		}
	}
	for _, path := range []string{"/v1/../shop.sqlite/create", "/v1/%2e%2e/shop.sqlite/create", "/v1/alice%2f..%2fbob/shop.sqlite/create", "/v1/bob/x.sqlite/create", "/v1//x.sqlite/create", "/v1/alice//create"} {
		if status, body := send(t, srv, alice.Token, "POST", path, ""); status < 400 || status >= 500 || strings.Contains(body, srv.Dir) {
			t.Errorf("%s gave %d %s", path, status, body)
		}
	}
}

// reservedNames tries to register names of the service, in any case.
func reservedNames(t *testing.T, srv *harness.Server) {
	c := srv.Client("")
	register := func(name string) error {
		_, err := c.Register(t.Context(), httpapi.RegisterRequest{Entity: name, EmailAddress: "x@example.org", EntityType: "user"})
		return err
	}
	for _, name := range []string{"register", "log_in", "log_out", "confirm", "v1", "health", "admin", "root", "www", "api", "support",
		"help", "blog", "news", "email", "contact", "about", "null", "ADMIN", "Health", "entity", "tokens", "oauth", "settings", "favicon.ico", "robots.txt"} {
		err := register(name)
		if want := fmt.Sprintf("Username '%s' is reserved and cannot be used", strings.ToLower(name)); !errs.Is(err, errs.Registration) || err.Error() != want {
			t.Errorf("registering %s gave %v", name, err)
		}
	}
	for _, name := range []string{"..", ".", "a/b", "a b", "ä", strings.Repeat("x", 129)} {
		if err := register(name); !errs.Is(err, errs.InvalidSlug) {
			t.Errorf("registering %s gave %v", name, err)
		}
	}
	for _, name := range []string{"bob123", "my-company", "user_2024", "testuser", "ValiDUSer445", strings.Repeat("x", 128)} {
		if err := register(name); err != nil {
			t.Errorf("registering %s gave %v", name, err)
		}
	}
}

// onDisk compares the tree of databases with the created names.
func onDisk(t *testing.T, srv *harness.Server, want []string) {
	var got []string
	root := filepath.Join(srv.DataPath, "databases")
	dirs, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(root, "*", ".*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range append(dirs, hidden...) {
		name, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(got, name) {
			got = append(got, name)
		}
		head, err := os.ReadFile(filepath.Join(dir, "current", filepath.Base(dir)))
		if err != nil || !strings.HasPrefix(string(head), "SQLite format 3\x00") {
			t.Errorf("%s is no database: %v", name, err)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("there are %q and should be %q", got, want)
	}
	entities, err := os.ReadDir(root)
	if err != nil || len(entities) != 2 {
		t.Errorf("entities on disk: %v, %v", entities, err)
	}
}
