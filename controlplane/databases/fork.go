package databases

import (
	"context"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Fork copies a database to a new one of the caller's, on any node: one
// consistent copy of the source streams to the new database, which records its
// origin. from is the path of the source.
//
// Errors, in the order of the checks: NotFound for a missing source of the
// caller's own; Forbidden for a source that is missing or that the caller may not
// fork; Invalid for a bad name of the copy; those of Create; Unavailable when the
// query quota of the source's account is used up.
func (d *Databases) Fork(ctx context.Context, actor authz.Actor, entity, database, to string) (made meta.Database, from ayb.DatabasePath, err error) {
	if err := authz.CheckScope(actor, authz.ForkDatabase); err != nil {
		return made, from, err
	}
	source, err := d.findForkable(ctx, actor, pathOf(entity, database))
	if err != nil {
		return made, from, err
	}
	made, err = d.checkTarget(ctx, actor, source, to)
	if err != nil {
		return made, from, err
	}
	origin := meta.Origin{Database: source.ID, Path: source.Path, At: d.deps.Now()}
	ctx, end := d.beginJob(ctx, actor, made, "fork")
	defer end()
	made, err = d.createFromData(ctx, made, origin, func(ctx context.Context, node nodeapi.NodeID, version string) error {
		return d.copyInto(ctx, actor, source, made, node, version)
	})
	return made, source.Path, cancelCause(ctx, err)
}

// findForkable returns a database that the caller may fork.
func (d *Databases) findForkable(ctx context.Context, actor authz.Actor, path ayb.DatabasePath) (meta.Database, error) {
	db, rights, err := d.resolve(ctx, actor, path)
	if err == nil && !rights.Fork {
		err = errs.E(errs.Forbidden, "Authenticated entity %s can't fork database %s", actor.Slug, path)
	}
	return db, err
}

// checkTarget checks the name of a database that is made from another.
func (d *Databases) checkTarget(ctx context.Context, actor authz.Actor, of meta.Database, to string) (meta.Database, error) {
	entity, name, ok := strings.Cut(to, "/")
	if !ok {
		return meta.Database{}, errs.E(errs.Invalid, "The name of the new database must look like ENTITY/DATABASE")
	}
	return d.checkNew(ctx, actor, NewDatabase{Entity: entity, Database: name, Type: string(of.Type)})
}

// copyInto streams an export of one database into a staged version of another.
func (d *Databases) copyInto(ctx context.Context, actor authz.Actor, source, made meta.Database, node nodeapi.NodeID, version string) error {
	most, err := d.ownerLimits(ctx, made.Owner)
	if err != nil {
		return err
	}
	ask, err := d.exportRequest(actor, source, authz.Rights{Query: ayb.QueryReadOnly}, Export{Options: daemonapi.ExportOptions{Format: daemonapi.TransferSQLite}})
	if err != nil {
		return err
	}
	answer, err := d.sendCounted(ctx, actor, source, ask)
	if err != nil {
		return err
	}
	defer answer.Close()
	data := &answerReader{ctx: ctx, answer: answer}
	if err := data.next(); errs.Is(err, errs.NotFound) {
		return errNoData // nothing was ever written to the source
	} else if err != nil {
		return err
	}
	load := importRequest(made, most)
	load.Version = version
	if err := setOptions(&load, daemonapi.ImportOptions{Format: daemonapi.TransferSQLite, Mode: daemonapi.ImportCreate}); err != nil {
		return err
	}
	_, err = d.upload(ctx, node, load, data, func(ctx context.Context) error {
		_, err := d.findForkable(ctx, actor, source.Path)
		return err
	})
	return err
}
