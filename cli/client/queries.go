package client

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// shownSQL is how many characters of a query a table shows.
const shownSQL = 60

func (a *app) queries() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "queries ENTITY/DATABASE",
		Short: "List the queries that run on a database",
		Long: `List the queries that run on a database or wait, oldest first. Managers of the
database see all queries, other accounts their own. Imports, exports, restores and
forks are listed too, also while they create a database. cancel_query stops a query
by its ID.`,
		Example:           "  ayb client queries alice/shop.sqlite",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		list, err := c.RunningQueries(cmd.Context(), db.entity, db.name)
		if err != nil {
			return err
		}
		rows := make([][]string, len(list))
		for i, q := range list {
			sql := q.SQL
			if as.value == string(format.Table) {
				sql = oneLine(sql)
			}
			rows[i] = []string{q.ID, string(q.Caller), q.State, format.Duration(time.Since(q.Started)), sql}
		}
		return a.printListing(format.Kind(as.value), httpapi.List[daemonapi.RunningQuery](list), rows,
			[]string{"ID", "Entity", "State", "For", "SQL"}, "No queries run on "+db.String())
	}
	return cmd
}

// oneLine returns the beginning of SQL without line breaks.
func oneLine(sql string) string {
	text := []rune(strings.Join(strings.Fields(sql), " "))
	if len(text) > shownSQL {
		return string(text[:shownSQL-1]) + "…"
	}
	return string(text)
}

func (a *app) cancelQuery() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel_query ENTITY/DATABASE ID",
		Short: "Stop a query or an import that runs on a database",
		Long: `Stop a query, import, export, restore or fork that runs on a database or waits.
Its changes are undone, and its client gets an error. The command queries shows
the ID.`,
		Example:           "  ayb client cancel_query alice/shop.sqlite 3f9c02d17b64e8a0",
		Args:              positional("ENTITY/DATABASE", "ID"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, db, err := a.connectTo(cmd, args)
			if err != nil {
				return err
			}
			if err := c.CancelQuery(cmd.Context(), db.entity, db.name, args[1]); err != nil {
				return err
			}
			return a.printLine("Successfully canceled query %s on %s", args[1], db)
		},
	}
}
