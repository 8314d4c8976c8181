package controlplane_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// A mail from before the deletion of an account cannot create the account again. A
// new registration can.
func TestMailsFromBeforeTheDeletion(t *testing.T) {
	w := newWorld(t)
	second := w.register("ann", "ann@example.org") // of two registrations, this one stays unspent
	w.advance(time.Second)
	ann := w.account("ann")
	w.want(w.do("POST", "/v1/log_in", "", "entity", "ann"), 200, `{}`)
	sent := w.mail.sent()
	login := sent[len(sent)-1].Token
	w.advance(10 * time.Millisecond)
	w.want(w.do("DELETE", "/v1/entity/ann", "", "Authorization", ann), 200, `{}`)
	for _, old := range []string{second, login} {
		w.wantOther(w.do("POST", "/v1/confirm", "", "authentication-token", old), 400, "Invalid or expired token")
	}
	if got := w.do("GET", "/v1/entity/ann", ""); got.status != 404 {
		t.Errorf("the account is there again: %d %s", got.status, got.body)
	}
	w.advance(10 * time.Millisecond) // in the same second
	w.account("ann")
	w.wantOther(w.do("POST", "/v1/confirm", "", "authentication-token", login), 400, "Invalid or expired token")
}

// The limit of tokens is in the error. A log-in still works: it replaces the token
// that was unused for longest.
func TestTokensPerAccount(t *testing.T) {
	w := newWorld(t, func(c *config) { c.TokensPerAccount = 3 })
	ann := w.account("ann")
	w.advance(time.Minute)
	w.mint(ann, `{"name":"one"}`)
	w.mint(ann, `{"name":"two"}`)
	w.wantOther(w.do("POST", "/v1/tokens", `{"name":"three"}`, "Authorization", ann), 403,
		"ann has 3 API tokens and may have 3 (limits.tokens_per_account, which the operator of the server can raise); revoke those that are not used any more")
	var logins []string
	for range 3 {
		w.advance(time.Minute)
		logins = append(logins, w.account("ann"))
	}
	for i, auth := range append([]string{ann}, logins...) {
		got := w.do("GET", "/v1/tokens", "", "Authorization", auth)
		if last := i == len(logins); (got.status == 200) != last || last && strings.Count(got.body, `"short_token"`) != 3 {
			t.Errorf("log-in %d: %d %s", i, got.status, got.body)
		}
	}
}

// The pages of tokens together are the list without paging.
func TestPagesOfTokens(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.account("ann"), w.account("bob")
	for range 7 {
		w.mint(ann, "")
		w.advance(time.Second)
	}
	ask := func(params string) (body httpapi.Tokens) {
		t.Helper()
		got := w.do("GET", "/v1/tokens"+params, "", "Authorization", ann)
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.status != 200 {
			t.Fatalf("%s: %d %s", params, got.status, got.body)
		}
		return body
	}
	all := ask("")
	if len(all.Tokens) != 8 || all.Next != "" {
		t.Fatalf("%+v", all)
	}
	var paged []httpapi.Token
	for next, pages := "", 0; pages == 0 || next != ""; pages++ {
		page := ask("?limit=3&after=" + next)
		if next != "" && pages > 2 {
			t.Fatal("too many pages")
		}
		paged, next = append(paged, page.Tokens...), page.Next
	}
	if fmt.Sprint(shorts(paged)) != fmt.Sprint(shorts(all.Tokens)) {
		t.Errorf("%v in pages, %v at once", shorts(paged), shorts(all.Tokens))
	}
	if rest := ask("?after=" + all.Tokens[5].ShortToken); len(rest.Tokens) != 2 || rest.Next != "" {
		t.Errorf("the rest is %+v", rest)
	}
	for params, says := range map[string]string{
		"?limit=0": "The parameter limit must be a number from 1 to 1000", "?limit=1001": "from 1 to 1000", "?limit=x": "from 1 to 1000",
		"?limit=": "from 1 to 1000", "?limit=1&limit=2": "more than once", "?page=2": "There is no parameter page here; the parameters are limit, after",
		"?after=none": "No token of this account has the short half none; begin with the first page again",
	} {
		if got := w.do("GET", "/v1/tokens"+params, "", "Authorization", ann); got.status != 400 || !strings.Contains(got.body, says) {
			t.Errorf("%s: %d %s", params, got.status, got.body)
		}
	}
	if got := w.do("GET", "/v1/tokens?after="+all.Tokens[0].ShortToken, "", "Authorization", bob); got.status != 400 {
		t.Errorf("somebody else's token: %d %s", got.status, got.body)
	}
}

func shorts(list []httpapi.Token) (out []string) {
	for _, t := range list {
		out = append(out, t.ShortToken)
	}
	return out
}
