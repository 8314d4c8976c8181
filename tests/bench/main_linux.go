package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are what the command line decides.
type options struct {
	ayb    string
	dir    string
	works  []string
	conns  []int
	rounds int
	length time.Duration
	warm   time.Duration
	debug  string
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == floorCommand {
		exit(serveFloor(os.Args[2]))
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = run(ctx, o, os.Stdout)
		stop()
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.ayb, "ayb", "bin/ayb", "the ayb `PROGRAM` to measure")
	f.StringVar(&o.dir, "dir", "", "`DIRECTORY` for the databases; its disk is what inserts wait for (default: a temporary one)")
	works := f.String("works", "read,insert,stream", "which works, with commas between")
	conns := f.String("conns", "1,32", "numbers of connections, with commas between")
	f.IntVar(&o.rounds, "rounds", 5, "rounds of each server")
	f.DurationVar(&o.length, "time", 3*time.Second, "length of a round")
	f.DurationVar(&o.warm, "warm", time.Second, "length of the warm-up")
	f.StringVar(&o.debug, "debug", "", "loopback `HOST:PORT` at which ayb serves profiles while it is measured")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.works = strings.Split(*works, ",")
	for c := range strings.SplitSeq(*conns, ",") {
		n, err := strconv.Atoi(c)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-conns: %q is not a number of connections", c)
		}
		o.conns = append(o.conns, n)
	}
	if o.rounds < 1 || o.length <= 0 || f.NArg() > 0 {
		return o, errors.New("-rounds and -time are above zero, and there are no other arguments")
	}
	for _, w := range o.works {
		if w != "stream" && repeated[w].text == nil {
			return o, fmt.Errorf("-works: there is no work %q; there are read, insert and stream", w)
		}
	}
	return o, nil
}

// run starts both servers, measures all works and prints the tables.
func run(ctx context.Context, o options, out io.Writer) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "ayb-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // in the place for things that may stay
		o.dir = dir
	}
	floor, err := startFloor(ctx, filepath.Join(o.dir, "floor"))
	if err != nil {
		return err
	}
	defer floor.stop()
	ayb, err := startAyb(ctx, o.ayb, filepath.Join(o.dir, "ayb"), o.debug)
	if err != nil {
		return err
	}
	defer ayb.stop()
	both := [2]*server{floor, ayb}
	for _, s := range both {
		if err := s.load(ctx); err != nil {
			return fmt.Errorf("load %s: %w", s.name, err)
		}
	}
	return measure(ctx, o, both, out)
}

// measure goes through the works.
func measure(ctx context.Context, o options, both [2]*server, out io.Writer) error {
	var results []pair
	var stream *streamPair
	for _, w := range o.works {
		if w == "stream" {
			p, err := compareStreams(ctx, o, both)
			if err != nil {
				return fmt.Errorf("stream: %w", err)
			}
			stream = &p
			continue
		}
		for _, n := range o.conns {
			p, err := compare(ctx, o, both, repeated[w], n)
			if err != nil {
				return fmt.Errorf("%s with %d connections: %w", w, n, err)
			}
			results = append(results, p)
		}
	}
	report(out, results, stream)
	return nil
}
