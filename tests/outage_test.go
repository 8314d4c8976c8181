package tests

import (
	"bytes"
	dbsql "database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/store/pgtest"
	"github.com/ayb-go/ayb/tests/harness"
)

// TestPostgresOutage stops PostgreSQL under load, once regularly and once by a
// crash. During the gap requests fail with a clear error, and after it they
// work. No account is lost or incomplete.
func TestPostgresOutage(t *testing.T) {
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			pg := pgtest.Start(t)
			srv := harness.Start(t, topology, harness.WithDatabaseURL(pg.Database(t)), harness.WithEnv("AYB__LIMITS__RATE_PER_MINUTE=0"))
			o := &outage{Server: srv, t: t, client: &http.Client{Timeout: 30 * time.Second}, stop: make(chan struct{})}
			o.owner = srv.Register("owner")
			o.owner.Create("shop")
			o.owner.Exec("shop", "CREATE TABLE t(x); INSERT INTO t VALUES (7)")
			o.underLoad(func() {
				o.gap(func() { pg.Stop(t) }, func() { pg.Restart(t) })
				o.gap(func() { pg.Kill(t) }, func() { pg.Restart(t) })
			})
			o.checkAccounts()
		})
	}
}

// outage is a server under load whose metadata store is stopped.
type outage struct {
	*harness.Server
	t       *testing.T
	client  *http.Client
	owner   *harness.User
	stop    chan struct{}
	made    atomic.Int64 // registered and confirmed accounts
	refused atomic.Int64 // requests refused with 503
	queries atomic.Int64 // answered queries

	mu     sync.Mutex
	tokens map[string]string // of each account; empty if the answer with the token was lost
}

// underLoad runs f while accounts are registered and queries run.
func (o *outage) underLoad(f func()) {
	o.tokens = map[string]string{}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := 0; !o.stopped(); i++ {
				o.makeAccount(fmt.Sprintf("user-%d-%d", worker, i))
			}
		})
	}
	wg.Go(func() {
		for !o.stopped() {
			if status, _ := o.call("POST", "/v1/owner/shop/query", "SELECT x FROM t", "authorization", "Bearer "+o.owner.Token); status == http.StatusOK {
				o.queries.Add(1)
			}
			harness.Pause()
		}
	})
	defer wg.Wait()
	defer close(o.stop)
	f()
}

func (o *outage) stopped() bool {
	select {
	case <-o.stop:
		return true
	default:
		return false
	}
}

// gap stops the store and starts it again, with load before, during and after.
func (o *outage) gap(away, back func()) {
	o.grows("accounts", &o.made, 5)
	away()
	o.grows("refused requests", &o.refused, 10)
	if status, body := o.call("GET", "/health", ""); status != http.StatusServiceUnavailable {
		o.t.Errorf("health without the metadata store: %d %s", status, body)
	}
	back()
	o.WaitHealthy()
	o.grows("accounts", &o.made, 5)
	o.grows("queries", &o.queries, 5)
}

func (o *outage) grows(what string, n *atomic.Int64, by int64) {
	o.t.Helper()
	before := n.Load()
	harness.Until(o.t, "more "+what, func() bool { return n.Load() >= before+by })
}

