package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// Names of the parameters of a new token. The contract has them in a JSON
// body, where they are spelled with underscores; as headers they work too.
const (
	HeaderDatabase  = "database"
	HeaderLevel     = "level"
	HeaderExpiresIn = "expires-in"
	HeaderName      = "name"
)

// NewTokenRequest asks for an API token. Everything may be left out.
type NewTokenRequest struct {
	// Database limits the token to one database, entity/database.
	Database string `json:"database,omitempty"`
	// Level is the most a limited token may do, an ayb.QueryLevel; read-only
	// by default.
	Level string `json:"level,omitempty"`
	// ExpiresIn is a number of seconds, or one with a unit: 12h, 30d, 8w.
	ExpiresIn string `json:"expires_in,omitempty"`
	// Name is what the token is called in lists.
	Name string `json:"name,omitempty"`
}

// CreatedToken answers POST tokens. Token is told only here.
type CreatedToken struct {
	Token           string  `json:"token"`
	ShortToken      string  `json:"short_token"`
	ScopedDatabase  *string `json:"scoped_database"`
	PermissionLevel *string `json:"permission_level"`
	Name            *string `json:"name"`
	CreatedAt       *string `json:"created_at"`
	ExpiresAt       *string `json:"expires_at"`
}

// CreateToken makes an API token for the caller's account.
func (c *Client) CreateToken(ctx context.Context, r NewTokenRequest) (CreatedToken, error) {
	var out CreatedToken
	body, err := Marshal(r)
	if err != nil {
		return out, err
	}
	err = c.do(ctx, call{method: http.MethodPost, path: RouteTokens, posture: bearer, success: http.StatusCreated, body: body, json: true}, &out)
	return out, err
}

// LogOut ends the client's own API token and gives its short part, which is
// known also when the server does not take the token any more.
func (c *Client) LogOut(ctx context.Context) (short string, err error) {
	short = ShortToken(c.token)
	if c.token != "" && short == "" {
		return "", errs.E(errs.InvalidToken, "Invalid API token")
	}
	return short, c.RevokeToken(ctx, short)
}

// ShortToken gives the short part of an API token, which is no secret; empty
// for a text that has none.
func ShortToken(token string) string {
	_, rest, _ := strings.Cut(token, "_")
	short, _, _ := strings.Cut(rest, "_")
	return short
}
