package front

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ayb-go/ayb/controlplane/front/body"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	// writeTimeout covers the time to send a body and to read a small answer.
	// Streamed and late answers extend it themselves.
	writeTimeout   = body.ReadTimeout + time.Minute
	maxHeaderBytes = 64 << 10
	// DrainTime is the longest time for requests in flight when the server stops.
	DrainTime = 10 * time.Second
)

// Serve answers requests from the listener until ctx ends. Then it waits for the
// requests in flight, at most DrainTime, and closes all connections and the
// listener. A clean stop returns nil.
func (f *Front) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      writeTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         trackIdle,
		ErrorLog:          slog.NewLogLogger(f.deps.Log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(newConnections(ln, f.cfg)) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTime)
	defer cancel()
	err := srv.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if serr := <-served; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}
