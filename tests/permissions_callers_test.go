package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/tests/harness"
)

// permissionTest is a server with a database for each public level. A caller has
// the same rights on all of them.
type permissionTest struct {
	*harness.Server
	t      *testing.T
	store  *store.Store
	owner  *harness.User
	token  map[string]string // of a caller, by name
	levels []string          // public levels; the database of one is named after it
}

// The callers. All except anonymous have an account; reader, writer and manager
// have a grant on each database.
var callers = []string{"anonymous", "stranger", "reader", "writer", "manager", "olivia"}

func startPermissionTest(t *testing.T, setting harness.Setting) *permissionTest {
	t.Helper()
	w := &permissionTest{Server: setting.Start(t), t: t, token: map[string]string{}, levels: []string{"no-access", "fork", "read-only"}}
	var err error
	if w.store, err = store.Open(t.Context(), store.Config{URL: w.DatabaseURL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range append(callers[1:], "guest") {
		u := w.Register(name)
		w.token[name] = u.Token
		if name == "olivia" {
			w.owner = u
		}
	}
	for _, level := range w.levels {
		w.owner.Create(level)
		w.owner.Exec(level, "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
		w.want(w.as("olivia").update(level, level), 200, `{}`)
		for name, grant := range map[string]string{"reader": "read-only", "writer": "read-write", "manager": "manager"} {
			w.want(w.as("olivia").share(level, name, grant), 204, "")
		}
	}
	return w
}

// caller makes requests about Olivia's databases with a token or without.
type caller struct {
	w     *permissionTest
	token string
}

func (w *permissionTest) as(name string) caller { return caller{w, w.token[name]} }

// reply is an answer.
type reply struct {
	status int
	body   string
}

func (c caller) do(method, path, body string, headers ...string) reply {
	c.w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, c.w.URL+path, strings.NewReader(body))
	if err != nil {
		c.w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.w.t.Fatal(err)
	}
	return reply{resp.StatusCode, string(b)}
}

func (c caller) query(db, sql string) reply { return c.do("POST", "/v1/olivia/"+db+"/query", sql) }

func (c caller) schema(db string) reply { return c.do("GET", "/v1/olivia/"+db+"/schema", "") }

func (c caller) running(db string) reply { return c.do("GET", "/v1/olivia/"+db+"/queries", "") }

func (c caller) cancel(db, id string) reply {
	return c.do("DELETE", "/v1/olivia/"+db+"/queries/"+id, "")
}

func (c caller) details(db string) reply { return c.do("GET", "/v1/olivia/"+db+"/details", "") }

func (c caller) permissions(db string) reply { return c.do("GET", "/v1/olivia/"+db+"/permissions", "") }

func (c caller) usage(db string) reply { return c.do("GET", "/v1/olivia/"+db+"/usage", "") }

func (c caller) update(db, level string) reply {
	return c.do("PATCH", "/v1/olivia/"+db+"/update", "", "public-sharing-level", level)
}

func (c caller) share(db, to, level string) reply {
	return c.do("POST", "/v1/olivia/"+db+"/share", "", "entity-for-permission", to, "sharing-level", level)
}

// listed returns the names in the list of Olivia's databases.
func (c caller) listed() []string {
	c.w.t.Helper()
	got := c.do("GET", "/v1/entity/olivia", "")
	var e struct{ Databases []struct{ Slug string } }
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.status != 200 {
		c.w.t.Fatalf("list: %d %s", got.status, got.body)
	}
	var names []string
	for _, d := range e.Databases {
		names = append(names, d.Slug)
	}
	return names
}

func (w *permissionTest) want(got reply, status int, body string) {
	w.t.Helper()
	if got.status != status || got.body != body {
		w.t.Errorf("\n got %d %s\nwant %d %s", got.status, got.body, status, body)
	}
}

func other(message, name, db string) string {
	return `{"type":"Other","message":"Authenticated entity ` + name + ` can't ` + message + ` olivia/` + db + `"}`
}

const (
	one       = `{"fields":["one"],"rows":[["1"]]}`
	noResult  = `{"fields":[],"rows":[]}`
	needToken = "{\"type\":\"Unauthorized\",\"message\":\"This call needs an API token: send the header `Authorization: Bearer <token>`\"}"
	noWrite   = `{"type":"NoWriteAccessError","message":"Attempted to write to database while in read-only mode"}`
	outside   = `{"type":"Unauthorized","message":"A token that is limited to one database can't be used for this"}`
)

// rights is a row of the table.
type rights struct {
	discover, manage bool
	query            ayb.QueryLevel
}

// plain returns the row of the table for plain tokens.
func plain(name, level string) rights {
	switch name {
	case "olivia", "manager":
		return rights{true, true, ayb.QueryReadWrite}
	case "writer":
		return rights{true, false, ayb.QueryReadWrite}
	case "reader":
		return rights{true, false, ayb.QueryReadOnly}
	}
	r := rights{discover: level != "no-access"}
	if name == "stranger" && level == "read-only" {
		r.query = ayb.QueryReadOnly
	}
	return r
}

// detailsOf returns the expected details of a database.
func detailsOf(r rights, level string) string {
	words := map[ayb.QueryLevel][2]string{"": {"null", "null"}, "read-only": {`"ReadOnly"`, `"read-only"`}, "read-write": {`"ReadWrite"`, `"read-write"`}}[r.query]
	return fmt.Sprintf(`{"entity_slug":"olivia","database_slug":"%s","database_type":"sqlite","highest_query_access_level":%s,"can_manage_database":%t,"public_sharing_level":"%s","query_permission_level":%s,"forked_from":null,"forks":[]}`,
		level, words[0], r.manage, level, words[1])
}

// forEachCaller runs a test for a caller and a public level, as a subtest.
func (w *permissionTest) forEachCaller(t *testing.T, name string, f func()) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		outer := w.t
		w.t = t
		defer func() { w.t = outer }()
		f()
	})
}
