package harness

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// User is a registered user of a world, with the API to call in their name.
type User struct {
	*httpapi.Client
	Name  string
	Token string
	w     *Server
}

// Client is the API without or with a token.
func (w *Server) Client(token string) *httpapi.Client {
	w.t.Helper()
	c, err := httpapi.NewClient(httpapi.ClientConfig{URL: w.URL, Token: token}, httpapi.ClientDeps{})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// Address is the mail address that Register gives a user.
func Address(name string) string { return strings.ToLower(name) + "@example.org" }

// Register registers a user and confirms with the token of the mail.
func (w *Server) Register(name string) *User {
	w.t.Helper()
	anybody := w.Client("")
	if _, err := anybody.Register(w.t.Context(), httpapi.RegisterRequest{Entity: name, EmailAddress: Address(name), EntityType: "user"}); err != nil {
		w.t.Fatalf("register %s: %v", name, err)
	}
	var tokens []string
	Until(w.t, "the mail to "+name, func() bool {
		tokens = w.MailedTokens(Address(name))
		return len(tokens) > 0
	})
	c, err := anybody.Confirm(w.t.Context(), tokens[len(tokens)-1])
	if err != nil {
		w.t.Fatalf("confirm %s: %v", name, err)
	}
	return &User{Client: w.Client(c.Token), Name: name, Token: c.Token, w: w}
}

// MailedTokens are the tokens in the mails to an address, oldest first.
func (w *Server) MailedTokens(address string) []string {
	w.t.Helper()
	var tokens []string
	for _, line := range w.Mails() {
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
	u.w.t.Helper()
	if _, err := u.CreateDatabase(u.w.t.Context(), u.Name, database, httpapi.CreateDatabaseRequest{DBType: "sqlite"}); err != nil {
		u.w.t.Fatalf("create %s: %v", database, err)
	}
}

// Exec runs SQL that has to succeed.
func (u *User) Exec(database, sql string) {
	u.w.t.Helper()
	if _, err := u.Query(u.w.t.Context(), u.Name, database, sql); err != nil {
		u.w.t.Fatalf("%s: %v", sql, err)
	}
}

// JSON runs SQL that has to succeed and gives the answer's body.
func (u *User) JSON(database, sql string) string {
	u.w.t.Helper()
	var b bytes.Buffer
	if err := u.QueryTo(u.w.t.Context(), u.Name, database, sql, &b); err != nil {
		u.w.t.Fatalf("%s: %v", sql, err)
	}
	return b.String()
}

// Cell runs SQL that gives one value and returns it.
func (u *User) Cell(database, sql string) string {
	u.w.t.Helper()
	r, err := u.Query(u.w.t.Context(), u.Name, database, sql)
	if err != nil || len(r.Rows) != 1 || len(r.Rows[0]) != 1 || r.Rows[0][0] == nil {
		u.w.t.Fatalf("%s: %v, %v", sql, r, err)
	}
	return *r.Rows[0][0]
}
