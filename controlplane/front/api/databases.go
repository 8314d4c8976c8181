package api

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Databases is the service that creates, describes, copies, renames and deletes
// databases. It checks permissions, and its errors carry codes.
type Databases interface {
	Create(ctx context.Context, actor authz.Actor, req databases.NewDatabase) (meta.Database, error)
	Details(ctx context.Context, actor authz.Actor, entity, database string, lineage bool) (databases.Details, error)
	Entity(ctx context.Context, actor authz.Actor, slug string) (databases.EntityDetails, error)
	Fork(ctx context.Context, actor authz.Actor, entity, database, to string) (made meta.Database, from ayb.DatabasePath, err error)
	Rename(ctx context.Context, actor authz.Actor, entity, database, to string) error
	Delete(ctx context.Context, actor authz.Actor, entity, database string) error
	Undelete(ctx context.Context, actor authz.Actor, entity, database string) error
}

func (a *API) create(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return err
	}
	req := databases.NewDatabase{Entity: entity, Database: database}
	if req.Type, err = p.required(httpapi.HeaderDBType); err != nil {
		return err
	}
	public, ok, err := p.get(httpapi.HeaderPublicSharingLevel)
	if err != nil {
		return err
	}
	if req.Public = string(ayb.PublicNone); ok {
		req.Public = public
	}
	made, err := a.deps.Databases.Create(r.Context(), actor, req)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, created(made))
	return nil
}

func (a *API) details(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	withLineage := r.URL.RawQuery == "" || r.URL.Query().Get("lineage") != "no" // a look-up less
	d, err := a.deps.Databases.Details(r.Context(), actor, entity, database, withLineage)
	if err != nil {
		return err
	}
	from, forks := lineage(d)
	writeJSON(w, http.StatusOK, httpapi.DatabaseDetails{
		EntitySlug:              string(d.Database.Path.Entity),
		DatabaseSlug:            string(d.Database.Path.Database),
		DatabaseType:            string(d.Database.Type),
		HighestQueryAccessLevel: accessLevel(d.Rights.Query),
		CanManageDatabase:       d.Rights.Manage,
		PublicSharingLevel:      string(d.Database.Public),
		QueryPermissionLevel:    queryLevel(d.Rights.Query),
		ForkedFrom:              from,
		Forks:                   forks,
	})
	return nil
}

// queryLevel returns the level in the usual spelling, or nil for none.
func queryLevel(l ayb.QueryLevel) *string {
	if l == ayb.QueryNone {
		return nil
	}
	return new(string(l))
}

// accessLevel returns the level in the capitalised spelling of
// highest_query_access_level, or nil for none.
func accessLevel(l ayb.QueryLevel) *string {
	switch l {
	case ayb.QueryReadOnly:
		return new(httpapi.AccessReadOnly)
	case ayb.QueryReadWrite:
		return new(httpapi.AccessReadWrite)
	default:
		return nil
	}
}

func (a *API) usage(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	u, err := a.deps.Queries.Usage(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	body := httpapi.Usage{DatabaseBytes: u.Used.DatabaseBytes, WALBytes: u.Used.WALBytes, Running: u.Used.Requests}
	if u.Own {
		ownerLimits(&body, u)
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

// ownerLimits adds the limits and the account's usage, which only the owner may
// see.
func ownerLimits(body *httpapi.Usage, u databases.Usage) {
	body.Limits = map[string]httpapi.Limit{}
	body.Account = httpapi.AccountUsage{Entity: string(u.Path.Entity), Databases: u.Databases, Limits: map[string]httpapi.Limit{}}
	for _, l := range limits.All() {
		limit := httpapi.Limit{Value: u.Limits.Value(l), Source: string(u.Limits.Source(l))}
		body.Limits[l.String()] = limit
		if l.AccountOnly() {
			body.Account.Limits[l.String()] = limit
		}
	}
}
func (a *API) fork(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, to, err := a.toParams(w, r, actor)
	if err != nil {
		return err
	}
	made, from, err := a.deps.Databases.Fork(r.Context(), actor, entity, database, to)
	if err != nil {
		return err
	}
	writeLate(w, http.StatusCreated, httpapi.Forked{Created: created(made), ForkedFrom: from.String()})
	return nil
}

func created(d meta.Database) httpapi.Created {
	return httpapi.Created{Entity: string(d.Path.Entity), Database: string(d.Path.Database), DatabaseType: string(d.Type)}
}

func (a *API) rename(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, to, err := a.toParams(w, r, actor)
	if err != nil {
		return err
	}
	if err := a.deps.Databases.Rename(r.Context(), actor, entity, database, to); err != nil {
		return err
	}
	writeLate(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// toParams reads the database of a request and the other name in its body.
func (a *API) toParams(w http.ResponseWriter, r *http.Request, actor authz.Actor) (entity, database, to string, err error) {
	if entity, database, err = databaseParams(r); err != nil {
		return "", "", "", err
	}
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return "", "", "", err
	}
	to, ok, err := p.fromBody("to")
	if err == nil && !ok {
		err = errs.E(errs.Invalid, "Missing `to` in the JSON body: the name ENTITY/DATABASE")
	}
	return entity, database, to, err
}

func (a *API) deleteDatabase(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	return a.callOnDatabase(w, r, actor, a.deps.Databases.Delete)
}

func (a *API) undelete(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	return a.callOnDatabase(w, r, actor, a.deps.Databases.Undelete)
}

// callOnDatabase makes a call whose only parameter is the database. It reads the body,
// so that net/http notices a client that goes away.
func (a *API) callOnDatabase(w http.ResponseWriter, r *http.Request, actor authz.Actor, call func(ctx context.Context, actor authz.Actor, entity, database string) error) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	if _, err := a.readParams(w, r, actor); err != nil {
		return err
	}
	if err := call(r.Context(), actor, entity, database); err != nil {
		return err
	}
	writeLate(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// lineage returns the origin and the copies of a database, as far as the caller
// may see them.
func lineage(d databases.Details) (from *string, forks httpapi.List[string]) {
	if d.ForkedFrom != nil {
		from = new(d.ForkedFrom.String())
	}
	for _, f := range d.Forks {
		forks = append(forks, f.String())
	}
	return from, forks
}
