package databases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Query is what a caller wants to run on one database.
type Query struct {
	Entity, Database string
	Form             daemonapi.Form
	Format           daemonapi.Format
	// Body is as its Form says. It goes to the daemon unread.
	Body []byte
}

// Query starts a query in the mode the caller's rights give, on the node that
// holds the database. Errors: NotFound for a missing database of the caller's
// own, Forbidden for every other that is missing or may not be queried (S22),
// Unavailable when the node cannot be reached or too many queries run on the
// databases of the account, TooLarge. The caller closes the answer.
func (d *Databases) Query(ctx context.Context, actor authz.Actor, q Query) (nodeapi.Answer, error) {
	db, rights, err := d.findQueryable(ctx, actor, authz.QueryDatabase, q.Entity, q.Database)
	if err != nil {
		return nil, err
	}
	req := d.request(actor, db, rights)
	req.Form, req.Format, req.Body = q.Form, q.Format, q.Body
	return d.sendCounted(ctx, actor, db, req)
}

// Admit tells whether a caller may query a database at this moment and takes a
// place for the query, before its body has come: who may not, or has too many,
// need not send one. leave gives the place back and may be called again. Errors
// are those of Query, whose checks are made again.
func (d *Databases) Admit(ctx context.Context, actor authz.Actor, entity, database string) (leave func(), err error) {
	db, _, err := d.findQueryable(ctx, actor, authz.QueryDatabase, entity, database)
	if err != nil {
		return nil, err
	}
	_, leave, err = d.admit(actor, db, false)
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(leave), nil
}

// Schema asks for what a database holds, as the JSON of daemonapi.Schema. Errors
// are those of Query. The caller closes the answer.
func (d *Databases) Schema(ctx context.Context, actor authz.Actor, entity, database string) (nodeapi.Answer, error) {
	db, rights, err := d.findQueryable(ctx, actor, authz.ShowSchema, entity, database)
	if err != nil {
		return nil, err
	}
	req := d.request(actor, db, rights)
	req.Kind, req.Format = daemonapi.KindSchema, daemonapi.FormatJSON
	return d.sendCounted(ctx, actor, db, req)
}

// RunningQueries asks for the queries that run on a database, as the JSON of
// daemonapi.Running, with the imports of whole databases, restores and forks that
// make or replace it: the caller's own, or all for one who manages it. Errors are
// those of Query. The caller closes the answer.
func (d *Databases) RunningQueries(ctx context.Context, actor authz.Actor, entity, database string) (nodeapi.Answer, error) {
	db, rights, err := d.findQueryable(ctx, actor, authz.ListQueries, entity, database)
	if authz.CheckScope(actor, authz.ListQueries) != nil {
		return nil, err
	}
	made := d.jobs.list(actor, pathOf(entity, database), db, rights)
	if err != nil && len(made) > 0 { // what is being made has no record yet
		return withJobs(ctx, nil, made)
	}
	if err != nil {
		return nil, err
	}
	req := d.request(actor, db, rights)
	req.Kind, req.Format, req.All = daemonapi.KindRunning, daemonapi.FormatJSON, rights.Manage
	answer, err := d.sendUncounted(ctx, db, req)
	if err != nil {
		return nil, err
	}
	return withJobs(ctx, answer, made)
}

