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

// Query is a query on one database.
type Query struct {
	Entity, Database string
	Form             daemonapi.Form
	Format           daemonapi.Format
	// Most is the mode that the query needs at most. The rights of the caller may
	// allow less.
	Most ayb.QueryLevel
	// Body has the encoding of Form. It reaches the daemon unread.
	Body []byte
}

// Query starts a query on the node that holds the database, in the mode of the
// caller's rights. Errors: NotFound for a missing database of the caller's own;
// Forbidden for one that is missing or that the caller may not query; Unavailable
// when the node cannot be reached or the query quota of the account is used up;
// TooLarge. The caller closes the answer.
func (d *Databases) Query(ctx context.Context, actor authz.Actor, q Query) (nodeapi.Answer, error) {
	db, rights, err := d.findQueryable(ctx, actor, authz.QueryDatabase, q.Entity, q.Database)
	if err != nil {
		return nil, err
	}
	req := d.request(actor, db, rights)
	req.Form, req.Format, req.Body = q.Form, q.Format, q.Body
	if q.Most == ayb.QueryReadOnly {
		req.Mode = ayb.QueryReadOnly
	}
	return d.sendCounted(ctx, actor, db, req)
}

// Admit checks that a caller may query a database at this moment, and holds a
// place in the query quota, before the body is read: a refused client need not
// send it. leave releases the place and may be called again. Query repeats the
// checks. Errors are those of Query.
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

// Schema returns the schema of a database, as the JSON of daemonapi.Schema. Errors
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

// RunningQueries lists the queries that run on a database and the jobs that build
// or replace it, as the JSON of daemonapi.Running: the caller's own, or all for a
// manager. Errors are those of Query. The caller closes the answer.
func (d *Databases) RunningQueries(ctx context.Context, actor authz.Actor, entity, database string) (nodeapi.Answer, error) {
	db, rights, err := d.findQueryable(ctx, actor, authz.ListQueries, entity, database)
	if authz.CheckScope(actor, authz.ListQueries) != nil {
		return nil, err
	}
	made := d.jobs.list(actor, pathOf(entity, database), db, rights)
	if err != nil && len(made) > 0 { // a database that is being created has no record yet
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

// CancelQuery cancels a query or job that RunningQueries lists. Errors are those
// of Query, and NotFound for an id that is not listed.
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

// findQueryable returns a database that the caller may query. No request reaches a
// daemon without this check.
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

// request returns the fields of every request to a daemon.
func (d *Databases) request(actor authz.Actor, db meta.Database, rights authz.Rights) nodeapi.QueryRequest {
	e := d.limitsOf(db)
	return nodeapi.QueryRequest{
		Path: db.Path, Type: db.Type, Mode: rights.Query, Caller: actor.Slug, Agent: agent(actor),
		Timeout: e.Timeout(), ResultBytes: e.Value(limits.ResultBytes), Limits: daemonLimits(e),
	}
}

// agent identifies the program behind a scoped token; empty for the account
// itself. It is a hash, because a daemon must not learn the token.
func agent(actor authz.Actor) string {
	if actor.Scope == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(actor.Token))
	return hex.EncodeToString(sum[:6])
}

// sendCounted sends a request that holds a place in the query quota of the account
// until the answer is closed.
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

// admit returns the node of a database and holds a place in the account's query
// quota, and past the write barrier for a request that may write. leave releases
// both.
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

// locate returns the node that has the files of a database; Unavailable while they
// move to another name.
func (d *Databases) locate(db meta.Database) (nodeapi.NodeID, error) {
	if db.Pending {
		return "", errs.E(errs.Unavailable, "The database is being renamed at this moment; try again in a while")
	}
	return d.place.Locate(db)
}

// sendUncounted sends a request outside the query quota, so that an account whose
// quota is used up can list and cancel its queries.
func (d *Databases) sendUncounted(ctx context.Context, db meta.Database, req nodeapi.QueryRequest) (nodeapi.Answer, error) {
	node, err := d.locate(db)
	if err != nil {
		return nil, err
	}
	return d.deps.Queries.Query(ctx, node, req)
}
