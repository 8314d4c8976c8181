package client_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestCommands(t *testing.T) {
	db := func(slug string) httpapi.EntityDatabase {
		return httpapi.EntityDatabase{Slug: slug, DatabaseType: "sqlite"}
	}
	details := httpapi.DatabaseDetails{EntitySlug: "e", DatabaseSlug: "d", DatabaseType: "sqlite", HighestQueryAccessLevel: textPointer("ReadWrite"), CanManageDatabase: true}
	hidden := details
	hidden.HighestQueryAccessLevel, hidden.CanManageDatabase = nil, false
	token := httpapi.Token{ShortToken: "abc", CreatedAt: textPointer("2026-03-15 16:25:56.706720"), Name: textPointer("backup")}
	scoped := httpapi.Token{ShortToken: "def", ScopedDatabase: textPointer("a/b"), PermissionLevel: textPointer("read-only"), AppName: textPointer("My App"), ExpiresAt: textPointer("2027-01-01 00:00:00"), LastUsedAt: textPointer("2026-03-16 08:00:00")}
	tests := []exchange{
		{"register E2E-First a@example.org", 200, "{}", "POST /v1/register [entity=E2E-First email-address=a@example.org entity-type=user]",
			"Check your email to finish registering E2E-First\n"},
		{"register acme a@example.org organization", 200, httpapi.MailSent{Delivery: "queued"}, "POST /v1/register [entity=acme email-address=a@example.org entity-type=organization]",
			"Check your email to finish registering acme\nThe mail is on its way and may take a few minutes\n"},
		// C3: a name that does not fit into a header is sent in the body.
		{"register ålice a@example.org", 200, "{}", `POST /v1/register [] {"email_address":"a@example.org","entity":"ålice","entity_type":"user"}`,
			"Check your email to finish registering ålice\n"},
		{"log_in alice", 200, "{}", "POST /v1/log_in [entity=alice]", "Check your email to finish logging in alice\n"},
		{"create_database Alice/shop.sqlite", 201, "{}", "POST /v1/Alice/shop.sqlite/create [Authorization=Bearer ayb_s_l db-type=sqlite public-sharing-level=no-access]",
			"Successfully created Alice/shop.sqlite\n"},
		{"create_database a/b duckdb read-only", 201, "{}", "POST /v1/a/b/create [Authorization=Bearer ayb_s_l db-type=duckdb public-sharing-level=read-only]",
			"Successfully created a/b\n"},
		// C2: both spellings.
		{"create_database a/b --public-sharing-level fork", 201, "{}", "POST /v1/a/b/create [Authorization=Bearer ayb_s_l db-type=sqlite public-sharing-level=fork]", "Successfully created a/b\n"},
		{"create_database a/b --public_sharing_level=fork", 201, "{}", "POST /v1/a/b/create [Authorization=Bearer ayb_s_l db-type=sqlite public-sharing-level=fork]", "Successfully created a/b\n"},
		// C4: path parts are escaped; the split is at the last slash.
		{"list_snapshots a/b?c/d%e", 200, httpapi.Snapshots{}, "GET /v1/a%2Fb%3Fc/d%25e/list_snapshots [Authorization=Bearer ayb_s_l]", "No snapshots for a/b?c/d%e\n"},
		{"list alice", 200, httpapi.Entity{Databases: httpapi.List[httpapi.EntityDatabase]{db("another.sqlite"), db("test.sqlite")}}, "GET /v1/entity/alice [Authorization=Bearer ayb_s_l]",
			" Database slug  | Type \n----------------+--------\n another.sqlite | sqlite \n test.sqlite    | sqlite \n"},
		{"list alice --format csv", 200, httpapi.Entity{Databases: httpapi.List[httpapi.EntityDatabase]{db("test.sqlite")}}, "GET /v1/entity/alice [Authorization=Bearer ayb_s_l]",
			"Database slug,Type\ntest.sqlite,sqlite\n"},
		{"list alice --format=json", 200, httpapi.Entity{Databases: httpapi.List[httpapi.EntityDatabase]{db("test.sqlite")}}, "GET /v1/entity/alice [Authorization=Bearer ayb_s_l]",
			`[{"slug":"test.sqlite","database_type":"sqlite"}]` + "\n"},
		{"list alice", 200, httpapi.Entity{}, "GET /v1/entity/alice [Authorization=Bearer ayb_s_l]", "No queryable databases owned by alice\n"},
		{"list alice --format json", 200, httpapi.Entity{}, "GET /v1/entity/alice [Authorization=Bearer ayb_s_l]", "[]\n"},
		{"database_details E/d", 200, details, "GET /v1/E/d/details [Authorization=Bearer ayb_s_l]",
			"Database: E/d\nType: sqlite\nAccess level: ReadWrite\nYou have management permissions for this database\n"},
		{"database_details e/d", 200, hidden, "GET /v1/e/d/details [Authorization=Bearer ayb_s_l]", "Database: e/d\nType: sqlite\nAccess level: No query access\n"},
		{"list_tokens", 200, httpapi.Tokens{Tokens: httpapi.List[httpapi.Token]{token, scoped}}, "GET /v1/tokens?limit=500 [Authorization=Bearer ayb_s_l]", "" +
			" Short token | Scope           | Permission    | App    | Created                    | Expires             | Last used \n" +
			"-------------+-----------------+---------------+--------+----------------------------+---------------------+---------------------\n" +
			" abc         | (all databases) | (full access) | backup | 2026-03-15 16:25:56.706720 | (never)             | (never) \n" +
			" def         | a/b             | read-only     | My App |                            | 2027-01-01 00:00:00 | 2026-03-16 08:00:00 \n"},
		{"list_tokens --format csv", 200, httpapi.Tokens{Tokens: httpapi.List[httpapi.Token]{token}}, "GET /v1/tokens?limit=500 [Authorization=Bearer ayb_s_l]",
			"Short token,Scope,Permission,App,Created,Expires,Last used\nabc,(all databases),(full access),backup,2026-03-15 16:25:56.706720,(never),(never)\n"},
		{"list_tokens", 200, httpapi.Tokens{}, "GET /v1/tokens?limit=500 [Authorization=Bearer ayb_s_l]", "No active API tokens\n"},
		{"revoke_token abc", 200, "{}", "DELETE /v1/tokens/abc [Authorization=Bearer ayb_s_l]", "Successfully revoked token abc\n"},
	}
	s := newServer(t, nil)
	u := atServer(t, s)
	s.want(t, u, tests)
}

