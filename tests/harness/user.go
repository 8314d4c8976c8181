package harness

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// User is a registered user of a server. Its client acts in the user's name.
type User struct {
	*httpapi.Client
	Name   string
	Token  string
	server *Server
}

// Client returns a client with a token, or without one if token is empty.
func (s *Server) Client(token string) *httpapi.Client {
	s.t.Helper()
	c, err := httpapi.NewClient(httpapi.ClientConfig{URL: s.URL, Token: token}, httpapi.ClientDeps{})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// Address returns the mail address that Register uses for a user.
func Address(name string) string { return strings.ToLower(name) + "@example.org" }

// Register registers a user and confirms with the token from the mail.
func (s *Server) Register(name string) *User {
	s.t.Helper()
	anybody := s.Client("")
	if _, err := anybody.Register(s.t.Context(), httpapi.RegisterRequest{Entity: name, EmailAddress: Address(name), EntityType: "user"}); err != nil {
		s.t.Fatalf("register %s: %v", name, err)
	}
	var tokens []string
	Until(s.t, "the mail to "+name, func() bool {
		tokens = s.MailedTokens(Address(name))
		return len(tokens) > 0
	})
	c, err := anybody.Confirm(s.t.Context(), tokens[len(tokens)-1])
	if err != nil {
		s.t.Fatalf("confirm %s: %v", name, err)
	}
	return &User{Client: s.Client(c.Token), Name: name, Token: c.Token, server: s}
}

// MailedTokens returns the tokens in the mails to an address, oldest first.
func (s *Server) MailedTokens(address string) []string {
	s.t.Helper()
	var tokens []string
	for _, line := range s.Mails() {
		var m struct {
			To      string
			Content []string
		}
		if json.Unmarshal([]byte(line), &m) != nil || m.To != address {
			continue // the last line may be half written
		}
		for _, l := range m.Content {
			if token, ok := strings.CutPrefix(l, "\tayb client confirm "); ok {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

// Create creates a database.
func (u *User) Create(database string) {
	u.server.t.Helper()
	if _, err := u.CreateDatabase(u.server.t.Context(), u.Name, database, httpapi.CreateDatabaseRequest{DBType: "sqlite"}); err != nil {
		u.server.t.Fatalf("create %s: %v", database, err)
	}
}

// Exec runs SQL and fails the test on an error.
func (u *User) Exec(database, sql string) {
	u.server.t.Helper()
	if _, err := u.Query(u.server.t.Context(), u.Name, database, sql); err != nil {
		u.server.t.Fatalf("%s: %v", sql, err)
	}
}

// JSON runs SQL and returns the body of the answer. An error fails the test.
func (u *User) JSON(database, sql string) string {
	u.server.t.Helper()
	var b bytes.Buffer
	if err := u.QueryTo(u.server.t.Context(), u.Name, database, sql, &b); err != nil {
		u.server.t.Fatalf("%s: %v", sql, err)
	}
	return b.String()
}

// Cell runs SQL whose result is one value, and returns it. Another result fails
// the test.
func (u *User) Cell(database, sql string) string {
	u.server.t.Helper()
	r, err := u.Query(u.server.t.Context(), u.Name, database, sql)
	if err != nil || len(r.Rows) != 1 || len(r.Rows[0]) != 1 || r.Rows[0][0] == nil {
		u.server.t.Fatalf("%s: %v, %v", sql, r, err)
	}
	return *r.Rows[0][0]
}
