// Package mailer is the role that delivers mail. It reads jobs from the durable
// queue, renders them, and passes them to its backends: an SMTP relay and a
// file. It does not know why a mail is sent, and it receives no mail.
//
// A job leaves the queue when every backend has accepted the mail or has finally
// refused it. The ledger records by job which backends have accepted it, also
// across restarts, so that a second try uses only the backends that have failed.
// DESIGN.md lists the two cases in which a recipient can get a second copy.
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

// Config is the configuration of the mailer. SMTP, File or both are set. With
// both, each mail goes to SMTP first and then to the file.
type Config struct {
	// From and ReplyTo are mailboxes such as `Name <a@b.example>`; empty means
	// ayb <noreply@localhost>, and From.
	From    string
	ReplyTo string
	// SMTP is the relay; nil for none.
	SMTP *SMTP
	// File is the path of the mail file; empty for none.
	File string
	// StateDir is the directory of the ledger; it is created. It is required
	// with SMTP, and only one mailer at a time may use it.
	StateDir string
}

// SMTP is a relay. Port 465 uses TLS from the first byte. Any other port must
// offer STARTTLS, except on the machine of the mailer itself.
type SMTP struct {
	Host string
	Port int
	// Username and Password log in to the relay. Without a user name the mailer
	// does not log in.
	Username string
	Password string
	// TLS is the base of the TLS configuration, with other root certificates
	// for example. nil means the defaults of the system. The server name is
	// always Host.
	TLS *tls.Config
	// Timeout limits the connection set-up and each answer of the relay.
	// Default 30 s.
	Timeout time.Duration
}

const (
	// defaultMailbox is the default sender.
	defaultMailbox = "ayb <noreply@localhost>"
	// relayWorkers is the number of concurrent deliveries to a relay. Without a
	// relay there is one worker, so that the file has the order of the queue.
	relayWorkers = 4
	// deliveryTimeout limits one delivery to all backends.
	deliveryTimeout = 5 * time.Minute
	// stopGrace is the time that a running delivery has when the mailer stops. A
	// canceled delivery can lead to a second copy.
	stopGrace = 5 * time.Second
	// defaultRetention is how long the ledger keeps a mail without expiry.
	defaultRetention = 7 * 24 * time.Hour
)

// Deps are the dependencies of the mailer. All are required.
type Deps struct {
	Queue   bus.Queue
	Notices mailapi.Notices
	Log     *slog.Logger
	Now     func() time.Time
}

// Mailer delivers mails. Run works until its context ends; Close comes after.
type Mailer struct {
	cfg      Config
	deps     Deps
	backends []backend
	ledger   *ledger
}

var _ mailapi.Deliverer = (*Mailer)(nil)

// New opens the backends without connecting to the relay. The error is a sentence
// for the operator.
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
	if cfg.SMTP != nil { // for the file alone, its own tail is enough
		dir = cfg.StateDir
	}
	var err error
	m.ledger, err = openLedger(dir, deps.Now)
	return m, err
}

// Run delivers mails until ctx ends. Jobs that could not be delivered stay in the
// queue. A running delivery gets five more seconds.
func (m *Mailer) Run(ctx context.Context) error {
	workers := 1
	if m.cfg.SMTP != nil {
		workers = relayWorkers
	}
	m.deps.Log.Info("mailer started")
	var group errgroup.Group
	for range workers {
		group.Go(func() error {
			return mailapi.Serve(ctx, m.deps.Queue, m.deps.Notices, m, m.deps.Log)
		})
	}
	return group.Wait()
}

// Close closes idle connections and unlocks the state directory. It must be called
// after Run has returned.
func (m *Mailer) Close() error {
	for _, b := range m.backends {
		b.close()
	}
	return m.ledger.close()
}

// Deliver delivers one job; it implements mailapi.Deliverer. It may be called
// concurrently. An error with the code Mail is final; after any other error the
// job has to be tried again.
func (m *Mailer) Deliver(ctx context.Context, job mailapi.Job) error {
	msg, err := m.render(job)
	if err != nil {
		return err
	}
	past, ok := m.ledger.claim(msg.id)
	if !ok {
		return errs.E(errs.Unavailable, "This mail is being delivered already")
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
			return errs.E(errs.Mail, "The mail was dropped because its token has expired")
		default:
			err = m.deliverTo(ctx, b, msg, job.ExpiresAt)
		}
		if err != nil {
			failed = append(failed, failure{b.name(), err})
		}
	}
	return combineFailures(failed)
}

// deliverTo delivers the mail to one backend and records a final outcome.
func (m *Mailer) deliverTo(ctx context.Context, b backend, msg message, until time.Time) error {
	err := b.deliver(ctx, msg)
	if err != nil && !errs.Is(err, errs.Mail) {
		return err
	}
	if until.IsZero() {
		until = m.deps.Now().Add(defaultRetention)
	}
	if lerr := m.ledger.record(msg.id, b.name(), err, until); lerr != nil {
		// The mail is delivered. A restart could deliver it a second time.
		m.deps.Log.Error("could not record a delivery on disk", "job", msg.id, "err", lerr)
	}
	return err
}

// withStopGrace returns a context that ends stopGrace after ctx, and at the latest
// after deliveryTimeout.
func withStopGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryTimeout)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	return longer, func() { stop(); cancel() }
}
