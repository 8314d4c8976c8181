package admin

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/config"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/process"
)

// server is the server that the operator works on. It may be running in another
// process.
type server struct {
	cfg    config.Server
	limits limits.Values
	store  *store.Store
}

// openServer reads the configuration and opens the metadata store that it names.
// A missing store is NotFound.
func (a *app) openServer(ctx context.Context) (*server, error) {
	file, required := process.ConfigFile(a.file)
	cfg, err := config.Load(file, required, a.Environ, nil, config.RoleAdmin)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Config{URL: cfg.DatabaseURL, MustExist: true})
	if errs.Is(err, errs.NotFound) {
		return nil, errs.Wrap(errs.NotFound, err, "%s; run this in the directory where the server runs, with its configuration", errs.Public(err).Message)
	}
	if err != nil {
		return nil, err
	}
	return &server{cfg: cfg, limits: serverLimits(cfg.Limits), store: s}, nil
}

// subject is an account or a database of the server, with its own limits.
type subject struct {
	target   target
	account  meta.Entity
	database meta.Database // zero for an account
	own      limits.Overrides
}

// lookUp finds an account or a database in the store.
func (s *server) lookUp(ctx context.Context, t target) (subject, error) {
	f := subject{target: target{entity: string(ayb.FoldEntity(t.entity)), database: t.database}}
	var err error
	if f.account, err = s.store.EntityBySlug(ctx, ayb.EntitySlug(f.target.entity)); err != nil {
		return f, unknownTarget(err, "account", f.target)
	}
	if t.database == "" {
		f.own.Account, err = s.store.AccountLimits(ctx, f.account.ID)
		return f, err
	}
	f.database, err = s.store.DatabaseByPath(ctx, ayb.DatabasePath{Entity: f.account.Slug, Database: ayb.DatabaseSlug(t.database)})
	if err != nil {
		return f, unknownTarget(err, "database", f.target)
	}
	if f.database.Limits != nil {
		f.own = *f.database.Limits
	}
	return f, nil
}

// unknownTarget replaces the store's NotFound by a sentence with the name that
// the operator typed.
func unknownTarget(err error, kind string, t target) error {
	if errs.Is(err, errs.NotFound) {
		return errs.Wrap(errs.Invalid, err, "There is no %s %s", kind, t)
	}
	return err
}

// changeLimits sets limits, removes those that have no text, and prints the
// limits in force afterwards.
func (a *app) changeLimits(cmd *cobra.Command, t target, texts map[limits.Limit]*string) (err error) {
	ctx := cmd.Context()
	s, err := a.openServer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	to := map[limits.Limit]*int64{}
	for _, l := range limits.All() { // so that the first error follows the order of the help
		text, ok := texts[l]
		if !ok {
			continue
		}
		to[l] = nil
		if text != nil {
			n, err := parseValue(l, *text, s.limits)
			if err != nil {
				return err
			}
			to[l] = &n
		}
	}
	f, err := s.lookUp(ctx, t)
	if err != nil {
		return err
	}
	paths, err := s.storeLimits(ctx, f, to)
	if err != nil {
		return unknownTarget(err, "account or database", f.target)
	}
	if f, err = s.lookUp(ctx, t); err != nil {
		return err
	}
	if err := a.printLimits(s, f); err != nil {
		return err
	}
	return a.printLine("%s", s.notify(ctx, paths))
}

// storeLimits stores the change and returns the databases whose limits it
// affects.
func (s *server) storeLimits(ctx context.Context, f subject, to map[limits.Limit]*int64) ([]ayb.DatabasePath, error) {
	if f.database.ID != 0 {
		return []ayb.DatabasePath{f.database.Path}, s.store.ChangeDatabaseLimits(ctx, f.database.ID, to)
	}
	if err := s.store.ChangeAccountLimits(ctx, f.account.ID, to); err != nil {
		return nil, err
	}
	owned, err := s.store.DatabasesOf(ctx, f.account.ID)
	var paths []ayb.DatabasePath
	for _, d := range owned {
		paths = append(paths, d.Path)
	}
	return paths, err
}
