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
		Short: "List the stored states of a database",
		Long: `List the stored states of a database that restore_snapshot can bring back, newest
first. You must own the database or be a manager of it. --long also shows their
sizes as they are stored, what was said when they were taken, and which of them
were there before a restore.`,
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
	if whole, ok := strings.CutSuffix(at, "Z"); ok {
		return whole + "+00:00"
	}
	return at
}

func (a *app) takeSnapshot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "take_snapshot ENTITY/DATABASE",
		Short: "Store the present state of a database",
		Long: `Store the present state of a database now, besides the snapshots that the server
takes by itself. You must own the database or be a manager of it.`,
		Example:           "  ayb client take_snapshot alice/shop.sqlite --message \"before the big clean-up\"",
		Args:              positional("ENTITY/DATABASE"),
		ValidArgsFunction: completing(),
	}
	message := cmd.Flags().String("message", "", "`TEXT` to find it again by")
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
				return a.printLine("Snapshot %s of %s is stored already: nothing has changed since", printable(taken.SnapshotID), db)
			}
			return a.printLine("Stored %s as snapshot %s", db, printable(taken.SnapshotID))
		})
	}
	return cmd
}

func (a *app) restoreSnapshot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore_snapshot ENTITY/DATABASE SNAPSHOT",
		Short: "Bring back a stored state of a database",
		Long: `Bring back a stored state of a database; list_snapshots tells the names of the
states, which may be shortened as long as one of them begins so. The present state is stored first, so that there is a way back. With --to
the database stays as it is, and a new one of yours is made of the snapshot. You
must own the database or be a manager of it.`,
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

// Lengths of the name of a snapshot: in full, and the least that is told from
// others, here as on the server.
const (
	snapshotIDLength = 64
	shortIDLength    = 4
)

// fullSnapshotID completes the name of a snapshot that was shortened. One that no
// snapshot begins with stays, for the server to refuse.
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
		return id, errs.E(errs.Invalid, "%d snapshots of %s begin with %s; give more of the name: %s", len(found), db, printable(id), printable(strings.Join(found[:min(len(found), 5)], ", ")))
	case len(found) == 1:
		return found[0], nil
	}
	return id, nil
}
