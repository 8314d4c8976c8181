package api

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Usage is the service that tells what databases use. It checks rights and its
// errors carry codes.
type Usage interface {
	Usage(ctx context.Context, actor authz.Actor, entity, database string) (databases.Usage, error)
}

func (s *Server) usage(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	u, err := s.deps.Usage.Usage(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	body := httpapi.Usage{DatabaseBytes: u.Used.DatabaseBytes, WALBytes: u.Used.WALBytes, Running: u.Used.Requests}
	if u.Own {
		tellLimits(&body, u)
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

// tellLimits adds what only the owner is told (ruling 28).
func tellLimits(body *httpapi.Usage, u databases.Usage) {
	body.Limits = map[string]httpapi.Limit{}
	body.Account = httpapi.AccountUsage{Entity: string(u.Path.Entity), Databases: u.Databases, Limits: map[string]httpapi.Limit{}}
	for _, l := range limits.All() {
		told := httpapi.Limit{Value: u.Limits.Value(l), Source: string(u.Limits.Source(l))}
		body.Limits[l.String()] = told
		if l.AccountOnly() {
			body.Account.Limits[l.String()] = told
		}
	}
}
