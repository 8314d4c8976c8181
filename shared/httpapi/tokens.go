package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Parameters of a new token. They are keys of the JSON body, with underscores in place
// of hyphens, or headers.
const (
	HeaderDatabase  = "database"
	HeaderLevel     = "level"
	HeaderExpiresIn = "expires-in"
	HeaderName      = "name"
)

// NewTokenRequest requests an API token. All fields are optional.
type NewTokenRequest struct {
	// Database limits the token to one database, entity/database.
	Database string `json:"database,omitempty"`
	// Level is the access level of a limited token, an ayb.QueryLevel; read-only
	// by default.
	Level string `json:"level,omitempty"`
	// ExpiresIn is a number of seconds, or one with a unit: 12h, 30d, 8w.
	ExpiresIn string `json:"expires_in,omitempty"`
	// Name is the name of the token in lists.
	Name string `json:"name,omitempty"`
}

// CreatedToken answers POST tokens. Only this answer contains Token.
type CreatedToken struct {
	Token           string  `json:"token"`
	ShortToken      string  `json:"short_token"`
	ScopedDatabase  *string `json:"scoped_database"`
	PermissionLevel *string `json:"permission_level"`
	Name            *string `json:"name"`
	CreatedAt       *string `json:"created_at"`
	ExpiresAt       *string `json:"expires_at"`
}

// CreateToken creates an API token for the caller's account.
func (c *Client) CreateToken(ctx context.Context, r NewTokenRequest) (CreatedToken, error) {
	var out CreatedToken
	body, err := Marshal(r)
	if err != nil {
		return out, err
	}
	err = c.do(ctx, call{method: http.MethodPost, path: RouteTokens, auth: bearer, success: http.StatusCreated, body: body, json: true}, &out)
	return out, err
}

// LogOut revokes the client's own API token and returns its short part, also when the
// server does not accept the token any more.
func (c *Client) LogOut(ctx context.Context) (short string, err error) {
	short = ShortToken(c.token)
	if c.token != "" && short == "" {
		return "", errs.E(errs.InvalidToken, "Invalid API token")
	}
	return short, c.RevokeToken(ctx, short)
}

// ShortToken returns the public short part of an API token; empty for a text without
// one.
func ShortToken(token string) string {
	_, rest, _ := strings.Cut(token, "_")
	short, _, _ := strings.Cut(rest, "_")
	return short
}
