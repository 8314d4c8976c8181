package natsbus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// ConnConfig configures a role's connection.
type ConnConfig struct {
	Role Role
	// Server connects in memory to an embedded server.
	Server *Server
	// URL connects over the network when Server is nil; tls:// with TLS only.
	URL string
	// Trust says which certificates to accept with TLS.
	Trust Trust
	// Credentials must contain the role's password if the bus has users.
	Credentials Credentials
}

// Conn is the connection of one role. It reconnects by itself. While it is down,
// every call fails with Unavailable at once. It is safe for concurrent use.
type Conn struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	role Role
	log  *slog.Logger
	// keepAlive configures the keep-alives of long calls.
	keepAlive keepAlive
	// inProcess holds the endpoints in the process of the server; nil when the
	// server is in another process.
	inProcess *inProcess
	// store is the state of the store; nil when the server is in another process.
	store *writable

	mu    sync.Mutex
	peers map[downer]struct{} // notified when the connection breaks
}

// downer is a link that must be notified of a broken connection.
type downer interface{ down(err error) }

var (
	_ bus.Requester = (*Conn)(nil)
	_ bus.Responder = (*Conn)(nil)
	_ bus.Dialer    = (*Conn)(nil)
)

// Connect connects a role. Over the network it retries in the background until the
// bus is there, since roles start in any order.
func Connect(cfg ConnConfig, log *slog.Logger) (*Conn, error) {
	c := &Conn{role: cfg.Role, log: log, peers: map[downer]struct{}{}, keepAlive: keepAlive{keepAliveInterval, keepAliveTimeout}}
	opts := []nats.Option{
		nats.Name("ayb-" + string(cfg.Role)),
		nats.CustomInboxPrefix(inbox(cfg.Role)),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.RetryOnFailedConnect(true),
		nats.IgnoreAuthErrorAbort(), // a password may be corrected, and a busy bus may be slow to request it
		nats.ReconnectBufSize(-1),   // calls fail at once instead of being sent late
		nats.PingInterval(5 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { c.closePeers() }),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("bus reconnected") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.asyncError(err) }),
	}
	if p := cfg.Credentials[cfg.Role]; p != "" {
		opts = append(opts, nats.UserInfo(string(cfg.Role), p))
	}
	url := cfg.URL
	if cfg.Server != nil {
		opts = append(opts, nats.InProcessServer(cfg.Server.nats))
		c.inProcess, c.store = &cfg.Server.inProcess, cfg.Server.reopener.log.writable
		url = ""
	}
	secure, err := cfg.Trust.options(url)
	if err != nil {
		return nil, err
	}
	opts = append(opts, secure...)
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to the bus: %w", err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("use the bus: %w", err)
	}
	c.nc, c.js = nc, js
	return c, nil
}

// Close flushes sent messages and closes the connection.
func (c *Conn) Close() {
	if c.nc.IsConnected() {
		_ = c.nc.FlushTimeout(time.Second) // a failure changes nothing at the end
	}
	c.nc.Close()
}

// Healthy returns nil while the bus is connected. The error is Unavailable.
func (c *Conn) Healthy() error {
	if c.nc.IsConnected() {
		return nil
	}
	return errs.E(errs.Unavailable, "The bus is not connected")
}

// StoreFull reports whether the disk of an embedded server in this process is full.
// The store recovers by itself. For another server it reports false.
func (c *Conn) StoreFull() bool { return c.store != nil && !c.store.yes() }

// Connected waits until the bus is connected or ctx ends.
func (c *Conn) Connected(ctx context.Context) error {
	for !c.nc.IsConnected() {
		select {
		case <-c.nc.StatusChanged(nats.CONNECTED):
		case <-time.After(100 * time.Millisecond): // a status change may fall between check and wait
		case <-ctx.Done():
			return errs.Wrap(errs.Unavailable, ctx.Err(), "The bus could not be reached")
		}
	}
	return nil
}

func (c *Conn) asyncError(err error) {
	c.log.Warn("bus error", "err", err)
	if errors.Is(err, nats.ErrSlowConsumer) {
		c.closePeers() // messages were dropped, so every open stream may be incomplete
	}
}

func (c *Conn) closePeers() {
	c.mu.Lock()
	peers := make([]downer, 0, len(c.peers))
	for p := range c.peers {
		peers = append(peers, p)
	}
	c.mu.Unlock()
	err := errs.E(errs.Unavailable, "The connection to the bus broke; check whether a change was made before you repeat it")
	for _, p := range peers {
		p.down(err)
	}
}

func (c *Conn) add(p downer) {
	c.mu.Lock()
	c.peers[p] = struct{}{}
	c.mu.Unlock()
}

func (c *Conn) remove(p downer) {
	c.mu.Lock()
	delete(c.peers, p)
	c.mu.Unlock()
}

// newInbox returns an address that cannot be guessed. The inboxes of the bus library
// can be guessed from one another, so a compromised query node could answer in the
// name of another one.
func (c *Conn) newInbox() string { return inbox(c.role) + "." + rand.Text() }

const timeoutHeader = "Ayb-Timeout-Ms"

// Request implements bus.Requester.
func (c *Conn) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	if len(data) > bus.MaxMessage {
		return nil, errs.E(errs.TooLarge, "A request between two parts of the server has %d bytes; the limit is %d", len(data), bus.MaxMessage)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, bus.DefaultTimeout)
		defer cancel()
	}
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline) - bus.Margin
	if left <= 0 {
		return nil, errs.E(errs.Timeout, "The deadline of this request passed before it was sent")
	}
	msg := nats.NewMsg(subject)
	msg.Data = data
	msg.Header.Set(timeoutHeader, strconv.FormatInt(left.Milliseconds(), 10))
	request := c.nc.RequestMsgWithContext
	if left > c.keepAlive.timeout {
		request = c.requestLong
	}
	resp, err := request(ctx, msg)
	if err != nil {
		return nil, requestError(err)
	}
	if resp.Header.Get(micro.ErrorHeader) != "" {
		return nil, errs.Unmarshal(resp.Data)
	}
	return resp.Data, nil
}

func requestError(err error) error {
	switch {
	case errs.Is(err, errs.Unavailable):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return errs.Wrap(errs.Timeout, err, "A part of the server did not answer in time")
	case errors.Is(err, context.Canceled):
		return errs.Wrap(errs.Canceled, err, "The request was canceled")
	case errors.Is(err, nats.ErrMaxPayload):
		return errs.Wrap(errs.TooLarge, err, "A request between two parts of the server is too large")
	}
	return errs.Wrap(errs.Unavailable, err, "The part of the server that should answer is not running; try again")
}
