// Package pgtest runs a real PostgreSQL server for tests, in a directory of its
// own, on a free port, as an unprivileged user. It starts, stops and crashes the
// server, and creates a database for each test. On a machine without PostgreSQL
// the test fails; tests/setup.sh installs it.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/ayb-go/ayb/shared/porttest"
)

// timeout limits starting and stopping, which take long on a busy machine.
const timeout = 60 * time.Second

// Server is a PostgreSQL server. Its methods may be called concurrently, except
// those that start and stop it.
type Server struct {
	dir       string // holds all its files; owned by the server's user
	bin       string
	port      int
	databases atomic.Int64
	// guard stops the server and removes its directory when its input is closed, by
	// remove or by the end of this process.
	guard      *exec.Cmd
	guardInput io.Closer
	done       chan struct{} // closed when the running server has ended
	proc       *os.Process
}

var shared = sync.OnceValues(start)

// Shared returns the server that all tests of the process share. The first of them
// starts it, and it stops with the process.
func Shared(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Start starts a server for one test and removes it after the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Database creates an empty database for one test and returns its URL. It is
// dropped after the test.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	if err := s.exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.ended() {
			return
		}
		if err := s.exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.url(name)
}

// Kill ends the server at once, as a crash does. It kills the processes of its
// connections too, which would go on for a moment without it.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	children, err := killChildren(s.proc.Pid)
	if err != nil {
		t.Fatal(err)
	}
	s.stop(t, syscall.SIGKILL)
	deadline := time.After(timeout)
	for _, pid := range children {
		for isRunning(pid) {
			select {
			case <-time.After(time.Millisecond):
			case <-deadline:
				t.Fatal("a process of the PostgreSQL server did not end")
			}
		}
	}
}

// Stop stops the server in an orderly way, without waiting for its clients.
func (s *Server) Stop(t testing.TB) { s.stop(t, syscall.SIGINT) }

// Restart starts a stopped server again, on the same port.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if !s.ended() {
		t.Fatal("the PostgreSQL server still runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if err := s.startAndWait(ctx); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) stop(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.proc.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.done:
	case <-time.After(timeout):
		t.Fatal("the PostgreSQL server did not stop")
	}
}

func (s *Server) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgresql://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

func (s *Server) exec(ctx context.Context, stmt string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, stmt)
	return errors.Join(err, db.Close())
}

// start creates and starts a server.
func start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ayb-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.create(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.startGuard(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	for range 5 { // another process may take the port first
		if s.port, err = porttest.FreePort(); err != nil {
			break
		}
		if err = s.startAndWait(ctx); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, s.remove())
}

// binaries returns the directory of the newest server programs: where Debian has
// them, else on the path.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", errors.New("PostgreSQL is not installed; tests/setup.sh installs it")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) create(ctx context.Context) error {
	if err := chownToServerUser(s.dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"),
		"-D", s.data(), "-U", "postgres", "--auth=trust", "--no-locale", "-E", "UTF8", "--no-sync")
	cmd.SysProcAttr, cmd.Dir = unprivileged(), s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// startAndWait starts the server process and waits until it answers.
func (s *Server) startAndWait(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	for {
		if err := s.startProcess(log); err != nil {
			return err
		}
		up, err := s.waitUntilReady(ctx)
		if up || err != nil {
			return err
		}
		// It ended by itself. After a crash it does so while children of the
		// previous server still run; then it is started again.
		text, _ := os.ReadFile(log.Name()) // an empty log is in the error as well
		if !previousServerAlive(text) {
			return fmt.Errorf("the PostgreSQL server did not start:\n%s", text)
		}
		if err := os.Truncate(log.Name(), 0); err != nil {
			return err
		}
	}
}

func (s *Server) startProcess(log *os.File) error {
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", fmt.Sprint(s.port), //nolint:noctx // stopped by signals
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
		"-c", "max_connections=200", "-c", "shared_buffers=32MB")
	cmd.SysProcAttr, cmd.Dir = unprivileged(), s.dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("could not start PostgreSQL: %w", err)
	}
	done := make(chan struct{})
	s.proc, s.done = cmd.Process, done
	go func() {
		defer close(done)
		_ = cmd.Wait() // the log says how it ended
	}()
	return nil
}

// waitUntilReady waits until the server answers. It returns false if the server has
// ended.
func (s *Server) waitUntilReady(ctx context.Context) (bool, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if s.exec(ctx, "SELECT 1") == nil {
			return true, nil
		}
		select {
		case <-s.done:
			return false, nil
		case <-ctx.Done():
			return false, fmt.Errorf("the PostgreSQL server did not answer: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
