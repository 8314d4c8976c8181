package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// footprint is the use of resources of a server, of all its processes together.
type footprint struct {
	processes, descriptors, goroutines int
	memory                             int64
}

const (
	// hostedAccounts own the databases, in equal parts.
	hostedAccounts = 20
	// creators is how many databases are created at the same time.
	creators = 16
)

// hostedDatabases measures the cost of many unused databases: after their
// creation, and again after a restart. A resource that exists once per database
// would show.
func (b *bench) hostedDatabases(ctx context.Context) error {
	debug, err := freeAddress()
	if err != nil {
		return err
	}
	c := aybConfig{program: b.ayb, dir: filepath.Join(b.dir, "hosted"), debug: debug, env: []string{
		"AYB__LIMITS__RATE_PER_MINUTE=0", "AYB__LIMITS__DATABASES_PER_ACCOUNT=0",
	}}
	s, err := startAyb(ctx, c)
	if err != nil {
		return err
	}
	defer func() { s.stop() }() // s is the last one started
	before, err := s.footprint(ctx, debug)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := s.host(ctx, b.hosted); err != nil {
		return err
	}
	took := time.Since(begin)
	created, err := s.footprint(ctx, debug)
	if err != nil {
		return err
	}
	s.stop()
	if s, err = startAyb(ctx, c); err != nil {
		return err
	}
	started, err := s.footprint(ctx, debug)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d databases, none active: ", b.hosted)
	b.found.add(nil, line{Measure: what + "time to create them", Unit: " s", Ayb: took.Seconds()})
	b.found.add(nil, created.lines(what, before, b.hosted)...)
	b.found.add(nil, started.lines(what+"after a restart, ", before, b.hosted)...)
	return nil
}

// lines compares with the footprint of the same server without databases. The
// work itself may add a hundredth of a unit per database.
func (f footprint) lines(what string, before footprint, n int) []line {
	more := func(name string, was, is int) line {
		l := line{Measure: fmt.Sprintf("%s%s (%d) per database", what, name, is), Ayb: max(float64(is-was), 0) / float64(n)}
		return l.atMost(0.01)
	}
	return []line{
		more("more processes", before.processes, f.processes),
		more("more descriptors", before.descriptors, f.descriptors),
		more("more goroutines", before.goroutines, f.goroutines),
		line{Measure: fmt.Sprintf("%smemory in all (%.0f MB without them)", what, float64(before.memory)/1e6), Unit: " MB", Ayb: float64(f.memory) / 1e6}.atMost(300),
	}
}

// host creates n databases through the API.
func (s *server) host(ctx context.Context, n int) error {
	defer s.client.CloseIdleConnections() // each is also a descriptor of the server
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(creators)
	var owners [hostedAccounts]*httpapi.Client
	for i := range owners {
		token, err := s.register(ctx, ownerName(i))
		if err != nil {
			return fmt.Errorf("make an account: %w", err)
		}
		if owners[i], err = s.api(token); err != nil {
			return err
		}
	}
	for i := range n {
		g.Go(func() error {
			owner := i % hostedAccounts
			_, err := owners[owner].CreateDatabase(ctx, ownerName(owner), fmt.Sprintf("hosted%d.sqlite", i), httpapi.CreateDatabaseRequest{DBType: "sqlite"})
			return err
		})
	}
	return g.Wait()
}

func ownerName(i int) string { return fmt.Sprintf("owner%d", i) }

// footprint measures when descriptors and goroutines are constant: closed
// connections end a little later.
func (s *server) footprint(ctx context.Context, debug string) (f footprint, err error) {
	err = settled(ctx, func() (string, error) {
		f = footprint{}
		for _, pids := range s.processes() {
			for _, pid := range pids {
				fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
				if err != nil {
					return "", err
				}
				f.processes++
				f.descriptors += len(fds)
			}
		}
		if f.goroutines, err = s.goroutines(ctx, debug); err != nil {
			return "", err
		}
		return fmt.Sprint(f), nil
	})
	for _, n := range s.memory() {
		f.memory += n
	}
	return f, err
}

// goroutines asks the debug port for the number of goroutines.
func (s *server) goroutines(ctx context.Context, debug string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+debug+"/debug/pprof/goroutine?debug=1", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	n, err := strconv.Atoi(strings.TrimPrefix(first, "goroutine profile: total "))
	if err != nil {
		return 0, fmt.Errorf("the debug port answers %q", first)
	}
	return n, nil
}

// freeAddress returns a free address on loopback.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
