package api

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Permissions is the service for grants and public sharing levels. It checks
// permissions, and its errors carry codes.
type Permissions interface {
	Share(ctx context.Context, actor authz.Actor, req databases.Sharing) error
	Permissions(ctx context.Context, actor authz.Actor, entity, database string) ([]meta.Grant, error)
	Update(ctx context.Context, actor authz.Actor, req databases.Update) error
}

func (a *API) share(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return err
	}
	req := databases.Sharing{Entity: entity, Database: database}
	if req.Level, err = p.required(httpapi.HeaderSharingLevel); err != nil {
		return err
	}
	if req.To, err = p.required(httpapi.HeaderEntityForPermission); err != nil {
		return err
	}
	if err := a.deps.Permissions.Share(r.Context(), actor, req); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) permissions(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	grants, err := a.deps.Permissions.Permissions(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	var body httpapi.Permissions
	for _, g := range grants {
		body.Permissions = append(body.Permissions, httpapi.Permission{EntitySlug: string(g.Slug), SharingLevel: string(g.Level)})
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

func (a *API) updateDatabase(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return err
	}
	req := databases.Update{Entity: entity, Database: database}
	public, ok, err := p.get(httpapi.HeaderPublicSharingLevel)
	if err != nil {
		return err
	}
	if ok {
		req.Public = &public
	}
	if err := a.deps.Permissions.Update(r.Context(), actor, req); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, httpapi.Empty{})
	return nil
}
