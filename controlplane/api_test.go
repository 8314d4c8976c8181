package controlplane_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func TestFromRegistrationToQuery(t *testing.T) {
	w := newWorld(t)
	mailed := w.register("E2E-First", "E2E@example.org")
	job := w.mail.sent()[0]
	if job.To != "e2e@example.org" || job.Kind != mailapi.KindRegistration ||
		job.ConfirmURL != "https://ayb.example.com/confirm/"+strings.ReplaceAll(mailed, "=", "%3D") {
		t.Errorf("got %+v", job)
	}
	got := w.do("POST", "/v1/confirm", "", "authentication-token", mailed)
	token := w.tokenOf(got)
	w.want(got, 200, `{"entity":"e2e-first","token":"`+token+`"}`)
	if parts := strings.Split(token, "_"); len(parts) != 3 || parts[0] != "ayb" {
		t.Errorf("token %s", token)
	}
	auth := "Bearer " + token
	w.want(w.create(auth, "e2e-first/test.sqlite"), 201, `{"entity":"e2e-first","database":"test.sqlite","database_type":"sqlite"}`)
	w.want(w.create(auth, "e2e-first/another.sqlite"), 201, `{"entity":"e2e-first","database":"another.sqlite","database_type":"sqlite"}`)
	w.wantOther(w.create(auth, "e2e-first/test.sqlite"), 409, "Database already exists")
	w.want(w.do("GET", "/v1/E2E-FiRST/test.sqlite/details", "", "Authorization", auth), 200,
		`{"entity_slug":"e2e-first","database_slug":"test.sqlite","database_type":"sqlite","highest_query_access_level":"ReadWrite","can_manage_database":true,"public_sharing_level":"no-access","query_permission_level":"read-write","forked_from":null,"forks":[]}`)
	w.want(w.query(auth, "E2E-FiRST/test.sqlite", "SELECT 1"), 200, `{"fields":[],"rows":[]}`)
	req := w.node.Queries()[0]
	if string(req.Body) != "SELECT 1" || req.Mode != ayb.QueryReadWrite || req.Path.String() != "e2e-first/test.sqlite" ||
		req.Type != ayb.SQLite || req.Format != nodeapi.FormatCompat {
		t.Errorf("the node was asked %+v", req)
	}
	profile := `"profile":{"display_name":null,"description":null,"organization":null,"location":null,"links":[]}`
	w.want(w.do("GET", "/v1/entity/E2E-first", "", "Authorization", auth), 200,
		`{"slug":"e2e-first",`+profile+`,"databases":[{"slug":"another.sqlite","database_type":"sqlite"},{"slug":"test.sqlite","database_type":"sqlite"}],"permissions":{"can_create_database":true}}`)
	w.want(w.do("GET", "/v1/entity/e2e-first", ""), 200,
		`{"slug":"e2e-first",`+profile+`,"databases":[],"permissions":{"can_create_database":false}}`)
	w.want(w.do("GET", "/v1/entity/nobody", ""), 404, `{"type":"RecordNotFound","id":"nobody","record_type":"entity"}`)

	short := strings.Split(token, "_")[1]
	w.want(w.do("GET", "/v1/tokens", "", "Authorization", auth), 200,
		`{"tokens":[{"short_token":"`+short+`","scoped_database":null,"permission_level":null,"app_name":null,"created_at":"2026-03-15 16:25:56.706720","expires_at":null,"revoked_at":null,"name":null,"last_used_at":null}]}`)
	w.want(w.do("DELETE", "/v1/tokens/nothing", "", "Authorization", auth), 404, `{"type":"RecordNotFound","id":"nothing","record_type":"api_token"}`)
	w.want(w.do("DELETE", "/v1/tokens/"+short, "", "Authorization", auth), 200, `{}`)
	w.want(w.query(auth, "e2e-first/test.sqlite", "SELECT 1"), 401, `{"type":"InvalidToken","message":"API token has been revoked"}`)
}

