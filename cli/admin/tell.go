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
	atOnce = "Running servers have taken this up."
	soon   = "A running server takes this up within a minute."
)

// busPatience is how long a bus is waited for that is configured and may be
// down.
const busPatience = 3 * time.Second

// tell tells running control planes of the change, if there is a bus they can
// be told over, and says how soon it holds. They forget by themselves what is
// a minute old.
func (s *server) tell(ctx context.Context, changed []ayb.DatabasePath) string {
	if s.cfg.Bus.Address() == "" {
		return soon
	}
	env := process.Env{Config: s.cfg, Log: slog.New(slog.DiscardHandler)}
	conn, err := env.Connect(natsbus.ControlPlane)
	if err != nil {
		return soon
	}
	defer conn.Close()
	waiting, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	if conn.Connected(waiting) != nil {
		return soon
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
		return soon
	}
	return atOnce
}
