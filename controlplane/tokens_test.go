package controlplane_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (w *world) mint(auth, body string) httpapi.CreatedToken {
	w.t.Helper()
	got := w.do("POST", "/v1/tokens", body, "Authorization", auth)
	var made httpapi.CreatedToken
	if err := json.Unmarshal([]byte(got.body), &made); err != nil || got.status != 201 || made.Token == "" {
		w.t.Fatalf("%s: %d %s", body, got.status, got.body)
	}
	return made
}

// A token is made with a database, a level, an end and a name.
func TestCreateTokens(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/db")
	w.mustCreate(ann, "ann/other")
	got := w.do("POST", "/v1/tokens", `{"database":"Ann/db","level":"read-only","expires_in":"30d","name":"Back up ✓"}`, "Authorization", ann)
	want := regexp.MustCompile(`^\{"token":"ayb_\w+_\w+","short_token":"\w+","scoped_database":"ann/db","permission_level":"read-only","name":"Back up ✓",` +
		`"created_at":"2026-03-15 16:25:56.706720","expires_at":"2026-04-14 16:25:56.706720"\}$`)
	if got.status != 201 || !want.MatchString(got.body) {
		t.Errorf("%d %s", got.status, got.body)
	}
	reader := "Bearer " + w.mint(ann, `{"database":"ann/db"}`).Token
	w.want(w.query(reader, "ann/db", "SELECT 1"), 200, empty)
	if q := w.node.Queries(); q[len(q)-1].Mode != ayb.QueryReadOnly {
		t.Errorf("mode %s", q[len(q)-1].Mode)
	}
	if got := w.query(reader, "ann/other", "SELECT 1"); got.status != 403 {
		t.Errorf("another database: %d", got.status)
	}
	whole := "Bearer " + w.mint(ann, "").Token
	w.want(w.query(whole, "ann/other", "SELECT 1"), 200, empty)
	for body, status := range map[string]int{
		`{"level":"read-only"}`:                       400,
		`{"database":"ann/db","level":"manager"}`:     400,
		`{"database":"ann"}`:                          400,
		`{"database":"ann/missing"}`:                  404,
		`{"database":"bob/x"}`:                        403,
		`{"expires_in":"never"}`:                      400,
		`{"expires_in":-1}`:                           400,
		`{"expires_in":1.5}`:                          400,
		`{"expires_in":true}`:                         400,
		`{"expires_in":[]}`:                           400,
		`{"name":"a\nb"}`:                             400,
		`{"name":` + strings.Repeat(" ", 1<<20) + `}`: 413,
		`{`: 400,
	} {
		if got := w.do("POST", "/v1/tokens", body, "Authorization", ann); got.status != status {
			t.Errorf("%.60s: %d %s", body, got.status, got.body)
		}
	}
	for _, body := range []string{`{"expires_in":3600}`, `{"expires_in":"3600"}`, `{"expires_in":"1h"}`} {
		if made := w.mint(ann, body); *made.ExpiresAt != "2026-03-15 17:25:56.706720" {
			t.Errorf("%s: %s", body, *made.ExpiresAt)
		}
	}
	if made := w.mint(ann, `{"expires_in":null,"database":null}`); made.ExpiresAt != nil || made.ScopedDatabase != nil {
		t.Errorf("%+v", made)
	}
	got = w.do("POST", "/v1/tokens", "", "Authorization", ann, "database", "ann/db", "expires-in", "1h")
	if got.status != 201 || !strings.Contains(got.body, `"scoped_database":"ann/db"`) {
		t.Errorf("as headers: %d %s", got.status, got.body)
	}
	denied := `{"type":"Unauthorized","message":"A token that is limited to one database can't be used for this"}`
	w.want(w.do("POST", "/v1/tokens", `{"database":"ann/db"}`, "Authorization", reader), 403, denied) // S2
	if got := w.do("POST", "/v1/tokens", ""); got.status != 401 {
		t.Errorf("without a token: %d", got.status)
	}
}

// S16: a token ends at its expiry.
func TestTokensEndS16(t *testing.T) {
	w := newWorld(t)
	ann := w.account("ann")
	w.mustCreate(ann, "ann/db")
	short := "Bearer " + w.mint(ann, `{"expires_in":"1h"}`).Token
	w.want(w.query(short, "ann/db", "SELECT 1"), 200, empty)
	w.advance(time.Hour)
	w.want(w.query(short, "ann/db", "SELECT 1"), 401, `{"type":"InvalidToken","message":"API token has expired"}`)
	if got := w.do("GET", "/v1/tokens", "", "Authorization", ann); strings.Count(got.body, "short_token") != 1 {
		t.Error(got.body)
	}
}

// S22: a token for a database that the caller may not see is refused like one for
// a missing database.
func TestTokensForHiddenDatabasesS22(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(ann, "ann/db")
	for _, path := range []string{"ann/db", "ann/missing", "nobody/db"} {
		w.wantOther(w.do("POST", "/v1/tokens", fmt.Sprintf(`{"database":%q}`, path), "Authorization", bob), 403,
			"Authenticated entity bob can't make a read-only token for database "+path)
	}
}

// An account with 100 000 tokens can use, list and revoke them, and other accounts
// are not slowed down.
func TestManyTokens(t *testing.T) {
	w := newWorld(t)
	w.quiet.Store(true)
	ann, bob := w.account("ann"), w.account("bob")
	w.mustCreate(bob, "bob/db")
	w.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 100000)
		INSERT INTO api_token (short_token, entity_id, hash, created_at)
		SELECT 'many' || i, (SELECT id FROM entity WHERE slug = 'ann'), printf('%064d', i), '2026-01-01 00:00:00.000000' FROM n`)
	begun := cpuTime(t) // other processes are no fault of the tokens
	if got := w.do("GET", "/v1/tokens", "", "Authorization", ann); strings.Count(got.body, `"short_token"`) != 100_001 {
		t.Errorf("%d listed", strings.Count(got.body, `"short_token"`))
	}
	w.want(w.do("DELETE", "/v1/tokens/many77777", "", "Authorization", ann), 200, `{}`)
	w.mint(ann, `{"expires_in":"1h"}`)
	w.want(w.do("DELETE", "/v1/tokens/many77776", "", "Authorization", bob), 404, `{"type":"RecordNotFound","id":"many77776","record_type":"api_token"}`)
	w.want(w.query(bob, "bob/db", "SELECT 1"), 200, empty)
	if took := cpuTime(t) - begun; took > 20*time.Second {
		t.Errorf("that took %v", took)
	}
}
