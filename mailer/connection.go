package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// connection is one connection to the relay, encrypted and logged in.
type connection struct {
	conn   net.Conn
	client *smtp.Client
	expiry *time.Timer
}

// step is a step of the delivery over SMTP. Error messages name it.
type step string

const (
	stepSender    step = "sender"
	stepRecipient step = "address"
	stepData      step = "mail"
)

// stepError is an error of one step.
type stepError struct {
	step step
	err  error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// dataTimeouts is the number of timeouts that the relay has for its answer to
// the complete mail. It may scan the mail first, and a canceled delivery can lead
// to a second copy.
const dataTimeouts = 4

// connect makes a connection that is ready for mail. None of its errors is final:
// the relay is down, or one of the two configurations has to be repaired.
func (r *relay) connect(ctx context.Context) (s *connection, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	conn, err := r.dial(ctx, "tcp", net.JoinHostPort(r.cfg.Host, strconv.Itoa(r.cfg.Port)))
	if err != nil {
		return nil, fmt.Errorf("the relay cannot be reached: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // if it fails, the next step fails too
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // unblocks reads and writes
	defer func() {
		stop()
		if err != nil {
			_ = conn.Close()
		}
	}()
	encrypted := r.cfg.Port == tlsPort
	wire := conn
	if encrypted {
		t := tls.Client(conn, r.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, tlsError(err)
		}
		wire = t
	}
	client, err := smtp.NewClient(wire, r.cfg.Host)
	if err != nil {
		return nil, fmt.Errorf("the relay does not greet: %w", err)
	}
	client.SkipSMTPUTF8(true) // all addresses are ASCII
	if err := client.Hello(heloName()); err != nil {
		return nil, fmt.Errorf("the relay does not greet: %w", err)
	}
	if offered, _ := client.Extension("STARTTLS"); offered && !encrypted {
		if err := client.StartTLS(r.tls); err != nil {
			return nil, tlsError(err)
		}
		encrypted = true
	}
	// The address of the connection counts, not the name in the configuration.
	if !encrypted && !loopback(conn.RemoteAddr()) {
		return nil, errors.New("the relay offers no STARTTLS, and mail goes unencrypted only within this machine")
	}
	if r.cfg.Username != "" {
		if err := r.logIn(client, !encrypted); err != nil {
			return nil, err
		}
	}
	return &connection{conn: conn, client: client}, nil
}

// tlsError returns the error of a failed handshake, with the setting to check.
func tlsError(err error) error {
	return fmt.Errorf("the relay has no TLS that can be trusted under the name in email.smtp.smtp_host: %w", err)
}

// logIn uses the first method that both sides support. bare is true for an
// unencrypted connection, which stays within this machine.
func (r *relay) logIn(client *smtp.Client, bare bool) error {
	offered, list := client.Extension("AUTH")
	ways := strings.Fields(strings.ToUpper(list))
	user, password := r.cfg.Username, r.cfg.Password
	var auth smtp.Auth
	switch {
	case !offered:
		return errors.New("the relay offers no log-in, and email.smtp.smtp_username is set")
	case slices.Contains(ways, "PLAIN"):
		auth = smtp.PlainAuth("", user, password, r.cfg.Host, bare)
	case slices.Contains(ways, "LOGIN"):
		auth = smtp.LoginAuth(user, password, r.cfg.Host, bare)
	case slices.Contains(ways, "SCRAM-SHA-256"):
		auth = smtp.ScramSHA256Auth(user, password)
	case slices.Contains(ways, "CRAM-MD5"):
		auth = smtp.CRAMMD5Auth(user, password)
	default:
		return fmt.Errorf("the relay offers only log-in methods that are not supported: %q", list)
	}
	if err := client.Auth(auth); err != nil {
		return fmt.Errorf("the relay refuses the log-in; check email.smtp.smtp_username and email.smtp.smtp_password: %w", err)
	}
	return nil
}

// send sends one mail. nil means that the relay has confirmed it.
func (s *connection) send(ctx context.Context, timeout time.Duration, from, to string, text []byte) error {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() }) // unblocks reads and writes
	defer stop()
	wait := func(d time.Duration) { _ = s.conn.SetDeadline(time.Now().Add(d)) } // if it fails, the next step fails too
	wait(timeout)
	if err := s.client.Mail("<" + from + ">"); err != nil {
		return &stepError{stepSender, err}
	}
	wait(timeout)
	if err := s.client.Rcpt("<" + to + ">"); err != nil {
		return &stepError{stepRecipient, err}
	}
	wait(timeout)
	w, err := s.client.Data()
	if err != nil {
		return &stepError{stepData, err}
	}
	wait(dataTimeouts * timeout)
	if _, err := w.Write(text); err != nil {
		return &stepError{stepData, err}
	}
	if err := w.Close(); err != nil {
		return &stepError{stepData, err}
	}
	return nil
}

// close sends QUIT and closes the connection. It takes a second at most.
func (s *connection) close() {
	_ = s.conn.SetDeadline(time.Now().Add(time.Second)) // if it fails, QUIT fails at once
	_ = s.client.Quit()                                 // the answer does not matter
	_ = s.conn.Close()
}

// heloName returns the name of this machine for the greeting.
func heloName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "localhost"
	}
	return name
}

// loopback reports whether the other end is on this machine.
func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
