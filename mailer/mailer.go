// Package mailer is the role that delivers mail: it takes jobs from the
// durable queue, renders them, and hands them to its backends, an SMTP relay
// and a file. It does not know why a mail is sent, and it never reads mail.
//
// A job leaves the queue only when every backend has taken the mail or has
// refused it for good. Which backends have taken it is remembered by the job's
// id, across restarts too, so that a second try goes only where the first one
// failed. DESIGN.md tells which moment remains in which a killed mailer leads
// to a second copy.
package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Config configures the mailer. SMTP, File or both are set; with both each
// mail goes both ways, SMTP first.
type Config struct {
	// From and ReplyTo are mailboxes such as `Name <a@b.example>`; empty means
	// ayb <noreply@localhost>, and From.
	From    string
	ReplyTo string
	// SMTP is the relay; nil for none.
	SMTP *SMTP
	// File is the path of the JSON-lines backend; empty for none.
	File string
	// StateDir is where deliveries are remembered; it is created. Required
	// with SMTP, and used by one mailer at a time.
	StateDir string
}

// SMTP is a relay. Port 465 speaks TLS from the first byte. Any other port
// must offer STARTTLS, except on the machine of the mailer itself.
type SMTP struct {
	Host string
	Port int
	// Username and Password log in; without a user name nobody logs in.
	Username string
	Password string
	// TLS is a base for the TLS configuration, such as other roots; nil means
	// the roots of the system. The server name is always Host.
	TLS *tls.Config
	// Timeout bounds making a connection and each answer of the relay.
	// Default 30 s.
	Timeout time.Duration
}

const (
	// defaultMailbox is the sender where none is configured.
	defaultMailbox = "ayb <noreply@localhost>"
	// relayWorkers is how many mails are on their way to a relay at once. A
	// file is written by one, so that its lines are in the queue's order.
	relayWorkers = 4
	// deliveryTimeout is how long one delivery may take in all.
	deliveryTimeout = 5 * time.Minute
	// stopGrace is how much longer a delivery that has begun may take when the
	// mailer is stopped: breaking off may mean a second copy.
	stopGrace = 5 * time.Second
	// defaultRetention is how long a delivery without an end is remembered.
	defaultRetention = 7 * 24 * time.Hour
)

// Deps are the mailer's collaborators. All are required.
type Deps struct {
	Queue   bus.Queue
	Notices mailapi.Notices
	Log     *slog.Logger
	Now     func() time.Time
}

// Mailer delivers mails. New checks; Run works; Close ends it.
type Mailer struct {
	cfg      Config
	deps     Deps
	backends []backend
	ledger   *ledger
}

var _ mailapi.Deliverer = (*Mailer)(nil)

// New opens the backends; no connection is made yet. The error says in a
// sentence what is wrong.
func New(cfg Config, deps Deps) (*Mailer, error) {
	if deps.Queue == nil || deps.Notices == nil || deps.Log == nil || deps.Now == nil {
		return nil, errors.New("mailer: a dependency is missing")
	}
	return open(cfg, deps)
}

func open(cfg Config, deps Deps) (*Mailer, error) {
	if cfg.From == "" {
		cfg.From = defaultMailbox
	}
	if cfg.ReplyTo == "" {
		cfg.ReplyTo = cfg.From
	}
	m := &Mailer{cfg: cfg, deps: deps}
	if cfg.SMTP == nil && cfg.File == "" {
		return nil, errors.New("mailer: neither a relay nor a mail file is configured")
	}
	if cfg.SMTP != nil {
		r, err := newRelay(cfg)
		if err != nil {
			return nil, err
		}
		m.backends = append(m.backends, r)
	}
	if cfg.File != "" {
		file, err := openMailFile(cfg.File)
		if err != nil {
			return nil, fmt.Errorf("email.file.path %s cannot be written: %w", cfg.File, err)
		}
		m.backends = append(m.backends, file)
	}
	dir := ""
	if cfg.SMTP != nil { // a file can be looked into, a relay cannot
		dir = cfg.StateDir
	}
	var err error
	m.ledger, err = openLedger(dir, deps.Now)
	return m, err
}

// Run delivers until ctx ends. Jobs that could not be delivered stay queued;
// a delivery that has begun is finished if that takes seconds.
func (m *Mailer) Run(ctx context.Context) error {
	workers := 1
	if m.cfg.SMTP != nil {
		workers = relayWorkers
	}
	m.deps.Log.Info("mailer works")
	var group errgroup.Group
	for range workers {
		group.Go(func() error {
			return mailapi.Serve(ctx, m.deps.Queue, m.deps.Notices, m, m.deps.Log)
		})
	}
	return group.Wait()
}

// Close ends idle connections and lets another mailer use the state
// directory. It is called after Run has returned.
func (m *Mailer) Close() error {
	for _, b := range m.backends {
		b.close()
	}
	return m.ledger.close()
}

// Deliver implements mailapi.Deliverer. It may be called concurrently.
func (m *Mailer) Deliver(ctx context.Context, job mailapi.Job) error {
	msg, err := m.render(job)
	if err != nil {
		return err
	}
	past, ok := m.ledger.claim(msg.id)
	if !ok {
		return errs.E(errs.Unavailable, "This mail is being delivered at this moment")
	}
	defer m.ledger.release(msg.id)
	expired := !job.ExpiresAt.IsZero() && m.deps.Now().After(job.ExpiresAt)
	ctx, cancel := withStopGrace(ctx)
	defer cancel()
	var failed []failure
	for _, b := range m.backends {
		err, settled := past[b.name()]
		switch {
		case settled:
		case expired:
			return errs.E(errs.Mail, "The mail waited longer than its token is valid and was dropped")
		default:
			err = m.deliverTo(ctx, b, msg, job.ExpiresAt)
		}
		if err != nil {
			failed = append(failed, failure{b.name(), err})
		}
	}
	return combineFailures(failed)
}

// deliverTo gives the mail to one backend and remembers what became of it.
func (m *Mailer) deliverTo(ctx context.Context, b backend, msg message, until time.Time) error {
	err := b.deliver(ctx, msg)
	if err != nil && !errs.Is(err, errs.Mail) {
		return err
	}
	if until.IsZero() {
		until = m.deps.Now().Add(defaultRetention)
	}
	if lerr := m.ledger.record(msg.id, b.name(), err, until); lerr != nil {
		// The mail has left. Only a restart now could send it once more.
		m.deps.Log.Error("delivery is remembered in memory only", "job", msg.id, "err", lerr)
	}
	return err
}

// withStopGrace is ctx with a limit of its own, and a little longer.
func withStopGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryTimeout)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	return longer, func() { stop(); cancel() }
}
