package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/logging/loggingtest"
	"github.com/ayb-go/ayb/web"
)

// U8: a failed registration says so, gives the reason, and keeps what was entered.
func TestRegistrationU8(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/register" {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("entity") == "taken" {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"message":"The name taken is in use","type":"other"}`))
			return
		}
		_, _ = w.Write([]byte(`{}`))
	})
	s := &services{}
	p, err := web.New(web.Config{PublicURL: site, MailFile: "/data/<mails>.jsonl"}, web.Deps{API: api, Viewers: s, LogIns: s, Applications: s, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, p, "ayb.example.com"}
	b.want(b.request("GET", "/register", ""), 200, "<title>Create account - ayb</title>", `name="username"`, `name="email"`)
	b.want(b.request("POST", "/register", "username=new&email=n%40example.org"), 200, "<title>Check email - ayb</title>", "n@example.org", "/data/&lt;mails&gt;.jsonl")
	got := b.request("POST", "/register", "username=taken&email=%22%3En%40example.org")
	b.want(got, 409, "<title>Registration error - ayb</title>", "The name taken is in use", `value="taken"`, `value="&#34;&gt;n@example.org"`)
	for _, form := range []string{"", "username=a", "email=a%40b.c", "username=+&email=+"} {
		b.want(b.request("POST", "/register", form), 400, "<title>Registration error - ayb</title>", "Enter ")
	}
	if got := b.request("POST", "/register", "username=a&email=b", "Sec-Fetch-Site", "cross-site"); got.status != 403 || !strings.Contains(got.body, "another site") {
		t.Errorf("%d", got.status)
	}
}
