// Package bustest starts a real embedded bus for a test.
package bustest

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
)

// Start starts a bus without a port and stops it with t.
func Start(t testing.TB) *natsbus.Server {
	t.Helper()
	return StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir()})
}

// StartConfig starts a bus with a configuration and stops it with t. Its streams
// exist.
func StartConfig(t testing.TB, cfg natsbus.ServerConfig) *natsbus.Server {
	t.Helper()
	s, err := natsbus.StartServer(cfg, Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	c := Connect(t, natsbus.ConnConfig{Role: natsbus.ControlPlane, Server: s, Credentials: cfg.Credentials})
	ensure := func(ctx context.Context) error {
		return errors.Join(c.MailQueue(mailapi.Subject).Ensure(ctx), c.NodeRegistry().Ensure(ctx),
			c.SnapshotQueue().Ensure(ctx), c.SnapshotLease().Ensure(ctx), c.SnapshotRecords().Ensure(ctx))
	}
	if err := ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.OnReopened(func() { // as the program does
		if err := ensure(context.Background()); err != nil {
			t.Errorf("after the store was opened again: %v", err)
		}
	})
	return s
}

// Role connects a role in memory and closes the connection with t.
func Role(t testing.TB, s *natsbus.Server, r natsbus.Role) *natsbus.Conn {
	t.Helper()
	return Connect(t, natsbus.ConnConfig{Role: r, Server: s})
}

// Connect connects with a configuration and closes the connection with t.
func Connect(t testing.TB, cfg natsbus.ConnConfig) *natsbus.Conn {
	t.Helper()
	c, err := natsbus.Connect(cfg, Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Log writes to the test's log.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Until waits until a condition is true, and fails after a while.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still waiting for: %s", what)
		}
	}
}
