package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// The work background: writers at full load during continuous snapshots and
// exports of their database. Every answer is compared; one that is not a success
// ends the work.
const (
	backgroundConns = 32
	// backgroundTarget is the lowest share of the writers' throughput.
	backgroundTarget = 0.6
	// apart is the nice value of the S3 server and of the exporting client. They
	// stand for other machines, so they must not use the server's processors or
	// disk; the S3 server stores objects in memory.
	apart    = 19
	inMemory = "/dev/shm"
)

// backgroundWork is work beside the writers.
type backgroundWork struct {
	name string
	do   func(ctx context.Context) error
	done atomic.Int64
}

func (b *bench) background(ctx context.Context) error {
	dir := filepath.Join(b.dir, "background")
	defer func() { _ = os.RemoveAll(dir) }() // as in prepareLarge
	size := int64(b.beside) * megabyte
	file := filepath.Join(dir, "made.sqlite")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := makeDatabase(ctx, file, size); err != nil {
		return err
	}
	elsewhere, err := os.MkdirTemp(inMemory, "ayb-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(elsewhere) }() // as above
	store, err := startStore(ctx, elsewhere)
	if err != nil {
		return err
	}
	defer store.stop()
	if err := unix.Setpriority(unix.PRIO_PROCESS, store.cmd.Process.Pid, apart); err != nil {
		return err
	}
	u, err := b.roomyServer(ctx, filepath.Join(dir, "ayb"), max(size, 1<<30), store)
	if err != nil {
		return err
	}
	defer u.stop()
	if _, err := u.runCommand(ctx, "import", size, "import", file, largeDatabase, "--format", "sqlite"); err != nil {
		return err
	}
	u.paths = []string{databasePath(largeDatabase)}
	if err := u.fill(ctx, u.paths[0], "log"); err != nil {
		return err
	}
	for _, work := range u.backgroundWorks() {
		if err := b.writers(ctx, u, work); err != nil {
			return err
		}
	}
	return nil
}

// backgroundWorks returns the kinds of work beside the writers: each alone, and together.
func (u *user) backgroundWorks() [][]*backgroundWork {
	snapshots := func() *backgroundWork { return &backgroundWork{name: "snapshots", do: u.snapshot} }
	exports := func() *backgroundWork {
		return &backgroundWork{name: "exports", do: func(ctx context.Context) error { return u.exports(ctx, daemonapi.TransferSQLite) }}
	}
	tables := func() *backgroundWork {
		return &backgroundWork{name: "exports as NDJSON", do: func(ctx context.Context) error { return u.exports(ctx, daemonapi.TransferNDJSON) }}
	}
	return [][]*backgroundWork{{snapshots()}, {exports()}, {tables()}, {snapshots(), exports(), tables()}}
}

func (u *user) snapshot(ctx context.Context) error {
	owner, err := u.api(u.token)
	if err != nil {
		return err
	}
	entity, name, _ := strings.Cut(largeDatabase, "/")
	_, err = owner.TakeSnapshot(ctx, entity, name, "")
	return err
}

// exports runs an export with the command-line client; the data is discarded.
func (u *user) exports(ctx context.Context, format daemonapi.TransferFormat) error {
	args := []string{"export", largeDatabase, "-", "--format", string(format)}
	if format != daemonapi.TransferSQLite {
		args = append(args, "--table", "item")
	}
	cmd := u.client(ctx, args...)
	var failed strings.Builder
	cmd.Stderr = &failed // stdout is discarded
	if err := cmd.Start(); err != nil {
		return err
	}
	prio := unix.Setpriority(unix.PRIO_PROCESS, cmd.Process.Pid, apart)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("export: %w: %s", err, failed.String())
	}
	return prio
}

// writers compares the throughput of writers alone and beside some work, in
// alternating rounds.
func (b *bench) writers(ctx context.Context, u *user, work []*backgroundWork) error {
	var names []string
	for _, a := range work {
		names = append(names, a.name)
	}
	what := strings.Join(names, " and ")
	alone, beside := &side{Work: "insert alone", Server: u.name, Conns: backgroundConns}, &side{Work: "insert beside " + what, Server: u.name, Conns: backgroundConns}
	for round := -1; round < b.rounds; round++ {
		length := b.length
		if round < 0 {
			length = b.warm
		}
		for _, s := range []*side{alone, beside} {
			var meanwhile []*backgroundWork
			if s == beside {
				meanwhile = work
			}
			took, spent, err := b.besideWork(ctx, u, meanwhile, length)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Work, err)
			}
			if round >= 0 {
				s.add(float64(len(took))/length.Seconds(), took, spent)
			}
		}
	}
	slices.Sort(alone.took)
	slices.Sort(beside.took)
	l := comparison{alone, beside}.rates("durable inserts beside "+what+" ÷ alone", 1)
	b.found.add(comparison{alone, beside}, line{Measure: l.Measure, Ayb: l.Ratio, Low: l.Low, High: l.High}.atLeast(backgroundTarget))
	b.found.notes = append(b.found.notes, func(out io.Writer) {
		for _, a := range work {
			fmt.Fprintf(out, "beside the writers, %d rounds and the warm-up: %d %s\n", b.rounds, a.done.Load(), a.name)
		}
	})
	return nil
}

// besideWork lets the writers write while each work is repeated. It waits for
// the end of the last repetitions.
func (b *bench) besideWork(ctx context.Context, u *user, work []*backgroundWork, length time.Duration) (took []time.Duration, spent map[string]time.Duration, err error) {
	stop := make(chan struct{})
	failures := make(chan error, len(work))
	var running sync.WaitGroup
	for _, a := range work {
		running.Go(func() {
			for {
				if err := a.do(ctx); err != nil {
					failures <- fmt.Errorf("%s: %w", a.name, err)
					return
				}
				a.done.Add(1)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	took, spent, err = once(ctx, contender{s: u.server, conns: backgroundConns}, oneInsert(), length)
	close(stop)
	running.Wait()
	close(failures)
	for f := range failures {
		err = errors.Join(err, f)
	}
	return took, spent, err
}

// databasePath returns the path for queries on ENTITY/DATABASE.
func databasePath(name string) string {
	entity, database, _ := strings.Cut(name, "/")
	return httpapi.DatabasePath(entity, database, "query")
}
