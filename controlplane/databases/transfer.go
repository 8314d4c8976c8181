package databases

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Export selects the data to export from a database.
type Export struct {
	Entity, Database string
	Options          daemonapi.ExportOptions
	// Query is one statement whose rows are exported; empty for a table or the
	// full database.
	Query string
}

// Export streams data in the format of the options. The stream of every format
// but a database file may end with one of daemonapi.PackRemarks. Errors: Invalid
// for an unknown format; else those of Query. The caller closes the answer.
func (d *Databases) Export(ctx context.Context, actor authz.Actor, e Export) (nodeapi.Answer, error) {
	db, rights, err := d.findQueryable(ctx, actor, authz.ExportData, e.Entity, e.Database)
	if err != nil {
		return nil, err
	}
	if !oneOf(e.Options.Format, daemonapi.TransferSQLite, daemonapi.TransferSQL, daemonapi.TransferCSV, daemonapi.TransferJSON, daemonapi.TransferNDJSON) {
		return nil, errs.E(errs.Invalid, "An export can be in the format sqlite, sql, csv, json or ndjson")
	}
	if e.Query != "" && e.Options.Table != "" {
		return nil, errs.E(errs.Invalid, "An export is of a table or of a query, not of both")
	}
	e.Options.Remarks = true
	req, err := d.exportRequest(actor, db, rights, e)
	if err != nil {
		return nil, err
	}
	return d.sendCounted(ctx, actor, db, req)
}

// exportRequest builds the request for an export. It is read-only, whatever the
// rights of the caller.
func (d *Databases) exportRequest(actor authz.Actor, db meta.Database, rights authz.Rights, e Export) (nodeapi.QueryRequest, error) {
	req := d.request(actor, db, rights)
	req.Kind, req.Mode, req.ResultBytes = daemonapi.KindExport, ayb.QueryReadOnly, 0
	req.Body = []byte(e.Query)
	return req, setOptions(&req, e.Options)
}

// setOptions encodes the options of a request's kind.
func setOptions(req *nodeapi.QueryRequest, options any) (err error) {
	if req.Options, err = json.Marshal(options); err != nil {
		return errs.Wrap(errs.Internal, err, "The options of a transfer could not be encoded")
	}
	if len(req.Options) > daemonapi.MaxOptions {
		return errs.E(errs.TooLarge, "The parameters of the request are longer than %d bytes", daemonapi.MaxOptions)
	}
	return nil
}

func oneOf[T comparable](v T, all ...T) bool { return slices.Contains(all, v) }

// Import describes data to import.
type Import struct {
	Entity, Database string
	Options          daemonapi.ImportOptions
	// Public is the level of a new database; see NewDatabase.
	Public string
	// Body is the data. It is read to its end or to the first error.
	Body io.Reader
}

// Import imports data: tables into an existing database, or a database file, which
// becomes a new database or replaces the state of one. It returns when the data is
// durable; after an error nothing has changed.
//
// Errors: Invalid for bad options. For tables: NotFound for a missing database of
// the caller's own; Forbidden for one that is missing or that the caller may not
// query; ReadOnly for one that the caller may only read; Conflict while it is
// replaced. For a new database: those of Create. For a replacement: those for
// tables, with Forbidden for a caller who does not manage the database. Then those
// of the daemon about the data.
func (d *Databases) Import(ctx context.Context, actor authz.Actor, req Import) (daemonapi.ImportResult, error) {
	if err := authz.CheckScope(actor, authz.ImportData); err != nil {
		return daemonapi.ImportResult{}, err
	}
	if err := checkImport(&req.Options); err != nil {
		return daemonapi.ImportResult{}, err
	}
	switch {
	case req.Options.Format != daemonapi.TransferSQLite:
		return d.importTables(ctx, actor, req)
	case req.Options.Mode == daemonapi.ImportReplace:
		return d.importReplacing(ctx, actor, req)
	default:
		return d.importNew(ctx, actor, req)
	}
}

// checkImport sets the default mode and checks the options that select the kind of
// import. The daemon checks the rest.
func checkImport(o *daemonapi.ImportOptions) error {
	if !oneOf(o.Format, daemonapi.TransferSQLite, daemonapi.TransferSQL, daemonapi.TransferCSV, daemonapi.TransferTSV, daemonapi.TransferJSON, daemonapi.TransferNDJSON) {
		return errs.E(errs.Invalid, "An import can be of the format sqlite, sql, csv, tsv, json or ndjson")
	}
	if o.Mode == "" {
		o.Mode = daemonapi.ImportCreate
	}
	if !oneOf(o.Mode, daemonapi.ImportCreate, daemonapi.ImportAppend, daemonapi.ImportReplace) {
		return errs.E(errs.Invalid, "The mode of an import can be create, append or replace")
	}
	if !oneOf(o.OnError, "", daemonapi.OnErrorStop, daemonapi.OnErrorSkip) {
		return errs.E(errs.Invalid, "The parameter on_error can be stop or skip")
	}
	if o.Format == daemonapi.TransferSQLite && o.Mode == daemonapi.ImportAppend {
		return errs.E(errs.Invalid, "A database file makes a new database or replaces one; it can't be appended")
	}
	return nil
}

