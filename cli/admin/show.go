package admin

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
)

func (a *app) showLimits() *cobra.Command {
	return &cobra.Command{
		Use:   "show [ENTITY[/DATABASE]]",
		Short: "Show the limits in force",
		Long: `Show the limits in force for an account or a database, and where each was set.
Without a name, show the limits of the server and all limits that were set for
accounts and databases.`,
		Example: "  ayb admin limits show\n  ayb admin limits show alice/shop.sqlite",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) > 1 {
				return usage(cmd, "unexpected argument '%s'", args[1])
			}
			var t target
			if len(args) == 1 {
				if t, err = parseTarget(cmd, args); err != nil {
					return err
				}
			}
			s, err := a.openServer(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.store.Close()) }()
			if len(args) == 0 {
				return a.printOverview(cmd.Context(), s)
			}
			f, err := s.lookUp(cmd.Context(), t)
			if err != nil {
				return err
			}
			return a.printLimits(s, f)
		},
	}
}

// printLimits prints the limits in force for an account or a database.
func (a *app) printLimits(s *server, f subject) error {
	e := limits.Resolve(s.limits, &f.own)
	sources := map[limits.Source]string{
		limits.FromServer: "server", limits.FromAccount: "account " + f.target.entity, limits.FromDatabase: "database " + f.target.String(),
	}
	var rows [][]string
	for _, l := range limits.All() {
		rows = append(rows, []string{l.String(), displayValue(l, e.Value(l)), sources[e.Source(l)]})
	}
	return format.WriteTable(a.Stdout, []string{"Limit", "Value", "Set for"}, rows)
}

// printOverview prints the server's limits, and all limits that were set for
// accounts and databases.
func (a *app) printOverview(ctx context.Context, s *server) error {
	list, err := s.store.ListLimits(ctx)
	if err != nil {
		return err
	}
	list = append([]meta.LimitsRecord{{Values: s.limits}}, list...)
	var rows [][]string
	for _, of := range list {
		name := target{string(of.Entity), string(of.Database)}.String()
		if name == "" {
			name = "server"
		}
		for _, l := range limits.All() {
			if n, ok := of.Values.Get(l); ok {
				rows = append(rows, []string{l.String(), displayValue(l, n), name})
			}
		}
	}
	return format.WriteTable(a.Stdout, []string{"Limit", "Value", "Set for"}, rows)
}
