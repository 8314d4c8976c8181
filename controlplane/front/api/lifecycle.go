package api

import (
	"context"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Lifecycle is the service that copies, renames and deletes databases. It checks
// rights and its errors carry codes.
type Lifecycle interface {
	Fork(ctx context.Context, actor authz.Actor, entity, database, to string) (made meta.Database, from ayb.DatabasePath, err error)
	Rename(ctx context.Context, actor authz.Actor, entity, database, to string) error
	Delete(ctx context.Context, actor authz.Actor, entity, database string) error
	Undelete(ctx context.Context, actor authz.Actor, entity, database string) error
}

func (s *Server) fork(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, to, err := s.toParams(w, r, actor)
	if err != nil {
		return err
	}
	made, from, err := s.deps.Lifecycle.Fork(r.Context(), actor, entity, database, to)
	if err != nil {
		return err
	}
	writeLate(w, http.StatusCreated, httpapi.Forked{Created: created(made), ForkedFrom: from.String()})
	return nil
}

func created(d meta.Database) httpapi.Created {
	return httpapi.Created{Entity: string(d.Path.Entity), Database: string(d.Path.Database), DatabaseType: string(d.Type)}
}

func (s *Server) rename(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, to, err := s.toParams(w, r, actor)
	if err != nil {
		return err
	}
	if err := s.deps.Lifecycle.Rename(r.Context(), actor, entity, database, to); err != nil {
		return err
	}
	writeLate(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// toParams reads a call that is about a database and the name of another.
func (s *Server) toParams(w http.ResponseWriter, r *http.Request, actor authz.Actor) (entity, database, to string, err error) {
	if entity, database, err = databaseParams(r); err != nil {
		return "", "", "", err
	}
	p, err := s.readParams(w, r, actor)
	if err != nil {
		return "", "", "", err
	}
	to, ok, err := p.fromBody("to")
	if err == nil && !ok {
		err = errs.E(errs.Invalid, "Missing `to` in the body, which is JSON: the name ENTITY/DATABASE")
	}
	return entity, database, to, err
}

func (s *Server) deleteDatabase(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	return s.plain(w, r, actor, s.deps.Lifecycle.Delete)
}

func (s *Server) undelete(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	return s.plain(w, r, actor, s.deps.Lifecycle.Undelete)
}

// plain makes a call that takes and gives nothing besides the database. Its body
// is read, so that who goes away is noticed.
func (s *Server) plain(w http.ResponseWriter, r *http.Request, actor authz.Actor, call func(ctx context.Context, actor authz.Actor, entity, database string) error) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	if _, err := s.readParams(w, r, actor); err != nil {
		return err
	}
	if err := call(r.Context(), actor, entity, database); err != nil {
		return err
	}
	writeLate(w, http.StatusOK, httpapi.Empty{})
	return nil
}

// lineage fills in what is known of copies.
func lineage(d databases.Details) (from *string, forks httpapi.List[string]) {
	if d.ForkedFrom != nil {
		from = new(d.ForkedFrom.String())
	}
	for _, f := range d.Forks {
		forks = append(forks, f.String())
	}
	return from, forks
}
