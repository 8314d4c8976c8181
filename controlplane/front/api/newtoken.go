package api

import (
	"encoding/json"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/identity/accounts"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// createToken makes an API token without a mail (ruling 21).
func (s *Server) createToken(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	p, err := s.readParams(w, r, actor)
	if err != nil {
		return err
	}
	p.textOf("expires_in")
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
	made, text, err := s.deps.Accounts.CreateToken(r.Context(), actor, req)
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

// textOf makes a number of the body a text: a time in seconds is one or the
// other.
func (p params) textOf(name string) {
	var n json.Number
	if raw, ok := p.body[name]; ok && len(raw) > 0 && raw[0] != '"' && json.Unmarshal(raw, &n) == nil && n != "" {
		p.body[name] = json.RawMessage(`"` + n.String() + `"`)
	}
}
