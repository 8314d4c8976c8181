package admin

import (
	"context"
	"log/slog"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/invalidateapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/process"
)

const (
	noticeAtOnce       = "Running servers use the new limits now."
	noticeWithinMinute = "A running server uses the new limits within a minute."
)

// busTimeout limits the wait for a bus that is configured and may be down.
const busTimeout = 3 * time.Second

// notify announces the change to running control planes over the bus, if there
// is one, and returns a sentence that says when the change takes effect. Without
// the announcement a control plane notices it when its cached limits expire,
// after a minute.
func (s *server) notify(ctx context.Context, changed []ayb.DatabasePath) string {
	if s.cfg.Bus.Address() == "" {
		return noticeWithinMinute
	}
	env := process.Env{Config: s.cfg, Log: slog.New(slog.DiscardHandler)}
	conn, err := env.Connect(natsbus.ControlPlane)
	if err != nil {
		return noticeWithinMinute
	}
	defer conn.Close()
	connecting, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	if conn.Connected(connecting) != nil {
		return noticeWithinMinute
	}
	group := invalidateapi.Join(conn, func(invalidateapi.Notice) {}, env.Log)
	running, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = group.Run(running) // without it DatabasesChanged fails
	}()
	defer func() { stop(); <-stopped }()
	if group.DatabasesChanged(changed) != nil {
		return noticeWithinMinute
	}
	return noticeAtOnce
}