// C1: a failed request is reported on stderr and by the exit code.
func TestFailuresC1(t *testing.T) {
	tests := []struct {
		answer func(*http.Request, string) (int, any)
		want   string
	}{
		{fails(errs.E(errs.Conflict, "Database already exists")), "Database already exists"},
		// The text is a sentence for every type of error.
		{fails(notFound), "There is no database alice/nope"},
		{ok(404, `{"type":"RecordNotFound","id":"bob","record_type":"entity"}`), "There is no account bob"},
		{ok(404, `{"type":"RecordNotFound","id":"WnGG","record_type":"api_token"}`), "There is no API token WnGG"},
		{ok(404, `{"type":"RecordNotFound","id":"7","record_type":"some_new_thing"}`), "There is no some new thing 7"},
		{fails(errs.E(errs.Engine, `no "answer"`)), `no "answer"`},
		{fails(errs.E(errs.Snapshot, "Snapshots are not configured")), "Snapshots are not configured"},
		{ok(500, `{"type":"S3ConnectionError","message":"s"}`), "s"},
		{ok(500, `{"type":"S3ExecutionError","message":"s"}`), "s"},
		{ok(500, `{"type":"DurationParseError","message":"s"}`), "s"},
		{ok(500, `{"type":"QueryError","message":""}`), "The server failed and did not say why (QueryError)"},
		{fails(errs.E(errs.NoSnapshot, "s")), "There is no snapshot with this id"},
		{ok(502, "<html>"), "Unable to parse error response: the body is not JSON, response code: 502 Bad Gateway"},
		{ok(404, ""), "Unable to parse error response: the body is empty, response code: 404 Not Found"},
		{fails(errs.E(errs.Forbidden, "no\x1b[2J\nway")), `no\x1B[2J` + "\nway"},
	}
	s := newServer(t, nil)
	u := atServer(t, s)
	for _, tt := range tests {
		s.set(tt.answer)
		u.want("", "Error: "+tt.want+"\n", 1, "create_database", "alice/nope")
	}
	s.Close()
	u.want("", "Error: Could not reach "+s.URL+": connection refused\n", 1, "list", "alice")
	u.env["AYB_SERVER_URL"] = "http://127.0.0.1:5434badport"
	u.want("", "Error: The port \"5434badport\" in the server URL http://127.0.0.1:5434badport is not a number between 1 and 65535\n", 1, "list", "alice")
}

func TestTokenRequired(t *testing.T) {
	s := newServer(t, ok(200, httpapi.Entity{}))
	u := atServer(t, s)
	delete(u.env, "AYB_API_TOKEN")
	for _, args := range []string{"create_database a/b", "query a/b x", "list_tokens", "revoke_token x"} {
		u.want("", "Error: Calling endpoint that requires client API token, but none provided\n", 1, strings.Fields(args)...)
	}
	if got := s.seen(); got != "" {
		t.Errorf("sent %s", got)
	}
	u.want("No queryable databases owned by alice\n", "", 0, "list", "alice")
	if got := s.seen(); got != "GET /v1/entity/alice []" {
		t.Errorf("sent %s", got)
	}
}