func TestForeignTokensCannotBeRevoked(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	short := strings.Split(ann, "_")[1]
	w.want(w.do("DELETE", "/v1/tokens/"+short, "", "Authorization", bob), 404,
		`{"type":"RecordNotFound","id":"`+short+`","record_type":"api_token"}`)
	if got := w.do("GET", "/v1/tokens", "", "Authorization", ann); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestRegistrationRefusals(t *testing.T) {
	w := newWorld(t)
	w.account("alice")
	before := len(w.mail.sent())
	long := strings.Repeat("a", 129)
	for _, tt := range []struct {
		entity, address, kind string
		status                int
		body                  string
	}{
		{"ADMIN", "x@example.org", "user", 400, `{"type":"RegistrationError","message":"Username 'admin' is reserved and cannot be used"}`},
		{"..", "x@example.org", "user", 400, `{"type":"InvalidSlug","message":"Invalid entity slug: .."}`},
		{"a/b", "x@example.org", "user", 400, `{"type":"InvalidSlug","message":"Invalid entity slug: a/b. Only letters, numbers, underscores, hyphens, and periods are allowed"}`},
		{long, "x@example.org", "user", 400, `{"type":"InvalidSlug","message":"A entity slug can't be longer than 128 bytes, but this one is 129 bytes"}`},
		{"bob", "bob", "user", 400, `{"type":"RegistrationError","message":"The mail address is not valid; it must look like name@example.org"}`},
		{"bob", "bob@example.org", "robot", 400, `{"type":"Other","message":"Unknown value: robot; it can be user, organization"}`},
		{"alice", "mallory@example.org", "user", 409, `{"type":"Other","message":"alice has already been registered"}`},
	} {
		w.want(w.do("POST", "/v1/register", "", "entity", tt.entity, "email-address", tt.address, "entity-type", tt.kind), tt.status, tt.body)
	}
	w.wantOther(w.do("POST", "/v1/register", ""), 400, "Missing required `entity` header")
	w.wantOther(w.do("POST", "/v1/register", "entity=a&email_address=b", "Content-Type", "application/x-www-form-urlencoded"), 400,
		"Missing required `entity` header; the body was ignored because it is not a JSON object: send one with `entity`, and with `Content-Type: application/json`")
	w.wantOther(w.do("POST", "/v1/register", "", "entity", "a"), 400, "Missing required `email-address` header")
	w.wantOther(w.do("POST", "/v1/register", "", "entity", "a", "email-address", "b"), 400, "Missing required `entity-type` header")
	w.wantOther(w.do("POST", "/v1/log_in", ""), 400, "Missing required `entity` header")
	w.wantOther(w.do("POST", "/v1/confirm", ""), 400, "Missing required `authentication-token` header")
	w.wantOther(w.do("POST", "/v1/confirm", "", "authentication-token", "x"), 400, "Invalid or expired token")
	w.wantOther(w.do("POST", "/v1/register", "", "entity", "b\xc3\xbcb", "email-address", "b@example.org", "entity-type", "user"), 400,
		"The `entity` header may only contain visible ASCII characters")
	if n := len(w.mail.sent()); n != before {
		t.Errorf("%d mails for refused registrations", n-before)
	}
}

// S14: a log-in is answered the same for known and unknown accounts, also while
// mails wait.
func TestLogInAndDelivery(t *testing.T) {
	w := newWorld(t)
	w.account("alice")
	before := len(w.mail.sent())
	w.want(w.do("POST", "/v1/log_in", "", "entity", "nobody"), 200, `{}`)
	if n := len(w.mail.sent()); n != before {
		t.Error("a mail was sent to nobody")
	}
	w.want(w.do("POST", "/v1/log_in", "", "entity", "ALICE"), 200, `{}`)
	jobs := w.mail.sent()
	if last := jobs[len(jobs)-1]; last.To != "alice@example.org" || last.Kind != mailapi.KindLogin {
		t.Errorf("got %+v", last)
	}
	w.mail.delivery = mailapi.Queued
	w.want(w.do("POST", "/v1/log_in", "", "entity", "alice"), 200, `{"delivery":"queued"}`)
	w.mail.err = errs.Wrap(errs.Mail, errors.New("550 /etc/secret"), "The mail was refused")
	got := w.do("POST", "/v1/log_in", "", "entity", "alice")
	if got.status != 502 || !strings.HasPrefix(got.body, `{"type":"EmailError","message":"The mail was refused","request_id":"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.mail.err = errs.E(errs.Unavailable, "The mail could not be queued")
	if got := w.do("POST", "/v1/log_in", "", "entity", "alice"); got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// S15: a log-in token works once. Two mails both work.
func TestMailsAreSpentOnce(t *testing.T) {
	w := newWorld(t)
	first, second := w.register("alice", "alice@example.org"), w.register("alice", "alice@example.org")
	for _, mailed := range []string{first, second} {
		w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", mailed))
		for _, again := range []string{mailed, strings.TrimRight(mailed, "="), mailed + "x"} {
			w.wantOther(w.do("POST", "/v1/confirm", "", "authentication-token", again), 400, "Invalid or expired token")
		}
	}
	late := w.register("alice", "alice@example.org")
	w.mu.Lock()
	w.now = w.now.Add(time.Hour + time.Second)
	w.mu.Unlock()
	w.wantOther(w.do("POST", "/v1/confirm", "", "authentication-token", late), 400, "Invalid or expired token")
}

// A8: one address, two names.
func TestOneAddressTwoNames(t *testing.T) {
	w := newWorld(t)
	one, two := w.register("one", "x@example.org"), w.register("two", "x@example.org")
	w.tokenOf(w.do("POST", "/v1/confirm", "", "authentication-token", two))
	w.wantOther(w.do("POST", "/v1/confirm", "", "authentication-token", one), 409, "This mail address already belongs to another account")
	w.want(w.do("GET", "/v1/entity/one", ""), 404, `{"type":"RecordNotFound","id":"one","record_type":"entity"}`)
}

// A9: competing registrations, confirmed at once.
func TestConfirmRace(t *testing.T) {
	w := newWorld(t)
	const n = 12
	mails := make([]string, n)
	for i := range mails {
		mails[i] = w.register("prize", fmt.Sprintf("racer%d@example.org", i))
	}
	results := make([]answer, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i] = w.do("POST", "/v1/confirm", "", "authentication-token", mails[i]) })
	}
	wg.Wait()
	won := 0
	for _, got := range results {
		if got.status == 200 {
			won++
			continue
		}
		w.wantOther(got, 409, "prize has already been registered")
	}
	if won != 1 {
		t.Errorf("%d winners", won)
	}
}

func TestCreateRace(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	results := make([]answer, 12)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = w.create(auth, "alice/one") })
	}
	wg.Wait()
	won := 0
	for _, got := range results {
		if got.status == 201 {
			won++
			continue
		}
		w.wantOther(got, 409, "Database already exists")
	}
	if won != 1 || len(w.node.Created()) != 1 || len(w.node.Discarded()) != 0 {
		t.Errorf("%d winners, created %v, discarded %v", won, w.node.Created(), w.node.Discarded())
	}
}

func TestCreateChecksInOrder(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	for _, tt := range []struct {
		name, auth, path, kind, public string
		status                         int
		body                           string
	}{
		{"slug first", bob, "nobody/a b", "x", "x", 400, `{"type":"InvalidSlug","message":"Invalid database slug: a b. Only letters, numbers, underscores, hyphens, and periods are allowed"}`},
		{"then the entity", bob, "nobody/a", "x", "x", 404, `{"type":"RecordNotFound","id":"nobody","record_type":"entity"}`},
		{"then the type", bob, "ann/a", "x", "y", 400, `{"type":"Other","message":"Unknown value: x; it can be sqlite, duckdb"}`},
		{"then the level", bob, "ann/a", "sqlite", "y", 400, `{"type":"Other","message":"Unknown value: y; it can be no-access, fork, read-only"}`},
		{"then the caller", bob, "Ann/a", "sqlite", "fork", 403, `{"type":"Other","message":"Authenticated entity bob can't create a database for entity ann"}`},
		{"folded, A4", ann, "ANN/a", "sqlite", "fork", 201, `{"entity":"ann","database":"a","database_type":"sqlite"}`},
		{"an engine that is not here", ann, "ann/duck", "duckdb", "fork", 400, `{"type":"Other","message":"Databases of type duckdb are not supported by this server"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := strings.ReplaceAll(tt.path, " ", "%20")
			w.want(w.do("POST", "/v1/"+path+"/create", "", "Authorization", tt.auth, "db-type", tt.kind, "public-sharing-level", tt.public), tt.status, tt.body)
		})
	}
	w.wantOther(w.do("POST", "/v1/ann/b/create", "", "Authorization", ann), 400, "Missing required `db-type` header")
	// The level may be left out.
	w.want(w.do("POST", "/v1/ann/b/create", "", "Authorization", ann, "db-type", "sqlite"), 201, `{"entity":"ann","database":"b","database_type":"sqlite"}`)
	if got := w.do("GET", "/v1/ann/a/details", "", "Authorization", ann); !strings.Contains(got.body, `"public_sharing_level":"fork"`) {
		t.Error(got.body)
	}
	if got := w.do("GET", "/v1/ann/b/details", "", "Authorization", ann); !strings.Contains(got.body, `"public_sharing_level":"no-access"`) {
		t.Error(got.body)
	}
}

