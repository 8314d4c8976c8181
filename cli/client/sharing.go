package client

import (
	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) updateDatabase() *cobra.Command {
	levels := []string{string(ayb.PublicNone), string(ayb.PublicFork), string(ayb.PublicReadOnly)}
	cmd := &cobra.Command{
		Use:   "update_database ENTITY/DATABASE --public_sharing_level LEVEL",
		Short: "Change what all other accounts may do with a database",
		Long: `Change what all other accounts may do with a database. You must own it or be a
manager of it. LEVEL is one of

  no-access   only its owner and the accounts it is shared with see it
  fork        all accounts see it and may copy it, and so read it
  read-only   all accounts may read it

To give rights to one account, see share.`,
		Example: `  ayb client update_database alice/shop.sqlite --public_sharing_level read-only
  ayb client update_database alice/shop.sqlite --public_sharing_level no-access`,
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	level := enumFlag(cmd, "public_sharing_level", "what all other accounts may do with it", levels)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("public_sharing_level") {
			return usage(cmd, "the following required arguments were not provided: --public_sharing_level LEVEL")
		}
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		if err := c.UpdateDatabase(cmd.Context(), db.entity, db.name, httpapi.UpdateDatabaseRequest{PublicSharingLevel: level.value}); err != nil {
			return err
		}
		return a.printLine("Database %s updated successfully", db)
	}
	return cmd
}

func (a *app) share() *cobra.Command {
	levels := []string{string(ayb.ShareNone), string(ayb.ShareReadOnly), string(ayb.ShareReadWrite), string(ayb.ShareManager)}
	return &cobra.Command{
		Use:   "share ENTITY/DATABASE ENTITY LEVEL",
		Short: "Share a database with another account",
		Long: `Share a database with another account, change its rights, or remove them. You must
own the database or be a manager of it. LEVEL is one of

  no-access   removes the rights; those of all accounts stay
  read-only   may read it
  read-write  may read and change its contents
  manager     may also share it, and change the rights of all accounts

To give rights to all accounts, see update_database.`,
		Example: `  ayb client share alice/shop.sqlite bob read-only
  ayb client share alice/shop.sqlite bob no-access`,
		Args:              positional("ENTITY/DATABASE", "ENTITY", "LEVEL"),
		ValidArgsFunction: completing(nil, nil, levels),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := parseDatabase(cmd, args[0])
			if err != nil {
				return err
			}
			level, err := choice(cmd, args, 2, "LEVEL", levels)
			if err != nil {
				return err
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			if err := c.Share(cmd.Context(), db.entity, db.name, httpapi.ShareRequest{EntityForPermission: args[1], SharingLevel: level}); err != nil {
				return err
			}
			return a.printLine("Permissions for %s on %s updated successfully", args[1], db)
		},
	}
}

func (a *app) listDatabasePermissions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list_database_permissions ENTITY/DATABASE",
		Short: "List the accounts that a database is shared with",
		Long: `List the accounts that a database is shared with and their levels, in the order in
which it was shared. You must own the database or be a manager of it. The owner has
all rights and is not listed.`,
		Example: `  ayb client list_database_permissions alice/shop.sqlite
  ayb client list_database_permissions alice/shop.sqlite --format csv`,
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		list, err := c.Permissions(cmd.Context(), db.entity, db.name)
		if err != nil {
			return err
		}
		rows := make([][]string, len(list))
		for i, p := range list {
			rows[i] = []string{p.EntitySlug, p.SharingLevel}
		}
		return a.printListing(format.Kind(as.value), httpapi.List[httpapi.Permission](list), rows,
			[]string{"Entity", "Sharing level"}, "No shared permissions for "+db.String())
	}
	return cmd
}