func TestUsageErrors(t *testing.T) {
	u := newUser(t) // these mistakes are found without a server
	tests := []struct{ args, message, command string }{
		{"frobnicate", "unknown subcommand 'frobnicate'", "client"},
		{"quer a/b", "unknown subcommand 'quer'; did you mean 'query' or 'queries'?", "client"},
		{"register alice", "the following required arguments were not provided: EMAIL", "client register"},
		{"register", "the following required arguments were not provided: ENTITY EMAIL", "client register"},
		{"register a b user c", "unexpected argument 'c'", "client register"},
		{"register a b robot", "invalid value 'robot' for TYPE; possible values: user, organization", "client register"},
		{"create_database a/b oracle", "invalid value 'oracle' for TYPE; possible values: sqlite, duckdb", "client create_database"},
		{"create_database a/b sqlite x", "invalid value 'x' for PUBLIC; possible values: no-access, fork, read-only", "client create_database"},
		{"create_database a/b sqlite fork --public-sharing-level no-access", "PUBLIC and --public_sharing_level contradict each other", "client create_database"},
		{"create_database shop.sqlite", "Argument must be formatted as 'entity/database'", "client create_database"},
		{"query a/", "Argument must be formatted as 'entity/database'", "client query"},
		{"query /b", "Argument must be formatted as 'entity/database'", "client query"},
		{"list alice --format xml", `invalid argument "xml" for "--format" flag: possible values: table, csv, json`, "client list"},
		{"list alice --nonsense", "unknown flag: --nonsense", "client list"},
		{"list alice --url", "flag needs an argument: --url", "client list"},
	}
	for _, tt := range tests {
		u.want("", "Error: "+tt.message+"\n\nFor more information, try '"+tt.command+" --help'.\n", 2, strings.Fields(tt.args)...)
	}
}

// C5: a missing URL is an error message, not a crash.
func TestMissingURLC5(t *testing.T) {
	u := newUser(t)
	u.want("", "Error: Server URL is required through --url parameter, AYB_SERVER_URL environment variable, or default_url in "+u.config()+"\n", 2,
		"--config", u.config(), "list", "alice")
}

// Every level has help that names all commands and has examples.
func TestHelp(t *testing.T) {
	u := newUser(t)
	commands := []string{"register", "log_in", "confirm", "create_database", "list", "query", "database_details", "list_tokens", "revoke_token", "create_token", "log_out", "set_default_url", "schema", "queries", "cancel_query", "usage", "list_snapshots", "take_snapshot", "restore_snapshot", "export", "import", "fork", "rename", "delete_database", "undelete"}
	top, _, code := u.run()
	if code != 0 || !strings.Contains(top, "ayb client confirm TOKEN") {
		t.Errorf("client alone: %d, %s", code, top)
	}
	for _, name := range commands {
		if !strings.Contains(top, "\n  "+name+" ") {
			t.Errorf("help does not name %s", name)
		}
		for _, args := range [][]string{{name, "--help"}, {name, "-h"}, {"help", name}} {
			out, errOut, code := u.run(args...)
			if code != 0 || errOut != "" || !strings.Contains(out, "Examples:\n  ayb client "+name) || !strings.Contains(out, "Usage:\n  client "+name) {
				t.Errorf("%q: %d, %q, %s", args, code, errOut, out)
			}
		}
	}
}

// C9: the shell completes names, kinds and levels.
func TestCompletion(t *testing.T) {
	u := newUser(t)
	tests := []struct{ args, want string }{
		{"quer", "queries\nquery"},
		{"list alice --format ", "table\ncsv\njson"},
		{"create_database a/b --public_sharing_level ", "no-access\nfork\nread-only"},
		{"create_database a/b ", "sqlite\nduckdb"},
		{"register a b ", "user\norganization"},
	}
	for _, tt := range tests {
		out, _, _ := u.run(append([]string{"__completeNoDesc"}, strings.Split(tt.args, " ")...)...)
		if !strings.HasPrefix(out, tt.want+"\n:") {
			t.Errorf("%s: got %q", tt.args, out)
		}
	}
}

func TestExitCodeOfAnOrdinaryError(t *testing.T) {
	s := newServer(t, ok(200, "not ours"))
	u := atServer(t, s)
	u.want("", "Error: The answer of "+s.URL+" is not what an ayb server sends\n", 1, "list", "alice")
}