func (d *Databases) importTables(ctx context.Context, actor authz.Actor, req Import) (daemonapi.ImportResult, error) {
	db, rights, err := d.findImportable(ctx, actor, req)
	if err == nil {
		err = d.barriers.checkReplacing(db.ID)
	}
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	node, leave, err := d.admit(actor, db, true)
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	defer leave()
	r := d.request(actor, db, rights)
	r.Kind, r.ResultBytes = daemonapi.KindImport, 0
	if err := setOptions(&r, req.Options); err != nil {
		return daemonapi.ImportResult{}, err
	}
	out, err := d.upload(ctx, node, r, req.Body, func(ctx context.Context) error {
		now, _, err := d.findImportable(ctx, actor, req)
		return checkUnchanged(db, now, err)
	})
	return out, d.explainFailure(ctx, db, err)
}

// findImportable returns a database that the caller may import rows into.
func (d *Databases) findImportable(ctx context.Context, actor authz.Actor, req Import) (meta.Database, authz.Rights, error) {
	path := pathOf(req.Entity, req.Database)
	db, rights, err := d.resolve(ctx, actor, path)
	switch {
	case err != nil:
	case actor.Anonymous():
		err = errs.E(errs.Unauthenticated, "Database %s is not accessible", path)
	case rights.Query == ayb.QueryNone:
		err = errs.E(errs.Forbidden, "Authenticated entity %s can't import into database %s", actor.Slug, path)
	case rights.Query != ayb.QueryReadWrite:
		err = errs.E(errs.ReadOnly, "Attempted to write to database while in read-only mode")
	}
	return db, rights, err
}

func (d *Databases) importReplacing(ctx context.Context, actor authz.Actor, req Import) (out daemonapi.ImportResult, err error) {
	db, rights, err := d.findManaged(ctx, actor, authz.ImportData, req.Entity, req.Database, "replace database")
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	_, leave, err := d.admit(actor, db, false)
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	defer leave()
	r := d.request(actor, db, rights)
	allowed := func(ctx context.Context) error {
		now, _, err := d.findManaged(ctx, actor, authz.ImportData, req.Entity, req.Database, "replace database")
		return checkUnchanged(db, now, err)
	}
	ctx, end := d.beginJob(ctx, actor, db, "import that replaces the database")
	defer end()
	err = d.replaceState(ctx, db, func(ctx context.Context, node nodeapi.NodeID, version string) (lerr error) {
		out, lerr = d.importFile(ctx, node, version, r, req, allowed)
		return lerr
	}, func(ctx context.Context) (func(), error) { return func() {}, allowed(ctx) })
	return out, ignoreDryRun(d.explainFailure(ctx, db, err))
}

// checkUnchanged checks a second look-up during a transfer: it returns the error of
// that look-up, and Conflict when the database has been renamed or replaced by
// another of its name.
func checkUnchanged(before, now meta.Database, err error) error {
	if err == nil && (now.ID != before.ID || now.Path != before.Path || now.Pending) {
		err = errRenamedOrDeleted(before.Path)
	}
	return err
}

func errRenamedOrDeleted(path ayb.DatabasePath) error {
	return errs.E(errs.Conflict, "%s was renamed or deleted in the meantime, and nothing was changed; try again with the present name of the database", path)
}

// explainFailure replaces the error of a transfer that was canceled, or that failed
// because its database was renamed or deleted: both end what runs on a database.
func (d *Databases) explainFailure(ctx context.Context, db meta.Database, err error) error {
	if err = cancelCause(ctx, err); !errs.Is(err, errs.Engine) && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Unavailable) {
		return err
	}
	looking, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	now, lerr := d.deps.Store.Lookup.DatabaseByPath(looking, db.Path)
	if lerr != nil && !errs.Is(lerr, errs.NotFound) {
		return err
	}
	if checkUnchanged(db, now, nil) == nil {
		return err
	}
	return errs.Wrap(errs.Conflict, err, "%s was renamed or deleted during the import; check under its present name whether the data is there before you repeat it", db.Path)
}

func (d *Databases) importNew(ctx context.Context, actor authz.Actor, req Import) (out daemonapi.ImportResult, err error) {
	made, err := d.checkNew(ctx, actor, NewDatabase{Entity: req.Entity, Database: req.Database, Type: string(ayb.SQLite), Public: req.Public})
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	most, err := d.ownerLimits(ctx, made.Owner)
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	leave, err := d.admitAccount(made.Owner, most)
	if err != nil {
		return daemonapi.ImportResult{}, err
	}
	defer leave()
	ctx, end := d.beginJob(ctx, actor, made, "import of a new database")
	defer end()
	allowed := func(ctx context.Context) error {
		_, err := d.checkNew(ctx, actor, NewDatabase{Entity: req.Entity, Database: req.Database, Type: string(ayb.SQLite), Public: req.Public})
		return err
	}
	_, err = d.createFromData(ctx, made, meta.Origin{}, func(ctx context.Context, node nodeapi.NodeID, version string) (lerr error) {
		out, lerr = d.importFile(ctx, node, version, importRequest(made, most), req, allowed)
		return lerr
	})
	return out, ignoreDryRun(cancelCause(ctx, err))
}

// importFile fills a version from a database file.
func (d *Databases) importFile(ctx context.Context, node nodeapi.NodeID, version string, r nodeapi.QueryRequest, req Import, allowed func(context.Context) error) (daemonapi.ImportResult, error) {
	r.Kind, r.Version, r.ResultBytes = daemonapi.KindImport, version, 0
	if err := setOptions(&r, req.Options); err != nil {
		return daemonapi.ImportResult{}, err
	}
	out, err := d.upload(ctx, node, r, req.Body, allowed)
	if err == nil && req.Options.DryRun {
		err = errDryRun
	}
	out.DryRun = out.DryRun || req.Options.DryRun
	return out, err
}

// ignoreDryRun makes the end of a dry run a success.
func ignoreDryRun(err error) error {
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}
