// Package natsbus is the bus over NATS: it embeds a server when none is
// configured, connects roles to it, and gives them calls and services
// (nats.go/micro), links, JetStream work queues and a key-value board. It is
// the only package that knows NATS, and it knows no contract and no role.
package natsbus

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/ayb-go/ayb/shared/filelock"
)

// ServerConfig configures an embedded server.
type ServerConfig struct {
	// Listen is host:port for roles in other processes; empty opens no port.
	Listen string
	// StoreDir keeps the queues; it is created.
	StoreDir string
	// Credentials are required with Listen: each role gets its own user.
	Credentials Credentials
	// Certificate has roles in other processes talk TLS; nil is plain text.
	Certificate *Certificate
	// StoreBytes is how much the queues may take on disk; 0 means
	// DefaultStoreBytes. It does not depend on what is free at the start.
	StoreBytes int64
}

// DefaultStoreBytes is far more than mail, records and boards take.
const DefaultStoreBytes = 1 << 30

// memoryBytes bounds what is kept in memory: leases and the state of watches.
const memoryBytes = 64 << 20

// Server is an embedded NATS server.
type Server struct {
	nats     *server.Server
	lock     *os.File // keeps other processes off the store
	tls      bool     // on the port
	reopener *storeReopener
	// inProcess are the link endpoints of the roles in this process.
	inProcess inProcess
}

const startTimeout = 10 * time.Second

// StartServer starts an embedded server and waits until it takes connections.
//
// A store that cannot be written to, for want of room say, does not keep it from
// starting: what needs the store fails until it can be written to again, and
// then works without a restart.
func StartServer(cfg ServerConfig, log *slog.Logger) (*Server, error) {
	opts := &server.Options{
		ServerName: "ayb",
		DontListen: true,
		JetStream:  true,
		StoreDir:   cfg.StoreDir,
		SyncAlways: true, // an accepted mail survives a power cut
		// Without these the limits are what happens to be free at the start.
		JetStreamMaxStore:  cmp.Or(cfg.StoreBytes, DefaultStoreBytes),
		JetStreamMaxMemory: memoryBytes,
		NoSigs:             true,
		MaxPayload:         1 << 20,
		MaxPending:         256 << 20,
		NoSystemAccount:    true,
	}
	if cfg.Listen != "" {
		host, port, err := splitListen(cfg.Listen)
		if err != nil {
			return nil, err
		}
		opts.DontListen, opts.Host, opts.Port = false, host, port
		if opts.Users, err = users(cfg.Credentials); err != nil {
			return nil, err
		}
		if cfg.Certificate != nil {
			if opts.TLSConfig, err = cfg.Certificate.config(); err != nil {
				return nil, err
			}
			opts.TLSTimeout = startTimeout.Seconds()
		}
	}
	lock, err := lockStore(cfg.StoreDir)
	if err != nil {
		return nil, err
	}
	dropProbes(cfg.StoreDir)
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the embedded bus: %w", err), lock.Close())
	}
	lines := &serverLog{log: log, writable: newWritable()}
	s.SetLoggerV2(lines, false, false, false)
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		stopped := &Server{nats: s, lock: lock}
		stopped.Stop()
		return nil, fmt.Errorf("the embedded bus did not start within %s; is %q in use by another process?", startTimeout, cfg.Listen)
	}
	lines.writable.set(s.JetStreamEnabled())
	started := &Server{nats: s, lock: lock, tls: opts.TLSConfig != nil, reopener: &storeReopener{nats: s, log: lines, stop: make(chan struct{}), cfg: server.JetStreamConfig{
		StoreDir: cfg.StoreDir, SyncAlways: opts.SyncAlways, SyncInterval: opts.SyncInterval,
		MaxStore: opts.JetStreamMaxStore, MaxMemory: opts.JetStreamMaxMemory, Strict: !opts.NoJetStreamStrict,
	}}}
	started.reopener.done.Go(started.reopener.run)
	return started, nil
}

// lockStore makes the store's directory and keeps it for this process: two
// servers in it would each deliver every job, and damage it.
func lockStore(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("bus.store_dir %s cannot be used: %w", dir, err)
	}
	lock, err := filelock.Acquire(filepath.Join(dir, "bus.lock"))
	if errors.Is(err, filelock.ErrHeld) {
		return nil, fmt.Errorf("bus.store_dir %s is used by another server; stop that one, or give this one a directory of its own", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("bus.store_dir %s cannot be used: %w", dir, err)
	}
	return lock, nil
}

func splitListen(listen string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("bus.listen %q is not host:port", listen)
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("bus.listen %q has no usable port", listen)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// URL is where other processes connect; empty when no port is open.
func (s *Server) URL() string {
	a := s.nats.Addr()
	if a == nil {
		return ""
	}
	if s.tls {
		return "tls://" + a.String()
	}
	return "nats://" + a.String()
}

// Stop ends the server and waits until its files are closed.
func (s *Server) Stop() {
	if s.reopener != nil {
		s.reopener.close()
	}
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	_ = s.lock.Close() // it frees a lock only
}

// serverLog passes the server's own log lines on: its notices are debug
// lines of ours. It notes when a store could not be written to.
type serverLog struct {
	log      *slog.Logger
	writable *writable
	failures atomic.Int64
}

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug("bus: " + line(format, v)) }   //nolint:sloglint // the text is the server's
func (l *serverLog) Warnf(format string, v ...any)   { l.log.Warn("bus: " + l.note(format, v)) }  //nolint:sloglint // the text is the server's
func (l *serverLog) Fatalf(format string, v ...any)  { l.log.Error("bus: " + l.note(format, v)) } //nolint:sloglint // the text is the server's
func (l *serverLog) Errorf(format string, v ...any)  { l.log.Error("bus: " + l.note(format, v)) } //nolint:sloglint // the text is the server's
func (l *serverLog) Debugf(string, ...any)           {}
func (l *serverLog) Tracef(string, ...any)           {}

func (l *serverLog) note(format string, v []any) string {
	text := line(format, v)
	if unwritable(text) {
		l.failures.Add(1)
		l.writable.set(false)
	}
	return text
}

func line(format string, v []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, v...))
}
