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
	noticeAtOnce       = "Running servers have taken this up."
	noticeWithinMinute = "A running server takes this up within a minute."
)

// busTimeout is how long a bus is waited for that is configured and may be
// down.
const busTimeout = 3 * time.Second

// notify tells running control planes of the change, if there is a bus they can
// be told over, and says how soon it holds. They forget by themselves what is
// a minute old.
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
	waiting, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	if conn.Connected(waiting) != nil {
		return noticeWithinMinute
	}
	group := invalidateapi.Join(conn, func(invalidateapi.Notice) {}, env.Log)
	taking, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = group.Run(taking) // Tell sees that nobody is heard
	}()
	defer func() { leave(); <-left }()
	if group.DatabasesChanged(changed) != nil {
		return noticeWithinMinute
	}
	return noticeAtOnce
}
