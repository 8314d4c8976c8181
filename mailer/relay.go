package mailer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"sync"
	"time"
)

// relay is the SMTP backend. It keeps a connection open for some seconds after a
// mail, because a new connection with TLS and log-in takes longer than the mail.
type relay struct {
	cfg  SMTP
	from string // the sender of the envelope
	tls  *tls.Config
	// dial is replaced by tests.
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu   sync.Mutex
	idle []*connection
}

var _ backend = (*relay)(nil)

const (
	relayTimeout = 30 * time.Second
	// relayIdle is how long an idle connection stays open. Relays wait longer.
	relayIdle = 5 * time.Second
	// tlsPort uses TLS from the first byte.
	tlsPort = 465
)

func newRelay(cfg Config) (*relay, error) {
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("email.smtp.from is not a mailbox such as \"Name <name@example.org>\": %w", err)
	}
	if _, err := mail.ParseAddress(cfg.ReplyTo); err != nil {
		return nil, fmt.Errorf("email.smtp.reply_to is not a mailbox such as \"Name <name@example.org>\": %w", err)
	}
	if cfg.SMTP.Host == "" || cfg.SMTP.Port < 1 || cfg.SMTP.Port > 65535 {
		return nil, errors.New("email.smtp needs smtp_host and an smtp_port of 1 to 65535")
	}
	if cfg.StateDir == "" {
		return nil, errors.New("mailer: a relay needs a state directory")
	}
	r := &relay{cfg: *cfg.SMTP, from: from.Address, tls: cfg.SMTP.TLS.Clone(), dial: (&net.Dialer{}).DialContext}
	r.cfg.Timeout = cmp.Or(r.cfg.Timeout, relayTimeout)
	if r.tls == nil {
		r.tls = &tls.Config{}
	}
	r.tls.ServerName = r.cfg.Host
	r.tls.MinVersion = max(r.tls.MinVersion, tls.VersionTLS12)
	return r, nil
}

func (r *relay) name() string { return "SMTP" }

// deliver implements backend. When the last answer of the relay is lost, the relay
// may have accepted the mail. The mail is then sent again with the same
// Message-ID.
func (r *relay) deliver(ctx context.Context, m message) error {
	text, err := m.mime()
	if err != nil {
		return err
	}
	for {
		s := r.takeIdle()
		reused := s != nil
		if !reused {
			if s, err = r.connect(ctx); err != nil {
				return err
			}
		}
		err := s.send(ctx, r.cfg.Timeout, r.from, m.To, text)
		if err == nil {
			r.keepIdle(s)
			return nil
		}
		s.close()
		var f *stepError
		if reused && errors.As(err, &f) && f.step == stepSender {
			continue // the relay has closed the idle connection
		}
		return classify(err, m.To)
	}
}

// takeIdle removes and returns an idle connection, or nil.
func (r *relay) takeIdle() *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.idle) == 0 {
		return nil
	}
	s := r.idle[len(r.idle)-1]
	r.idle = r.idle[:len(r.idle)-1]
	s.expiry.Stop() // if the timer has fired, closeIdle does not find the connection
	return s
}

// keepIdle keeps a connection for the next mail.
func (r *relay) keepIdle(s *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.expiry = time.AfterFunc(relayIdle, func() { r.closeIdle(s) })
	r.idle = append(r.idle, s)
}

// closeIdle closes a connection if it is still idle.
func (r *relay) closeIdle(s *connection) {
	r.mu.Lock()
	found := false
	for i, other := range r.idle {
		if other == s {
			r.idle = append(r.idle[:i], r.idle[i+1:]...)
			found = true
			break
		}
	}
	r.mu.Unlock()
	if found {
		s.close()
	}
}

// close closes all idle connections.
func (r *relay) close() {
	for s := r.takeIdle(); s != nil; s = r.takeIdle() {
		s.close()
	}
}
