// Package natsbus implements package bus over NATS: an embedded server, and the
// connection of a role with calls and services (nats.go/micro), links, broadcasts,
// and JetStream work queues, leases, key-value stores and registries. No other
// package uses NATS, and this one knows no contract and no role's code.
//
// It is one package of many files because all of them are methods on one
// connection, or settings of the server at its other end.
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
	// StoreDir is the directory of the streams; it is created.
	StoreDir string
	// Credentials are required with Listen: each role is a user.
	Credentials Credentials
	// Certificate enables TLS for roles in other processes; nil is plain text.
	Certificate *Certificate
	// StoreBytes limits the streams on disk; 0 means DefaultStoreBytes. It does
	// not depend on the free space at the start.
	StoreBytes int64
}

// DefaultStoreBytes is far more than all streams need.
const DefaultStoreBytes = 1 << 30

// memoryBytes limits the streams in memory: leases and the state of watches.
const memoryBytes = 64 << 20

// Server is an embedded NATS server.
type Server struct {
	nats     *server.Server
	lock     *os.File // prevents another process from using the store
	tls      bool     // on the port
	reopener *storeReopener
	// inProcess holds the link endpoints of the roles in this process.
	inProcess inProcess
}

const startTimeout = 10 * time.Second

// StartServer starts an embedded server and waits until it accepts connections.
//
// It also starts when the store cannot be written to, for example because the disk
// is full. Calls that need the store then fail until it can be written to again.
func StartServer(cfg ServerConfig, log *slog.Logger) (*Server, error) {
	opts := &server.Options{
		ServerName: "ayb",
		DontListen: true,
		JetStream:  true,
		StoreDir:   cfg.StoreDir,
		SyncAlways: true, // an accepted mail survives a power failure
		// The defaults depend on the free space at the start.
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
	started.reopener.done.Go(started.reopener.watch)
	return started, nil
}

// lockStore creates and locks the directory of the store. Two servers in it would
// damage it, and deliver every job twice.
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

// URL is the address for other processes; empty without a port.
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

// Stop stops the server and waits until its files are closed.
func (s *Server) Stop() {
	if s.reopener != nil {
		s.reopener.close()
	}
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	_ = s.lock.Close() // this only releases the lock
}

// serverLog logs the lines of the server, its notices at the level debug. From
// their text it learns that the store could not be written to.
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
