package client

import (
	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) createDatabase() *cobra.Command {
	types := []string{string(ayb.SQLite), string(ayb.DuckDB)}
	levels := []string{string(ayb.PublicNone), string(ayb.PublicFork), string(ayb.PublicReadOnly)}
	cmd := &cobra.Command{
		Use:   "create_database ENTITY/DATABASE [TYPE] [PUBLIC]",
		Short: "Create an empty database",
		Long: `Create an empty database of yours. TYPE is sqlite (the default) or duckdb.
PUBLIC says what all other accounts may do with it: no-access (the default),
fork, or read-only. --public_sharing_level is the same as an option.`,
		Example: `  ayb client create_database alice/shop.sqlite
  ayb client create_database alice/census.sqlite sqlite read-only`,
		Args:              positional("ENTITY/DATABASE", "[TYPE]", "[PUBLIC]"),
		ValidArgsFunction: completing(nil, types, levels),
	}
	level := enumFlag(cmd, "public_sharing_level", "what all other accounts may do with it", levels)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		db, err := newDatabase(cmd, args[0])
		if err != nil {
			return err
		}
		kind, err := choice(cmd, args, 1, "TYPE", types)
		if err != nil {
			return err
		}
		public, err := choice(cmd, args, 2, "PUBLIC", levels)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("public_sharing_level") {
			if len(args) > 2 && public != level.value {
				return usage(cmd, "PUBLIC and --public_sharing_level contradict each other")
			}
			public = level.value
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		if _, err := c.CreateDatabase(cmd.Context(), db.entity, db.name, httpapi.CreateDatabaseRequest{DBType: kind, PublicSharingLevel: public}); err != nil {
			return err
		}
		return a.printLine("Successfully created %s", db)
	}
	return cmd
}

func (a *app) list() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list ENTITY",
		Short: "List the databases of an account that you may see",
		Long: `List the databases of an account that you may see, newest first. With --deleted,
list the databases of your own account that you deleted and can still bring back.
With --shared, list the databases of others that were shared with your own account.`,
		Example:           "  ayb client list alice\n  ayb client list alice --shared\n  ayb client list alice --deleted\n  ayb client list alice --format csv",
		Args:              positional("ENTITY"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	deleted := cmd.Flags().Bool("deleted", false, "list deleted databases that can be brought back")
	shared := cmd.Flags().Bool("shared", false, "list databases of others that were shared with you")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *deleted && *shared {
			return errs.E(errs.Invalid, "Give either --deleted or --shared: they are two lists")
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		entity, err := c.Entity(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if *deleted {
			return a.printDeleted(format.Kind(as.value), args[0], entity.Deleted)
		}
		if *shared {
			return a.printShared(format.Kind(as.value), args[0], entity.Shared)
		}
		rows := make([][]string, len(entity.Databases))
		for i, d := range entity.Databases {
			rows[i] = []string{d.Slug, d.DatabaseType}
		}
		return a.printListing(format.Kind(as.value), entity.Databases, rows,
			[]string{"Database slug", "Type"}, "No queryable databases owned by "+args[0])
	}
	return cmd
}

// printShared lists the databases of others that were shared with an account.
func (a *app) printShared(as format.Kind, entity string, list httpapi.List[httpapi.SharedDatabase]) error {
	rows := make([][]string, len(list))
	for i, d := range list {
		rows[i] = []string{d.Entity + "/" + d.Slug, d.DatabaseType, d.SharingLevel}
	}
	return a.printListing(as, list, rows, []string{"Database", "Type", "Sharing level"}, "No databases of others that were shared with "+entity)
}

func (a *app) databaseDetails() *cobra.Command {
	return &cobra.Command{
		Use:               "database_details ENTITY/DATABASE",
		Short:             "Show what a database is and what you may do with it",
		Long:              "Show what a database is and what you may do with it.",
		Example:           "  ayb client database_details alice/shop.sqlite",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, db, err := a.connectTo(cmd, args)
			if err != nil {
				return err
			}
			d, err := c.DatabaseDetails(cmd.Context(), db.entity, db.name)
			if err != nil {
				return err
			}
			manager := ""
			if d.CanManageDatabase {
				manager = "\nYou have management permissions for this database"
			}
			return a.printLine("Database: %s\nType: %s\nAccess level: %s%s%s", db,
				printable(d.DatabaseType), printable(orDefault(d.HighestQueryAccessLevel, "No query access")), manager, lineageLines(d))
		},
	}
}

func (a *app) setDefaultURL() *cobra.Command {
	return &cobra.Command{
		Use:   "set_default_url URL",
		Short: "Remember the address of the server to use",
		Long: `Remember the address of the server to use when neither --url nor
AYB_SERVER_URL is given. Nothing is sent to it.`,
		Example:           "  ayb client set_default_url http://127.0.0.1:5433",
		Args:              positional("URL"),
		ValidArgsFunction: completing(),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := a.settingsPath()
			if err != nil {
				return err
			}
			s, err := loadSettings(path)
			if err != nil {
				return err
			}
			url := args[0]
			if n, err := httpapi.NormalizeURL(url); err == nil { // else the first use of the URL reports the mistake
				url = n
			}
			s.DefaultURL = &url
			if err := s.save(path); err != nil {
				return err
			}
			return a.printLine("Saved %s as new default_url", printable(url))
		},
	}
}
