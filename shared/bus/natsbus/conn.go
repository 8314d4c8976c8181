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
	// Trust is about TLS.
	Trust Trust
	// Credentials must hold the role's password when the bus asks for one.
	Credentials Credentials
}

// Conn is one role's connection. It reconnects by itself; while it is down
// every call fails at once with Unavailable. It implements bus.Requester,
// bus.Responder and bus.Dialer, and is safe for concurrent use.
type Conn struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	role Role
	log  *slog.Logger
	// keepAlive are those of long calls.
	keepAlive keepAlive
	// inProcess are the endpoints in this process; nil when the server is not.
	inProcess *inProcess
	// store is that of the server in this process; nil when it is not.
	store *writable

	mu    sync.Mutex
	peers map[downer]struct{} // told when the connection breaks
}

// downer is a link that must hear of a broken connection.
type downer interface{ down(err error) }

var (
	_ bus.Requester = (*Conn)(nil)
	_ bus.Responder = (*Conn)(nil)
	_ bus.Dialer    = (*Conn)(nil)
)

// Connect connects a role. Over the network it keeps trying in the
// background when the bus is not there yet: roles start in any order.
func Connect(cfg ConnConfig, log *slog.Logger) (*Conn, error) {
	c := &Conn{role: cfg.Role, log: log, peers: map[downer]struct{}{}, keepAlive: keepAlive{keepAliveInterval, keepAliveTimeout}}
	opts := []nats.Option{
		nats.Name("ayb-" + string(cfg.Role)),
		nats.CustomInboxPrefix(inbox(cfg.Role)),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.RetryOnFailedConnect(true),
		nats.IgnoreAuthErrorAbort(), // a password may be mended, and a busy bus may be slow to ask for it
		nats.ReconnectBufSize(-1),   // fail fast instead of sending stale requests later
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

// Close ends the connection; what was sent before is flushed first.
func (c *Conn) Close() {
	if c.nc.IsConnected() {
		_ = c.nc.FlushTimeout(time.Second) // on the way out there is nobody to tell
	}
	c.nc.Close()
}

// Healthy tells whether the bus is connected. The error is Unavailable.
func (c *Conn) Healthy() error {
	if c.nc.IsConnected() {
		return nil
	}
	return errs.E(errs.Unavailable, "The bus is not connected")
}

// StoreFull tells whether the bus, when its server is in this process, has no room on
// its disk for what it keeps. It works again by itself when there is.
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
	c.log.Warn("bus trouble", "err", err)
	if errors.Is(err, nats.ErrSlowConsumer) {
		c.closePeers() // messages were dropped, so no open stream can be trusted
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

// newInbox makes an address that only those know who are told. The bus
// library's own can be guessed from one another, and a query node that is
// taken over could answer in the name of another.
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
		return nil, errs.E(errs.Timeout, "The time for this request was over before it could be sent")
	}
	msg := nats.NewMsg(subject)
	msg.Data = data
	msg.Header.Set(timeoutHeader, strconv.FormatInt(left.Milliseconds(), 10))
	request := c.nc.RequestMsgWithContext
	if left > c.keepAlive.patience {
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
		return errs.Wrap(errs.Canceled, err, "The request was given up")
	case errors.Is(err, nats.ErrMaxPayload):
		return errs.Wrap(errs.TooLarge, err, "A request between two parts of the server is too large")
	}
	return errs.Wrap(errs.Unavailable, err, "The part of the server that should answer is not running; try again")
}
