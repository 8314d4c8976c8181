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

// relay is the SMTP backend. A connection that has carried a mail waits a
// moment for the next one (pitfall P14).
type relay struct {
	cfg  SMTP
	from string // the envelope's sender
	tls  *tls.Config
	// dial is what a test replaces.
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu   sync.Mutex
	idle []*connection
}

var _ backend = (*relay)(nil)

const (
	relayTimeout = 30 * time.Second
	// relayIdle is how long a connection waits; relays end theirs later.
	relayIdle = 5 * time.Second
	// tlsPort speaks TLS from the first byte.
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

// deliver implements backend. A mail whose last answer does not arrive may
// have been taken; it is tried again and says who it is by its Message-ID.
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
			continue // the relay was tired of the old connection
		}
		return classify(err, m.To)
	}
}

// takeIdle gives an idle connection, or nil.
func (r *relay) takeIdle() *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.idle) == 0 {
		return nil
	}
	s := r.idle[len(r.idle)-1]
	r.idle = r.idle[:len(r.idle)-1]
	s.expiry.Stop() // when it is too late, drop finds nothing
	return s
}

// keepIdle lets a connection wait for the next mail.
func (r *relay) keepIdle(s *connection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.expiry = time.AfterFunc(relayIdle, func() { r.closeIdle(s) })
	r.idle = append(r.idle, s)
}

// closeIdle ends a connection that still waits.
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

// close ends all connections that wait.
func (r *relay) close() {
	for s := r.takeIdle(); s != nil; s = r.takeIdle() {
		s.close()
	}
}