// Names at the edge of what is legal.
func TestSlugs(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("e", 128)
	ann, bob, max := w.account("ann"), w.account("bob"), w.account(long)
	longest := strings.Repeat("D", 128)
	for path, auth := range map[string]string{
		"ann/same": ann, "bob/same": bob, "ann/Same": ann, "ann/SAME": ann,
		"ann/a..b": ann, "ann/...": ann, "ann/register": ann, "ann/.sqlite": ann, "ann/-": ann,
		long + "/" + longest: max,
	} {
		w.mustCreate(auth, path)
		w.want(w.query(auth, path, "SELECT 1"), 200, `{"fields":[],"rows":[]}`)
		asked := w.node.Queries()
		if got := asked[len(asked)-1].Path.String(); got != path {
			t.Errorf("%s went to %s", path, got)
		}
	}
	for name, message := range map[string]string{
		"..": "Invalid database slug: ..", "%2e%2e": "Invalid database slug: ..", ".": "Invalid database slug: .", "%2E": "Invalid database slug: .",
		"a%2Fb":       "Invalid database slug: a/b. Only letters, numbers, underscores, hyphens, and periods are allowed",
		"%252e%252e":  "Invalid database slug: %2e%2e. Only letters, numbers, underscores, hyphens, and periods are allowed",
		"a%00":        "Invalid database slug: a\x00. Only letters, numbers, underscores, hyphens, and periods are allowed",
		longest + "D": "A database slug can't be longer than 128 bytes, but this one is 129 bytes",
	} {
		got := w.create(ann, "ann/"+name)
		b, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		w.want(got, 400, `{"type":"InvalidSlug","message":`+string(b)+`}`)
	}
	for _, path := range []string{"..%2fann/same", "%2e%2e/same", "ann%2fsame/x", "ann/sam%65"} {
		got := w.query(ann, path, "SELECT 1")
		if want := map[bool]int{true: 200, false: 403}[path == "ann/sam%65"]; got.status != want {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// S22: a caller without rights gets the same answers for a database and for a
// missing one.
func TestMissingLooksLikeForbidden(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.want(w.do("POST", "/v1/ann/there/create", "", "Authorization", ann, "db-type", "sqlite", "public-sharing-level", "no-access"), 201,
		`{"entity":"ann","database":"there","database_type":"sqlite"}`)
	for _, path := range []string{"ann/there", "ann/missing", "nobody/missing"} {
		w.wantOther(w.query(bob, path, "SELECT 1"), 403, "Authenticated entity bob can't query database "+path)
		w.want(w.do("GET", "/v1/"+path+"/details", "", "Authorization", bob), 403,
			`{"type":"Unauthorized","message":"Authenticated entity bob can't access database `+path+`"}`)
		w.want(w.do("GET", "/v1/"+path+"/details", ""), 401, `{"type":"Unauthorized","message":"Database `+path+` is not accessible"}`)
	}
	missing := `{"type":"RecordNotFound","id":"ann/missing","record_type":"database"}`
	w.want(w.query(ann, "ANN/missing", "SELECT 1"), 404, missing)
	w.want(w.do("GET", "/v1/ann/missing/details", "", "Authorization", ann), 404, missing)
	if n := len(w.node.Queries()); n != 0 {
		t.Errorf("%d refused queries reached the node", n)
	}
}

// S2: the rights of a scoped token, over every route.
func TestScopedToken(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/app")
	w.mustCreate(ann, "ann/other")
	for level, name := range []string{"reader", "writer"} {
		// The stored hash is that of the specification's test vector.
		w.exec(`INSERT INTO api_token (short_token, entity_id, hash, database_id, query_permission_level, app_name)
			SELECT $1, entity_id, '0f01ab6e0833f280b73b2b618c16102d91c0b7c585d42a080d6e6603239a8bee', id, $2, 'My App' FROM database WHERE slug = 'app'`, name, level)
	}
	auth := func(name string) string { return "Bearer ayb_" + name + "_BddpcwWyCT3EkDjHSSTRaSK1dxtuQgbjb" }
	for name, want := range map[string]struct {
		mode   ayb.QueryLevel
		access string
	}{"reader": {ayb.QueryReadOnly, "ReadOnly"}, "writer": {ayb.QueryReadWrite, "ReadWrite"}} {
		a := auth(name)
		if got := w.query(a, "ann/app", "SELECT 1"); got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
		asked := w.node.Queries()
		if mode := asked[len(asked)-1].Mode; mode != want.mode {
			t.Errorf("%s runs %s", name, mode)
		}
		// A7: the level is that of the token, and one key spells it as elsewhere.
		w.want(w.do("GET", "/v1/ann/app/details", "", "Authorization", a), 200,
			`{"entity_slug":"ann","database_slug":"app","database_type":"sqlite","highest_query_access_level":"`+want.access+`","can_manage_database":false,"public_sharing_level":"no-access","query_permission_level":"`+string(want.mode)+`","forked_from":null,"forks":[]}`)
		for _, path := range []string{"ann/other", "ann/missing"} {
			w.wantOther(w.query(a, path, "SELECT 1"), 403, "Authenticated entity ann can't query database "+path)
			if got := w.do("GET", "/v1/"+path+"/details", "", "Authorization", a); got.status != 403 {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
		if got := w.do("GET", "/v1/entity/ann", "", "Authorization", a); !strings.HasSuffix(got.body,
			`"databases":[{"slug":"app","database_type":"sqlite"}],"permissions":{"can_create_database":false}}`) {
			t.Error(got.body)
		}
		denied := `{"type":"Unauthorized","message":"A token that is limited to one database can't be used for this"}`
		w.want(w.create(a, "ann/new"), 403, denied)
		w.want(w.do("GET", "/v1/tokens", "", "Authorization", a), 403, denied)
		w.want(w.do("DELETE", "/v1/tokens/"+strings.Split(ann, "_")[1], "", "Authorization", a), 403,
			`{"type":"Unauthorized","message":"A token that is limited to one database can only revoke itself"}`)
	}
	if got := w.do("GET", "/v1/tokens", "", "Authorization", ann); !strings.Contains(got.body,
		`{"short_token":"reader","scoped_database":"ann/app","permission_level":"read-only","app_name":"My App","created_at":null,"expires_at":null,"revoked_at":null,"name":null,"last_used_at":null}`) {
		t.Error(got.body)
	}
	w.want(w.do("DELETE", "/v1/tokens/reader", "", "Authorization", auth("reader")), 200, `{}`)
	w.want(w.query(auth("reader"), "ann/app", "SELECT 1"), 401, `{"type":"InvalidToken","message":"API token has been revoked"}`)
}

// N11: the files on the node and the record exist together or not at all.
func TestNoHalfCreatedDatabase(t *testing.T) {
	w := newWorld(t)
	auth := w.account("alice")
	w.node.OnCreate = func(nodeapi.CreateRequest) error { return errs.E(errs.Unavailable, "The node is full of files") }
	if got := w.create(auth, "alice/a"); got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
	w.want(w.query(auth, "alice/a", ""), 404, `{"type":"RecordNotFound","id":"alice/a","record_type":"database"}`)

	// The record cannot be written.
	w.exec(`CREATE TRIGGER no BEFORE INSERT ON database BEGIN SELECT RAISE(ABORT, 'secret detail'); END`)
	w.node.OnCreate = nil
	got := w.create(auth, "alice/b")
	if got.status != 500 || strings.Contains(got.body, "secret") {
		t.Errorf("S20: %d %s", got.status, got.body)
	}
	if d := w.node.Discarded(); len(d) != 1 || d[0].String() != "alice/b" {
		t.Errorf("discarded %v", d)
	}
	w.exec(`DROP TRIGGER no`)

	// Another request records the same database, on the same node, in between.
	w.node.OnCreate = func(r nodeapi.CreateRequest) error {
		w.exec(`INSERT INTO database (slug, db_type, entity_id, node_id) SELECT $1, 0, id, 'n1' FROM entity`, string(r.Path.Database))
		return nil
	}
	w.wantOther(w.create(auth, "alice/c"), 409, "Database already exists")
	if d := w.node.Discarded(); len(d) != 1 {
		t.Errorf("the winner's files were discarded: %v", d)
	}
	w.node.OnCreate = nil
	w.node.SetDown(true)
	if got := w.create(auth, "alice/d"); got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestDatabasesPerAccount(t *testing.T) {
	w := newWorld(t, func(c *config) { c.DatabasesPerAccount = 3 })
	ann, bob := w.account("ann"), w.account("bob")
	results := make([]answer, 9)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = w.create(ann, fmt.Sprint("ann/d", i)) })
	}
	wg.Wait()
	made := 0
	for _, got := range results {
		if got.status == http.StatusCreated {
			made++
			continue
		}
		w.wantOther(got, 403, "ann has 3 databases and may have 3 (limits.databases_per_account, which the operator of the server can raise)")
	}
	if made != 3 {
		t.Errorf("%d databases were made", made)
	}
	w.mustCreate(bob, "bob/d")
}
