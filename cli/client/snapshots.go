package client

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func (a *app) listSnapshots() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list_snapshots ENTITY/DATABASE",
		Short: "List the snapshots of a database",
		Long: `List the snapshots of a database, newest first. You must own the database or be a
manager of it. --long also shows their compressed sizes, their messages, and which
of them were taken before a restore.`,
		Example:           "  ayb client list_snapshots alice/shop.sqlite\n  ayb client list_snapshots alice/shop.sqlite --long",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	as := formatFlag(cmd)
	long := cmd.Flags().Bool("long", false, "show sizes and messages too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		list, err := c.Snapshots(cmd.Context(), db.entity, db.name)
		if err != nil {
			return err
		}
		header, rows := snapshotRows(list, *long)
		return a.printListing(format.Kind(as.value), httpapi.List[httpapi.Snapshot](list), rows, header, "No snapshots for "+db.String())
	}
	return cmd
}

func snapshotRows(list []httpapi.Snapshot, long bool) (header []string, rows [][]string) {
	header = []string{"Name", "Last modified"}
	if long {
		header = append(header, "Size", "Before restore", "Message")
	}
	for _, s := range list {
		row := []string{s.SnapshotID, offsetTime(s.LastModifiedAt)}
		if long {
			before := ""
			if s.BeforeRestore {
				before = "yes"
			}
			row = append(row, format.Bytes(s.Bytes), before, orDefault(s.Message, ""))
		}
		rows = append(rows, row)
	}
	return header, rows
}

// offsetTime writes a time of the server with its offset in digits.
func offsetTime(at string) string {
	if utc, ok := strings.CutSuffix(at, "Z"); ok {
		return utc + "+00:00"
	}
	return at
}

func (a *app) takeSnapshot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "take_snapshot ENTITY/DATABASE",
		Short: "Take a snapshot of a database",
		Long: `Take a snapshot of a database now, in addition to those that the server takes
automatically. You must own the database or be a manager of it.`,
		Example:           "  ayb client take_snapshot alice/shop.sqlite --message \"before the big clean-up\"",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	message := cmd.Flags().String("message", "", "`TEXT` that describes the snapshot")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		return interruptible(cmd.Context(), func(ctx context.Context) error {
			taken, err := c.TakeSnapshot(ctx, db.entity, db.name, *message)
			if err != nil {
				return err
			}
			if !taken.Created {
				return a.printLine("Snapshot %s of %s has this state already", printable(taken.SnapshotID), db)
			}
			return a.printLine("Stored %s as snapshot %s", db, printable(taken.SnapshotID))
		})
	}
	return cmd
}

func (a *app) restoreSnapshot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore_snapshot ENTITY/DATABASE SNAPSHOT",
		Short: "Restore a snapshot of a database",
		Long: `Restore a snapshot of a database. list_snapshots shows the names of the snapshots;
the first characters of a name are enough if they are unique. The present state
becomes a snapshot first, so that you can return to it. With --to the database
stays as it is, and the snapshot becomes a new database of yours. You must own the
database or be a manager of it.`,
		Example: `  ayb client restore_snapshot alice/shop.sqlite 1d2c…
  ayb client restore_snapshot alice/shop.sqlite 1d2c… --to alice/shop-of-monday.sqlite`,
		Args:              positional("ENTITY/DATABASE", "SNAPSHOT"),
		ValidArgsFunction: completing(),
	}
	to := cmd.Flags().String("to", "", "make a new database, `ENTITY/DATABASE`, instead")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *to != "" {
			if _, err := newDatabase(cmd, *to); err != nil {
				return err
			}
		}
		c, db, err := a.connectTo(cmd, args)
		if err != nil {
			return err
		}
		return interruptible(cmd.Context(), func(ctx context.Context) error {
			id, err := fullSnapshotID(ctx, c, db, args[1])
			if err == nil {
				err = c.RestoreSnapshot(ctx, db.entity, db.name, httpapi.RestoreRequest{SnapshotID: id, To: *to})
			}
			switch {
			case errs.Is(err, errs.NoSnapshot):
				return errs.Wrap(errs.Invalid, err, "Snapshot %s does not exist for %s", printable(id), db)
			case err != nil:
				return err
			case *to != "":
				return a.printLine("Restored snapshot %s of %s as %s", printable(id), db, *to)
			}
			return a.printLine("Restored %s to snapshot %s", db, printable(id))
		})
	}
	return cmd
}

// Lengths of the id of a snapshot: the full length, and the shortest prefix that
// is accepted. They are the same on the server.
const (
	snapshotIDLength = 64
	shortIDLength    = 4
)

// fullSnapshotID completes a shortened id of a snapshot. An unknown id is
// returned as it is: the server refuses it.
func fullSnapshotID(ctx context.Context, c *httpapi.Client, db database, id string) (string, error) {
	if len(id) >= snapshotIDLength || len(id) < shortIDLength {
		return id, nil
	}
	list, err := c.Snapshots(ctx, db.entity, db.name)
	if err != nil {
		return id, err
	}
	var found []string
	for _, s := range list {
		if s.SnapshotID == id {
			return id, nil
		}
		if strings.HasPrefix(s.SnapshotID, strings.ToLower(id)) {
			found = append(found, s.SnapshotID)
		}
	}
	switch {
	case len(found) > 1:
		return id, errs.E(errs.Invalid, "%d snapshots of %s begin with %s; give more characters of the name: %s", len(found), db, printable(id), printable(strings.Join(found[:min(len(found), 5)], ", ")))
	case len(found) == 1:
		return found[0], nil
	}
	return id, nil
}
