package client_test

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// C8: empty fields are printed as empty texts.
func TestProfile(t *testing.T) {
	s := newServer(t, nil)
	u := atServer(t, s)
	s.set(ok(200, httpapi.Entity{Slug: "alice"}))
	header := " Display name | Description | Organization | Location | Links \n--------------+-------------+--------------+----------+-------\n"
	u.want(header+"              |             |              |          |  \n", "", 0, "profile", "alice")
	if got := s.seen(); got != "GET /v1/entity/alice [Authorization=Bearer ayb_s_l]" {
		t.Error(got)
	}
	s.set(ok(200, httpapi.Entity{Profile: httpapi.Profile{
		DisplayName: textPointer("Alice"), Description: textPointer(""), Location: textPointer("a, b"),
		Links: httpapi.List[httpapi.Link]{{URL: "http://ayb.host/,http://ayb2.host"}, {URL: "https://a.example/", Verified: true}},
	}}))
	u.want("Display name,Description,Organization,Location,Links\n"+
		`Alice,,,"a, b","http://ayb.host/,http://ayb2.host,https://a.example/ (verified)"`+"\n", "", 0, "profile", "alice", "--format", "csv")
	u.want(`{"display_name":"Alice","description":"","organization":null,"location":"a, b","links":[{"url":"http://ayb.host/,http://ayb2.host","verified":false},{"url":"https://a.example/","verified":true}]}`+"\n",
		"", 0, "profile", "alice", "--format=json")
}

func TestUpdateProfile(t *testing.T) {
	const request = "PATCH /v1/entity/alice [Authorization=Bearer ayb_s_l] "
	two := `{"links":"[{\"url\":\"http://a/\"},{\"url\":\"http://b/\"}]"}`
	tests := []struct {
		args []string
		body string
	}{
		{[]string{"alice", "--display_name", "Alice A."}, `{"display_name":"Alice A."}`},
		{[]string{"--organization=Acme", "alice", "--location", "Oslo", "--description", "x"}, `{"description":"x","location":"Oslo","organization":"Acme"}`},
		{[]string{"alice", "--display-name", "A"}, `{"display_name":"A"}`}, // C2
		{[]string{"alice"}, `{}`},
		// Links end at the next option, and are never split at commas.
		{[]string{"alice", "--links", "http://a/", "http://b/"}, two},
		{[]string{"alice", "--links", "http://a/", "--links", "http://b/"}, two},
		{[]string{"alice", "--links=http://a/", "http://b/"}, two},
		{[]string{"--links", "http://a/", "http://b/", "--", "alice"}, two},
		{[]string{"--links", "http://a/", "http://b/", "--location", "Oslo", "alice"}, `{"links":"[{\"url\":\"http://a/\"},{\"url\":\"http://b/\"}]","location":"Oslo"}`},
		{[]string{"alice", "--links", "http://ayb.host/,http://ayb2.host", "--location", "Oslo"}, `{"links":"[{\"url\":\"http://ayb.host/,http://ayb2.host\"}]","location":"Oslo"}`},
		{[]string{"alice", "--links"}, `{"links":"[]"}`},
		// C8: fields can be cleared.
		{[]string{"alice", "--location", ""}, `{"location":null}`},
		{[]string{"alice", "--clear", "links", "--clear", "display-name"}, `{"display_name":null,"links":null}`},
	}
	s := newServer(t, ok(200, "{}"))
	u := atServer(t, s)
	for _, tt := range tests {
		s.set(ok(200, "{}"))
		u.want("Successfully updated profile\n", "", 0, append([]string{"update_profile"}, tt.args...)...)
		if got := s.seen(); got != request+tt.body {
			t.Errorf("%q:\n sent %s\nnot   %s", tt.args, got, request+tt.body)
		}
	}
	s.set(fails(errs.E(errs.EmptyUpdate, "No fields provided to update. Please specify at least one field to update.")))
	u.want("", "Error: No fields provided to update. Please specify at least one field to update.\n", 1, "update_profile", "alice")
	s.set(nil)
	for _, args := range [][]string{
		{}, {"--links"}, {"alice", "bob"}, {"alice", "bob", "--links", "http://a/"}, {"alice", "--clear", "slug"}, {"alice", "--clear", "location", "--location", "Oslo"},
	} {
		if out, msg, code := u.run(append([]string{"update_profile"}, args...)...); code != 2 || out != "" || !strings.HasPrefix(msg, "Error: ") {
			t.Errorf("%q: %q, %q, %d", args, out, msg, code)
		}
	}
	if got := s.seen(); got != "" {
		t.Errorf("sent %s", got)
	}
}

func TestDeleteAccount(t *testing.T) {
	const request = "DELETE /v1/entity/Alice [Authorization=Bearer ayb_s_l]"
	const question = "This deletes the account Alice with all its databases, for good.\nType its name to confirm: "
	s := newServer(t, ok(200, "{}"))
	u := newUser(t)
	u.env["AYB_CLIENT_CONFIG_FILE"] = u.config()
	remembered := `{"version":1,"authentication":{"` + s.URL + `":"ayb_s_l","http://other.example":"ayb_o_o"},"default_url":"` + s.URL + `"}`
	left := `{"version":1,"authentication":{"http://other.example":"ayb_o_o"},"default_url":"` + s.URL + `"}`
	for _, tt := range []struct {
		stdin, args          string
		stdout, stderr, seen string
		code                 int
		file                 string
	}{
		{"Alice\n", "", "Deleted the account Alice\n", question, request, 0, left},
		{"Alice", "", "Deleted the account Alice\n", question, request, 0, left},
		{"alice\n", "", "", question + "Error: The name is different: nothing was deleted\n", "", 1, remembered},
		{"", "", "", question + "Error: The name is different: nothing was deleted\n", "", 1, remembered},
		{"", "--yes", "Deleted the account Alice\n", "", request, 0, left},
		{"", "--yes --token ayb_s_l", "Deleted the account Alice\n", "", request, 0, remembered},
	} {
		write(t, u.config(), remembered)
		s.set(ok(200, "{}"))
		u.stdin = tt.stdin
		u.want(tt.stdout, tt.stderr, tt.code, append([]string{"delete_account", "Alice"}, strings.Fields(tt.args)...)...)
		if got := s.seen(); got != tt.seen {
			t.Errorf("sent %q", got)
		}
		if got := read(t, u.config()); got != tt.file {
			t.Errorf("remembered %s", got)
		}
	}
	s.set(fails(errs.E(errs.Forbidden, "Authenticated entity bob can't delete the account Alice")))
	u.want("", "Error: Authenticated entity bob can't delete the account Alice\n", 1, "delete_account", "--yes", "Alice")
	if got := read(t, u.config()); !strings.Contains(got, "ayb_s_l") {
		t.Error("the token is forgotten although the account is there")
	}
}
