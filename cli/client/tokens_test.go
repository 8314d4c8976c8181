package client_test

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestCreateToken(t *testing.T) {
	s := newServer(t, nil)
	u := atServer(t, s)
	made := httpapi.CreatedToken{Token: "ayb_new_secret", ShortToken: "new"}
	const request = "POST /v1/tokens [Authorization=Bearer ayb_s_l] "
	for _, tt := range []struct {
		args []string
		body string
	}{
		{nil, `{}`},
		{[]string{"--expires", "30d", "--name", "Back up ✓"}, `{"expires_in":"30d","name":"Back up ✓"}`},
		{[]string{"--database", "a/b"}, `{"database":"a/b","level":"read-only"}`},
		{[]string{"--database=a/b", "--level", "read-write"}, `{"database":"a/b","level":"read-write"}`},
	} {
		s.set(ok(201, made))
		u.want("Successfully created token ayb_new_secret\n", "", 0, append([]string{"create_token"}, tt.args...)...)
		if got := s.seen(); got != request+tt.body {
			t.Errorf("%q sent %s", tt.args, got)
		}
	}
	s.set(fails(errs.E(errs.Forbidden, "no")))
	u.want("", "Error: no\n", 1, "create_token")
	s.set(nil)
	for _, tt := range []struct{ args, message string }{
		{"--level read-write", "--level needs --database"},
		{"--database shop.sqlite", "Argument must be formatted as 'entity/database'"},
		{"--database a/b --level manager", `invalid argument "manager" for "--level" flag: possible values: read-only, read-write`},
		{"a/b", "unexpected argument 'a/b'"},
	} {
		u.want("", "Error: "+tt.message+"\n\nFor more information, try 'client create_token --help'.\n", 2, append([]string{"create_token"}, strings.Fields(tt.args)...)...)
	}
}

// S16: logging out ends the token on the server and then forgets it.
func TestLogOutS16(t *testing.T) {
	const file = `{"version":1,"authentication":{"http://other.example":"ayb_o_l","URL":"ayb_s_l"},"default_url":"URL"}`
	s := newServer(t, nil)
	at := func(text string) string { return strings.ReplaceAll(text, "URL", s.URL) }
	u := newUser(t)
	without := at(`{"version":1,"authentication":{"http://other.example":"ayb_o_l"},"default_url":"URL"}`)
	for _, tt := range []struct {
		name     string
		token    string
		failure  error
		stdout   string
		stderr   string
		forgets  bool
		requests string
	}{
		{name: "remembered", stdout: at("Successfully logged out of URL\n"), forgets: true, requests: "DELETE /v1/tokens/s [Authorization=Bearer ayb_s_l]"},
		{name: "ended already", failure: errs.E(errs.InvalidToken, "API token has been revoked"), stdout: at("Successfully logged out of URL\n"), forgets: true,
			requests: "DELETE /v1/tokens/s [Authorization=Bearer ayb_s_l]"},
		{name: "server in trouble", failure: errs.E(errs.Unavailable, "try again"), stderr: "Error: try again\n", requests: "DELETE /v1/tokens/s [Authorization=Bearer ayb_s_l]"},
		{name: "another token", token: "ayb_x_l", stdout: at("Successfully logged out of URL\n"), requests: "DELETE /v1/tokens/x [Authorization=Bearer ayb_x_l]"},
		{name: "no token at all", token: "nonsense", stdout: at("Successfully logged out of URL\n")},
	} {
		write(t, u.config(), at(file))
		s.set(ok(200, "{}"))
		if tt.failure != nil {
			s.set(fails(tt.failure))
		}
		args := []string{"--config", u.config()}
		if tt.token != "" {
			args = append(args, "--token", tt.token)
		}
		code := 0
		if tt.stderr != "" {
			code = 1
		}
		u.want(tt.stdout, tt.stderr, code, append(args, "log_out")...)
		want := at(file)
		if tt.forgets {
			want = without
		}
		if got := read(t, u.config()); got != want || s.seen() != tt.requests {
			t.Errorf("%s: file %s, sent %s", tt.name, got, s.seen())
		}
	}
	write(t, u.config(), without)
	u.want("", "Error: Calling endpoint that requires client API token, but none provided\n", 1, "--config", u.config(), "log_out")
}
