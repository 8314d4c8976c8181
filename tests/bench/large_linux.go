package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// The works large and csv: operations on a complete database or table that is far
// larger than the memory limit. The command-line client starts them, on a server
// with snapshots in an S3 server on the same disk.
const (
	megabyte = 1_000_000
	// flatTarget is the largest memory of any process.
	flatTarget = 150
	// snapshotTarget is the longest duration of a snapshot, as a multiple of that
	// of SQLite and zstd.
	snapshotTarget = 1.5
	largeRounds    = 2
	largeDatabase  = mainEntity + "/large.sqlite"
)

// largeSteps are the steps of the work large after the import, in order.
var largeSteps = []string{"snapshot", "restore", "restore-to", "export", "ndjson", "fork"}

// large is one run of the work.
type large struct {
	*user
	file    string // the generated database
	size    int64
	out     string // directory for exports
	changes int
	plain   []plain
	took    []float64 // seconds of each snapshot
}

func (b *bench) largeDatabase(ctx context.Context) (err error) {
	l, end, err := b.prepareLarge(ctx)
	defer end()
	if err != nil {
		return err
	}
	defer func() { // also after an error
		if len(l.took) > 0 {
			b.found.add(nil, l.snapshotLine())
		}
		b.found.add(nil, flatLine("large", l.steps))
		b.found.notes = append(b.found.notes, func(out io.Writer) { reportSteps(out, l.steps, l.plain) })
	}()
	if err := l.importDatabase(ctx); err != nil {
		return err
	}
	for _, name := range largeSteps {
		if !slices.Contains(b.steps, name) {
			continue
		}
		if err := l.do(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// prepareLarge creates the database and starts the servers; end removes all of
// it.
func (b *bench) prepareLarge(ctx context.Context) (l *large, end func(), err error) {
	dir := filepath.Join(b.dir, "large")
	l = &large{file: filepath.Join(dir, "made.sqlite"), out: dir}
	var store *store
	end = func() {
		if l.user != nil {
			l.stop()
		}
		if store != nil {
			store.stop()
		}
		_ = os.RemoveAll(dir) // it is in a temporary directory
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return l, end, err
	}
	if err := makeDatabase(ctx, l.file, int64(b.size)*megabyte); err != nil {
		return l, end, err
	}
	info, err := os.Stat(l.file)
	if err != nil {
		return l, end, err
	}
	l.size = info.Size()
	if store, err = startStore(ctx, filepath.Join(dir, "buckets")); err != nil {
		return l, end, err
	}
	l.user, err = b.roomyServer(ctx, filepath.Join(dir, "ayb"), l.size, store)
	return l, end, err
}

// roomyServer starts a separate ayb server that accepts databases of that size.
func (b *bench) roomyServer(ctx context.Context, dir string, size int64, s *store) (*user, error) {
	c := aybConfig{program: b.ayb, dir: dir, env: append(s.env(), fmt.Sprint("AYB__LIMITS__DATABASE_BYTES=", 2*size))}
	if b.servers == nil {
		c.debug = b.debug // else the main server uses the address
	}
	server, err := startAyb(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := server.account(ctx); err != nil {
		server.stop()
		return nil, err
	}
	return newUser(b.ayb, server, dir)
}

// importDatabase imports the database.
func (l *large) importDatabase(ctx context.Context) error {
	_, err := l.runCommand(ctx, "import", l.size, "import", l.file, largeDatabase, "--format", "sqlite")
	return err
}

// snapshots takes snapshots, alternating with SQLite and zstd.
func (l *large) snapshots(ctx context.Context) error {
	for range largeRounds {
		p, err := measurePlain(ctx, l.file)
		if err != nil {
			return err
		}
		l.plain = append(l.plain, p)
		if err := l.change(ctx); err != nil {
			return err
		}
		done, err := l.runCommand(ctx, "snapshot", l.size, "take_snapshot", largeDatabase)
		if err != nil {
			return err
		}
		l.took = append(l.took, done.took.Seconds())
	}
	return nil
}

// snapshotLine compares the medians.
func (l *large) snapshotLine() line {
	var sums []float64
	for _, p := range l.plain {
		sums = append(sums, p.sum().Seconds())
	}
	return compared(fmt.Sprintf("snapshot of %d MB (floor: VACUUM INTO, integrity_check, zstd)", l.size/megabyte), " s", median(sums), median(l.took)).atMost(snapshotTarget)
}

// change changes the database to a new state.
func (l *large) change(ctx context.Context) error {
	l.changes++
	_, err := l.ask(ctx, databasePath(largeDatabase), fmt.Sprintf("UPDATE item SET price = -%d WHERE id = 1", l.changes))
	return err
}

// holds checks a database after a step: all rows, and this change.
func (l *large) holds(ctx context.Context, database string, change int) error {
	got, err := l.ask(ctx, databasePath(database), "SELECT count(*) > 1000 AND max(id) = count(*), cast(min(price) AS INTEGER) FROM item")
	if want := fmt.Sprintf(`[["1","%d"]]`, -change); err == nil && !bytes.Contains(got, []byte(want)) {
		err = fmt.Errorf("%s holds %s instead of %s", database, got, want)
	}
	return err
}

func (l *large) do(ctx context.Context, name string) error {
	switch name {
	case "snapshot":
		return l.snapshots(ctx)
	case "restore":
		return l.restore(ctx)
	case "restore-to":
		return l.restoreTo(ctx)
	case "fork":
		to := mainEntity + "/forked.sqlite"
		_, err := l.runCommand(ctx, "fork", l.size, "fork", largeDatabase, to)
		return errors.Join(err, l.holds(ctx, to, l.changes))
	}
	return l.export(ctx, name)
}

// restore restores a snapshot over a state without one, which is stored first.
func (l *large) restore(ctx context.Context) error {
	id, err := l.newest(ctx)
	if err != nil {
		return err
	}
	if err := l.change(ctx); err != nil {
		return err
	}
	if _, err := l.runCommand(ctx, "restore in place, and the snapshot before it", l.size, "restore_snapshot", largeDatabase, id); err != nil {
		return err
	}
	l.changes--
	return l.holds(ctx, largeDatabase, l.changes)
}

func (l *large) restoreTo(ctx context.Context) error {
	id, err := l.newest(ctx)
	if err != nil {
		return err
	}
	to := mainEntity + "/restored.sqlite"
	_, err = l.runCommand(ctx, "restore --to a new database", l.size, "restore_snapshot", largeDatabase, id, "--to", to)
	return err
}

// newest returns the id of the newest snapshot, and takes one if the list is
// empty.
func (l *large) newest(ctx context.Context) (string, error) {
	owner, err := l.api(l.token)
	if err != nil {
		return "", err
	}
	_, name, _ := strings.Cut(largeDatabase, "/")
	list, err := owner.Snapshots(ctx, mainEntity, name)
	if err != nil || len(list) > 0 {
		if err != nil {
			return "", err
		}
		return list[0].SnapshotID, nil
	}
	taken, err := owner.TakeSnapshot(ctx, mainEntity, name, "")
	return taken.SnapshotID, err
}

// export writes a file and checks that it is complete.
func (l *large) export(ctx context.Context, name string) error {
	format := name
	if name == "export" {
		format = "sqlite"
	}
	file := filepath.Join(l.out, "exported."+format)
	defer func() { _ = os.Remove(file) }() // the directory is removed later
	if _, err := l.runCommand(ctx, "export --format "+format, l.size, "export", largeDatabase, file, "--format", format); err != nil {
		return err
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return err
	case format == "sqlite":
		return execute(ctx, file, "SELECT CASE WHEN count(*) > 1000 AND max(id) = count(*) THEN 'ok' ELSE count(*) END FROM item", "ok")
	case info.Size() < l.size/2:
		return fmt.Errorf("the export has only %d bytes", info.Size())
	}
	return nil
}

// flatLine is the result for the largest process in all steps.
func flatLine(work string, steps []step) line {
	return line{Measure: work + ": memory of the largest process", Unit: " MB", Ayb: float64(largest(steps).most()) / 1e6}.atMost(flatTarget)
}

// reportSteps prints each step with its duration and memory.
func reportSteps(out io.Writer, steps []step, plains []plain) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "step\ttime\tMB/s\tmost memory of a process\t")
	for _, s := range steps {
		fmt.Fprintf(t, "%s\t%s\t%.0f\t%s\t\n", s.name, short(s.took), float64(s.bytes)/1e6/s.took.Seconds(), s.memory)
	}
	for _, p := range plains {
		fmt.Fprintf(t, "without ayb: VACUUM INTO %s + integrity_check %s + %s %s\t%s\t\t\t\n", short(p.vacuum), short(p.check), p.packer, short(p.pack), short(p.sum()))
	}
	flush(t, out)
}