// call makes a request. An answer is as expected or, during the gap, 503 with a
// JSON error; any other answer fails the test.
func (o *outage) call(method, path, body string, headers ...string) (int, string) {
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		o.t.Error(err)
		return 0, ""
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := o.client.Do(req)
	if err != nil {
		o.t.Errorf("%s %s: %v", method, path, err)
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Errorf("%s %s: %v", method, path, err)
	}
	if resp.StatusCode == http.StatusServiceUnavailable {
		o.refused.Add(1)
		var e struct{ Message, Type string }
		if json.Unmarshal(text, &e) != nil || e.Message == "" || e.Type == "" {
			o.t.Errorf("%s %s: refused with %s", method, path, text)
		}
	} else if resp.StatusCode >= 500 {
		o.t.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	return resp.StatusCode, string(text)
}

// persist repeats a request while it is refused.
func (o *outage) persist(path string, headers ...string) (status int, body string) {
	harness.Until(o.t, path, func() bool {
		status, body = o.call("POST", path, "", headers...)
		return status != http.StatusServiceUnavailable
	})
	return status, body
}

// makeAccount registers and confirms an account, with as many tries as needed.
func (o *outage) makeAccount(name string) {
	address := harness.Address(name)
	if status, body := o.persist("/v1/register", "entity", name, "email-address", address, "entity-type", "user"); status != http.StatusOK {
		o.t.Errorf("register: %d %s", status, body)
		return
	}
	var mailed []string
	harness.Until(o.t, "the mail to "+name, func() bool { mailed = o.MailedTokens(address); return len(mailed) > 0 })
	status, body := o.persist("/v1/confirm", "authentication-token", mailed[0])
	var confirmed struct{ Token string }
	switch {
	case status == http.StatusOK && json.Unmarshal([]byte(body), &confirmed) == nil && confirmed.Token != "":
	case status < 500 && o.hasAccount(name):
		// The answer to an earlier try was lost: the account exists, and its
		// owner logs in by mail.
	default:
		o.t.Errorf("confirm: %d %s", status, body)
		return
	}
	o.mu.Lock()
	o.tokens[name] = confirmed.Token
	o.mu.Unlock()
	o.made.Add(1)
}

func (o *outage) hasAccount(name string) bool {
	var status int
	harness.Until(o.t, name, func() bool {
		status, _ = o.call("GET", "/v1/entity/"+name, "")
		return status != http.StatusServiceUnavailable
	})
	return status == http.StatusOK
}

// checkAccounts checks that every account is complete and works.
func (o *outage) checkAccounts() {
	db, err := dbsql.Open("pgx", o.DatabaseURL)
	if err != nil {
		o.t.Fatal(err)
	}
	defer db.Close()
	var all, whole int
	err = db.QueryRowContext(o.t.Context(), `
		SELECT count(*), count(*) FILTER (WHERE
			EXISTS (SELECT 1 FROM authentication_method m WHERE m.entity_id = e.id) AND
			EXISTS (SELECT 1 FROM api_token k WHERE k.entity_id = e.id))
		FROM entity e`).Scan(&all, &whole)
	if err != nil {
		o.t.Fatal(err)
	}
	if want := len(o.tokens) + 1; all != want || whole != want {
		o.t.Errorf("%d accounts exist, %d of them complete; %d were registered", all, whole, want)
	}
	lost := 0
	for name, token := range o.tokens {
		if token == "" {
			lost++
			token = o.logIn(name)
		}
		if status, body := o.call("GET", "/v1/tokens", "", "authorization", "Bearer "+token); status != http.StatusOK {
			o.t.Errorf("the token of %s: %d %s", name, status, body)
		}
	}
	o.t.Logf("%d accounts, %d of them after a lost answer; %d requests refused, %d queries answered",
		len(o.tokens), lost, o.refused.Load(), o.queries.Load())
}

// logIn gets a token through a new mail.
func (o *outage) logIn(name string) string {
	before := len(o.MailedTokens(harness.Address(name)))
	if status, body := o.call("POST", "/v1/log_in", "", "entity", name); status != http.StatusOK {
		o.t.Errorf("log in as %s: %d %s", name, status, body)
		return ""
	}
	var mailed []string
	harness.Until(o.t, "the mail to "+name, func() bool {
		mailed = o.MailedTokens(harness.Address(name))
		return len(mailed) > before
	})
	_, body := o.call("POST", "/v1/confirm", "", "authentication-token", mailed[len(mailed)-1])
	var confirmed struct{ Token string }
	if err := json.Unmarshal([]byte(body), &confirmed); err != nil || confirmed.Token == "" {
		o.t.Errorf("confirm as %s: %s", name, body)
	}
	return confirmed.Token
}
