package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the options of the command line.
type options struct {
	ayb    string
	dir    string
	works  []string
	conns  []int
	rounds int
	length time.Duration
	warm   time.Duration
	debug  string
	keep   string
	cold   int
	idle   int
	hosted int
	size   int // in megabytes, like the next two
	csv    int
	beside int
	steps  []string
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
	works := f.String("works", strings.Join(queryWorks(), ","), "which works, with commas between; others, which take longer, are "+strings.Join(bulkWorks(), ", "))
	conns := f.String("conns", "1,32", "numbers of connections of read and insert, with commas between")
	f.IntVar(&o.rounds, "rounds", 5, "rounds of each server")
	f.DurationVar(&o.length, "time", 3*time.Second, "length of a round")
	f.DurationVar(&o.warm, "warm", time.Second, "length of the warm-up")
	f.IntVar(&o.cold, "cold", 120, "databases that are asked for the first time")
	f.IntVar(&o.idle, "idle", 24, "daemons whose memory is measured")
	f.IntVar(&o.hosted, "hosted", 10_000, "databases to host while none is active")
	f.IntVar(&o.size, "size", 2000, "megabytes of the database of the work large, which takes about eight times as much of the disk")
	f.IntVar(&o.csv, "csv", 1000, "megabytes of the file of the work csv")
	f.IntVar(&o.beside, "beside", 100, "megabytes of the database of the work background")
	steps := f.String("steps", strings.Join(largeSteps, ","), "what the work large does after its import, with commas between")
	f.StringVar(&o.debug, "debug", "", "loopback `HOST:PORT` at which ayb serves profiles while it is measured")
	f.StringVar(&o.keep, "json", "", "`FILE` to write the results to, for keeping")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.works, o.steps = strings.Split(*works, ","), strings.Split(*steps, ",")
	for c := range strings.SplitSeq(*conns, ",") {
		n, err := strconv.Atoi(c)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-conns: %q is not a number of connections", c)
		}
		o.conns = append(o.conns, n)
	}
	return o, o.check(f.NArg())
}

func (o options) check(more int) error {
	if o.rounds < 1 || o.length <= 0 || min(o.cold, o.idle, o.hosted, o.size, o.csv, o.beside) < 1 || more > 0 {
		return errors.New("-rounds, -time, -cold, -idle, -hosted, -size, -csv and -beside are above zero, and there are no other arguments")
	}
	for _, s := range o.steps {
		if !slices.Contains(largeSteps, s) {
			return fmt.Errorf("-steps: there is no step %q; there are %s", s, strings.Join(largeSteps, ", "))
		}
	}
	for _, w := range o.works {
		if works()[w] == nil {
			return fmt.Errorf("-works: there is no work %q; there are %s", w, strings.Join(workNames(), ", "))
		}
	}
	return nil
}
