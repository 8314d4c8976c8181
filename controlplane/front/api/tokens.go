package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Authenticator finds the account of an API token. The error is InvalidToken for
// every token that is not valid.
type Authenticator interface {
	Authenticate(ctx context.Context, text string) (authz.Actor, error)
}

// Tokens is the service for API tokens. Its errors carry codes.
type Tokens interface {
	ListTokens(ctx context.Context, actor authz.Actor) ([]meta.APIToken, error)
	ListTokensPage(ctx context.Context, actor authz.Actor, after string, n int) (page []meta.APIToken, more bool, err error)
	CreateToken(ctx context.Context, actor authz.Actor, req accounts.NewToken) (meta.APIToken, string, error)
	RevokeToken(ctx context.Context, actor authz.Actor, short string) error
	RevokePresented(ctx context.Context, text string) error
}

// maxPage is the largest number of records on a page, and the default.
const maxPage = 1000

// listTokens lists a page of tokens, or all of them for requests without limit
// and after.
func (a *API) listTokens(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := urlParams(r, "limit", "after")
	if err != nil {
		return err
	}
	n, paged, err := p.number("limit", maxPage)
	if err != nil {
		return err
	}
	after := p.or("after", "")
	var list []meta.APIToken
	more := false
	if paged || after != "" {
		list, more, err = a.deps.Tokens.ListTokensPage(r.Context(), actor, after, n)
	} else {
		list, err = a.deps.Tokens.ListTokens(r.Context(), actor)
	}
	if err != nil {
		return err
	}
	var body httpapi.Tokens
	if more {
		body.Next = list[len(list)-1].Short
	}
	for _, t := range list {
		body.Tokens = append(body.Tokens, tokenBody(t))
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

func tokenBody(t meta.APIToken) httpapi.Token {
	b := httpapi.Token{
		ShortToken: t.Short, CreatedAt: timeText(t.CreatedAt), ExpiresAt: timeText(t.ExpiresAt), RevokedAt: timeText(t.RevokedAt),
		LastUsedAt: timeText(t.LastUsedAt),
	}
	if t.Name != "" {
		b.Name = new(t.Name)
	}
	if t.Scope != nil {
		b.ScopedDatabase = new(t.Scope.Path.String())
		b.PermissionLevel = new(string(t.Scope.Level))
	}
	if t.AppName != "" {
		b.AppName = new(t.AppName)
	}
	return b
}

// timeText returns a time in UTC without a zone, with three or six fractional
// digits if there are any, or nil for the zero time.
func timeText(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	layout := "2006-01-02 15:04:05.000000"
	switch us := t.Nanosecond() / 1000; {
	case us == 0:
		layout = "2006-01-02 15:04:05"
	case us%1000 == 0:
		layout = "2006-01-02 15:04:05.000"
	}
	return new(t.UTC().Format(layout))
}

func (a *API) revokeToken(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	short, err := pathParam(r, "short_token")
	if err != nil {
		return err
	}
	if err := a.deps.Tokens.RevokeToken(r.Context(), actor, short); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// createToken creates an API token without a mail.
func (a *API) createToken(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return err
	}
	p.numberToText("expires_in")
	var req accounts.NewToken
	for _, field := range []struct {
		name string
		to   *string
	}{
		{httpapi.HeaderDatabase, &req.Database}, {httpapi.HeaderLevel, &req.Level},
		{httpapi.HeaderExpiresIn, &req.ExpiresIn}, {httpapi.HeaderName, &req.Name},
	} {
		if *field.to, _, err = p.get(field.name); err != nil {
			return err
		}
	}
	made, text, err := a.deps.Tokens.CreateToken(r.Context(), actor, req)
	if err != nil {
		return err
	}
	b := tokenBody(made)
	writeJSON(w, http.StatusCreated, httpapi.CreatedToken{
		Token: text, ShortToken: b.ShortToken, ScopedDatabase: b.ScopedDatabase, PermissionLevel: b.PermissionLevel,
		Name: b.Name, CreatedAt: b.CreatedAt, ExpiresAt: b.ExpiresAt,
	})
	return nil
}

// numberToText makes a text of a number in the body: seconds may be either.
func (p params) numberToText(name string) {
	var n json.Number
	if raw, ok := p.body[name]; ok && len(raw) > 0 && raw[0] != '"' && json.Unmarshal(raw, &n) == nil && n != "" {
		p.body[name] = json.RawMessage(`"` + n.String() + `"`)
	}
}
