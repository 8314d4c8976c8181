package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// bench is one run of this program: what it was asked for, the two servers
// that most works share, and what came out.
type bench struct {
	options
	servers []*server // floor and ayb, once a work needs them
	loaded  []string  // what both hold
	found   findings
}

// works are what can be measured, by name; each adds its lines to the findings.
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
		"hosted": (*bench).hostedDatabases,
		"large":  (*bench).largeDatabase,
		"csv":    (*bench).csvImport,

		"background": (*bench).background,
		"abuse":      (*bench).abuse,
		"stop":       (*bench).stopping,
	}
}

// workNames are the names in the order in which the works are named.
func workNames() []string {
	return append(queryWorks(), bulkWorks()...)
}

// queryWorks are about queries.
func queryWorks() []string {
	return []string{"read", "insert", "batch", "stream", "ndjson", "spread", "noisy", "cold", "idle", "hosted"}
}

// bulkWorks are about whole databases, attacks, and statements that are stopped. They take long, and much
// of the disk or of the machine, and so are done only when they are asked for.
func bulkWorks() []string { return []string{"large", "csv", "background", "abuse", "stop"} }

// run measures all works, and prints and keeps the results.
func run(ctx context.Context, o options, out io.Writer) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "ayb-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // in the place for things that may stay
		o.dir = dir
	}
	b := &bench{options: o}
	defer b.stop()
	err := b.measure(ctx)
	report(out, b.found) // what came before an error too
	if err == nil && o.keep != "" {
		err = keep(o, b.found)
	}
	return err
}

// measure goes through the works, and says which one is on.
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

// both are the floor and ayb, each with the tables that a work names.
func (b *bench) both(ctx context.Context, tables ...string) ([2]*server, error) {
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
