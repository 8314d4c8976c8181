package client

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/cli/client/lineedit"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) fork() *cobra.Command {
	return &cobra.Command{
		Use:   "fork ENTITY/DATABASE ENTITY/NEW",
		Short: "Copy a database into a new one of yours",
		Long: `Copy a database that you may see into a new one of yours. Later changes of either
do not show in the other. database_details shows where a database was forked from,
and its forks.`,
		Example:           "  ayb client fork alice/shop.sqlite bob/my-shop.sqlite",
		Args:              positional("ENTITY/DATABASE", "ENTITY/NEW"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := newDatabase(cmd, args[1])
			if err != nil {
				return err
			}
			c, db, err := a.connectTo(cmd, args)
			if err != nil {
				return err
			}
			return interruptible(cmd.Context(), func(ctx context.Context) error {
				if _, err := c.ForkDatabase(ctx, db.entity, db.name, to.String()); err != nil {
					return err
				}
				return a.printLine("Forked %s to %s", db, to)
			})
		},
	}
}

// lineageLines returns lines about the original and the forks of a database.
func lineageLines(d httpapi.DatabaseDetails) string {
	lines := ""
	if d.ForkedFrom != nil {
		lines += "\nForked from: " + printable(*d.ForkedFrom)
	}
	if len(d.Forks) > 0 {
		lines += "\nForks: " + printable(strings.Join(d.Forks, ", "))
	}
	return lines
}

func (a *app) rename() *cobra.Command {
	return &cobra.Command{
		Use:   "rename ENTITY/DATABASE NEW",
		Short: "Give a database another name",
		Long: `Give a database of yours another name in the same account. The old name goes on
working until you use it for another database.`,
		Example:           "  ayb client rename alice/shop.sqlite store.sqlite",
		Args:              positional("ENTITY/DATABASE", "NEW"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, db, err := a.connectTo(cmd, args)
			if err != nil {
				return err
			}
			to := database{db.entity, args[1]}
			if strings.Contains(args[1], "/") {
				to, err = newDatabase(cmd, args[1])
			} else {
				err = to.check()
			}
			if err != nil {
				return err
			}
			if err := c.RenameDatabase(cmd.Context(), db.entity, db.name, to.String()); err != nil {
				return err
			}
			return a.printLine("Renamed %s to %s", db, to)
		},
	}
}

func (a *app) deleteDatabase() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete_database ENTITY/DATABASE",
		Short: "Delete a database of yours",
		Long: `Delete a database of yours. The server keeps it for some days, in which undelete
brings it back; list ENTITY --deleted shows until when. You are asked to type the
name of the database; --yes is for scripts.`,
		Example:           "  ayb client delete_database alice/shop.sqlite\n  ayb client delete_database alice/shop.sqlite --yes",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		if !*yes {
			if !lineedit.IsTerminal(a.Stdin) {
				return errs.E(errs.Invalid, "The input is not a terminal, so the question cannot be asked; give --yes to delete %s", db)
			}
			if err := a.confirmByName("the database "+db.String(), db.String()); err != nil {
				return err
			}
		}
		if err := c.DeleteDatabase(cmd.Context(), db.entity, db.name); err != nil {
			return err
		}
		return a.printLine("Deleted %s\nFor some days it can be restored: ayb client undelete %s", db, db)
	}
	return cmd
}

func (a *app) undelete() *cobra.Command {
	return &cobra.Command{
		Use:   "undelete ENTITY/DATABASE",
		Short: "Bring back a database that was deleted",
		Long: `Bring back a database that you have deleted, with its contents and all grants. Its
name must not be in use. list ENTITY --deleted shows the deleted databases and how
long they can be brought back.`,
		Example:           "  ayb client undelete alice/shop.sqlite",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, db, err := a.connectTo(cmd, args)
			if err != nil {
				return err
			}
			if err := c.UndeleteDatabase(cmd.Context(), db.entity, db.name); err != nil {
				return err
			}
			return a.printLine("Brought back %s", db)
		},
	}
}

// printDeleted lists the deleted databases that an account can bring back.
func (a *app) printDeleted(as format.Kind, entity string, list httpapi.List[httpapi.DeletedDatabase]) error {
	rows := make([][]string, len(list))
	for i, d := range list {
		rows[i] = []string{d.Slug, offsetTime(d.DeletedAt), offsetTime(d.PurgedAt)}
	}
	return a.printListing(as, list, rows, []string{"Database slug", "Deleted", "Gone for good"}, "No deleted databases of "+entity)
}
