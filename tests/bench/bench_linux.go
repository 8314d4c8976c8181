package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// bench is one run of this program: its options, the two servers that most works
// share, and the results.
type bench struct {
	options
	servers []*server // floor and ayb, started for the first work that needs them
	loaded  []string  // tables that both have
	found   findings
}

// works returns all works by name; each adds its lines to the findings.
func works() map[string]func(*bench, context.Context) error {
	return map[string]func(*bench, context.Context) error{
		"read":   (*bench).read,
		"insert": (*bench).insert,
		"spread": (*bench).spread,
		"batch":  (*bench).batch,
		"stream": (*bench).stream,
		"ndjson": (*bench).ndjson,
		"noisy":  (*bench).noisy,
		"cold":   (*bench).coldStarts,
		"idle":   (*bench).idleDaemons,
		"hosted": (*bench).hostedDatabases, "pages": (*bench).pages,
		"large": (*bench).largeDatabase,
		"csv":   (*bench).csvImport,

		"background": (*bench).background,
		"abuse":      (*bench).abuse,
		"stop":       (*bench).stopping,
	}
}

// workNames returns the names of the works in the order of the output.
func workNames() []string {
	return append(queryWorks(), bulkWorks()...)
}

// queryWorks are the works about queries.
func queryWorks() []string {
	return []string{"read", "insert", "batch", "stream", "ndjson", "spread", "noisy", "cold", "idle", "hosted", "pages"}
}

// bulkWorks are the works about complete databases, attacks and stopped
// statements. They take long and need much disk or processor time, so they run
// only on request.
func bulkWorks() []string { return []string{"large", "csv", "background", "abuse", "stop"} }

// run measures all works, and prints and stores the results.
func run(ctx context.Context, o options, out io.Writer) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "ayb-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // in the directory for temporary files
		o.dir = dir
	}
	b := &bench{options: o}
	defer b.stop()
	err := b.measure(ctx)
	report(out, b.found) // also after an error
	if err == nil && o.keep != "" {
		err = writeFindings(o, b.found)
	}
	return err
}

// measure runs the works, and prints the current one.
func (b *bench) measure(ctx context.Context) error {
	for _, w := range b.works {
		fmt.Fprintln(os.Stderr, "measuring", w)
		if err := works()[w](b, ctx); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	return nil
}

func (b *bench) stop() {
	for _, s := range b.servers {
		s.stop()
	}
}

// startBoth returns the floor and ayb, each with the tables that a work needs.
func (b *bench) startBoth(ctx context.Context, tables ...string) ([2]*server, error) {
	if b.servers == nil {
		if err := b.start(ctx); err != nil {
			return [2]*server{}, err
		}
	}
	both := [2]*server(b.servers)
	for _, t := range tables {
		if slices.Contains(b.loaded, t) {
			continue
		}
		for _, s := range both {
			if err := s.load(ctx, t); err != nil {
				return both, fmt.Errorf("load %s with %s: %w", s.name, t, err)
			}
		}
		b.loaded = append(b.loaded, t)
	}
	return both, nil
}

func (b *bench) start(ctx context.Context) error {
	floor, err := startFloor(ctx, filepath.Join(b.dir, "floor"))
	if err != nil {
		return err
	}
	b.servers = []*server{floor}
	ayb, err := startAyb(ctx, aybConfig{program: b.ayb, dir: filepath.Join(b.dir, "ayb"), debug: b.debug})
	if err != nil {
		return err
	}
	b.servers = append(b.servers, ayb)
	return ayb.account(ctx)
}