// CancelQuery stops one of the queries that RunningQueries tells of. Errors
// are those of Query, and NotFound when no such query of the caller's runs.
func (d *Databases) CancelQuery(ctx context.Context, actor authz.Actor, entity, database, id string) error {
	db, rights, err := d.findQueryable(ctx, actor, authz.CancelQuery, entity, database)
	if authz.CheckScope(actor, authz.CancelQuery) == nil && d.jobs.cancel(actor, pathOf(entity, database), db, rights, id) {
		return nil
	}
	if err != nil {
		return err
	}
	req := d.request(actor, db, rights)
	req.Kind, req.Format, req.All, req.Body = daemonapi.KindCancel, daemonapi.FormatJSON, rights.Manage, []byte(id)
	answer, err := d.sendUncounted(ctx, db, req)
	if err != nil {
		return err
	}
	defer answer.Close()
	for last := false; !last; {
		if _, last, err = answer.Next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// findQueryable finds a database that the caller may query. It is the one check
// before anything is asked of a daemon.
func (d *Databases) findQueryable(ctx context.Context, actor authz.Actor, op authz.Operation, entity, database string) (meta.Database, authz.Rights, error) {
	if err := authz.CheckScope(actor, op); err != nil {
		return meta.Database{}, authz.Rights{}, err
	}
	path := pathOf(entity, database)
	db, rights, err := d.resolve(ctx, actor, path)
	switch {
	case err != nil:
	case actor.Anonymous():
		err = errs.E(errs.Unauthenticated, "Database %s is not accessible", path)
	case rights.Query == ayb.QueryNone:
		err = errs.E(errs.Forbidden, "Authenticated entity %s can't query database %s", actor.Slug, path)
	}
	return db, rights, err
}

// request is what every request of a caller to a database says.
func (d *Databases) request(actor authz.Actor, db meta.Database, rights authz.Rights) nodeapi.QueryRequest {
	e := d.limitsOf(db)
	return nodeapi.QueryRequest{
		Path: db.Path, Type: db.Type, Mode: rights.Query, Caller: actor.Slug, Agent: agent(actor),
		Timeout: e.Timeout(), ResultBytes: e.Value(limits.ResultBytes), Limits: daemonLimits(e),
	}
}

// agent names the program behind a scoped token to a daemon, which must not
// learn anything of the token; empty for the account itself.
func agent(actor authz.Actor) string {
	if actor.Scope == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(actor.Token))
	return hex.EncodeToString(sum[:6])
}

// sendCounted sends a request that works with the database's data and takes one of the
// places of its account until the answer is closed.
func (d *Databases) sendCounted(ctx context.Context, actor authz.Actor, db meta.Database, req nodeapi.QueryRequest) (nodeapi.Answer, error) {
	if err := checkBodySize(req.Body, d.limitsOf(db)); err != nil {
		return nil, err
	}
	node, leave, err := d.admit(actor, db, req.Kind == daemonapi.KindQuery && req.Mode == ayb.QueryReadWrite)
	if err != nil {
		return nil, err
	}
	answer, err := d.deps.Queries.Query(ctx, node, req)
	if err != nil {
		leave()
		return nil, err
	}
	return &quotaAnswer{Answer: answer, release: leave}, nil
}

// admit finds the node of a database and takes a place for a request, which
// leave gives back: one of the account's, and one of those who may write.
func (d *Databases) admit(actor authz.Actor, db meta.Database, writes bool) (node nodeapi.NodeID, leave func(), err error) {
	if node, err = d.locate(db); err != nil {
		return "", nil, err
	}
	written := func() {}
	if writes {
		if written, err = d.barriers.beginWrite(db.ID); err != nil {
			return "", nil, err
		}
	}
	most := int(d.limitsOf(db).Value(limits.QueriesPerAccount))
	if err := d.quota.acquire(db.Owner, actor.Entity, most); err != nil {
		written()
		return "", nil, err
	}
	return node, func() {
		d.quota.release(db.Owner, actor.Entity)
		written()
	}, nil
}

// locate finds the node that has the files of a database, unless they are just
// on their way to another name.
func (d *Databases) locate(db meta.Database) (nodeapi.NodeID, error) {
	if db.Pending {
		return "", errs.E(errs.Unavailable, "The database is being renamed at this moment; try again in a while")
	}
	return d.place.Locate(db)
}

// sendUncounted sends a request that takes no place, so that somebody whose places are
// all taken can see by what, and end it.
func (d *Databases) sendUncounted(ctx context.Context, db meta.Database, req nodeapi.QueryRequest) (nodeapi.Answer, error) {
	node, err := d.locate(db)
	if err != nil {
		return nil, err
	}
	return d.deps.Queries.Query(ctx, node, req)
}
