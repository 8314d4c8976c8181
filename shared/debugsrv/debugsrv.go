// Package debugsrv serves profiles (pprof) and counters (expvar) of the running
// process to users of the same machine. It listens on a loopback address. It also
// checks the Host header, so that a web page cannot read the answers through a
// host name that resolves to this machine.
package debugsrv

import (
	"context"
	"errors"
	"expvar"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// Config is the configuration of a Server.
type Config struct {
	// Listen is HOST:PORT with a loopback host.
	Listen string
}

// Deps are the dependencies of a Server.
type Deps struct {
	Log *slog.Logger
}

// Server serves the profiles of its process.
type Server struct {
	listener net.Listener
	log      *slog.Logger
}

// New opens the listener; Run serves. The error is errs.Invalid for an address
// that other machines could reach, and Unavailable when it cannot be bound.
func New(ctx context.Context, cfg Config, deps Deps) (*Server, error) {
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The debug address must be HOST:PORT")
	}
	if !loopback(host) {
		return nil, errs.E(errs.Invalid, "The debug address %s is not a loopback address", cfg.Listen)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The debug address %s cannot be bound", cfg.Listen)
	}
	// A name such as localhost may resolve to any address: check the bound one.
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, errors.Join(errs.E(errs.Invalid, "The debug address %s is not a loopback address", cfg.Listen), l.Close())
	}
	return &Server{listener: l, log: deps.Log}, nil
}

// Addr returns the address of the listener, HOST:PORT.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends. Then it closes all connections at once, also those
// with a running profile, and returns nil.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() {
		if err := server.Close(); err != nil {
			s.log.Warn("could not close the debug server", "err", err)
		}
	})
	defer stop()
	s.log.Info("debug server started", "addr", s.Addr())
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return errs.Wrap(errs.Internal, err, "The debug server failed")
	}
	return nil
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /debug/vars", expvar.Handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !loopback(strings.Trim(host, "[]")) {
			http.Error(w, "use a loopback address", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
