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
	s := &services{}
	p, err := web.New(web.Config{PublicURL: site, MailFile: "/data/<mails>.jsonl"}, web.Deps{API: http.NotFoundHandler(), Viewers: s, LogIns: s, Applications: s, Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, p, "ayb.example.com"}
	b.want(b.request("GET", "/register", ""), 200, "<title>Create account - ayb</title>", `name="username"`, `name="email"`)
	b.want(b.request("POST", "/register", "username=new&email=n%40example.org"), 200, "<title>Check email - ayb</title>", "n@example.org", "/data/&lt;mails&gt;.jsonl")
	if s.takeCalls() != "register" || s.entity != "new" || s.address != "n@example.org" || s.next != "" {
		t.Errorf("%+v", s)
	}
	got := b.request("POST", "/register", "username=taken&email=%22%3En%40example.org")
	b.want(got, 409, "<title>Registration error - ayb</title>", "The name taken is in use", `value="taken"`, `value="&#34;&gt;n@example.org"`)
	for _, form := range []string{"", "username=a", "email=a%40b.c", "username=+&email=+"} {
		b.want(b.request("POST", "/register", form), 400, "<title>Registration error - ayb</title>", "Enter ")
	}
	if got := b.request("POST", "/register", "username=a&email=b", "Sec-Fetch-Site", "cross-site"); got.status != 403 || !strings.Contains(got.body, "another site") {
		t.Errorf("%d", got.status)
	}

	// U7: the page that follows goes with the mail, unless it is on another site (S7).
	for next, want := range map[string]string{"%2Foauth%2Fauthorize%3Fa%3Db": "/oauth/authorize?a=b", "%2F%2Fevil.example": "", "javascript%3Aalert(1)": ""} {
		body := b.request("GET", "/register?next="+next, "").body
		if has := strings.Contains(body, `name="next"`); has != (want != "") || strings.Contains(body, `href="/log_in?next=`) != has {
			t.Errorf("%s: %s", next, body)
		}
		if b.request("POST", "/register", "username=a&email=b&next="+next); s.next != want {
			t.Errorf("%s: %q", next, s.next)
		}
	}
}
