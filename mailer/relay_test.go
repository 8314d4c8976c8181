package mailer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/mailer/smtptest"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	user     = "login@example.org"
	password = "the password, 00123"
)

// relayTo returns a configuration for the server.
func relayTo(t *testing.T, s *smtptest.Server) Config {
	t.Helper()
	return Config{
		From: "Jürgen at ayb <server@example.org>", ReplyTo: "replyto@example.org",
		SMTP:     &SMTP{Host: s.Host(), Port: s.Port(), Username: user, Password: password, TLS: s.TLS(), Timeout: 10 * time.Second},
		StateDir: filepath.Join(t.TempDir(), "state"),
	}
}

// dialing connects the relay to the server, whatever address it dials.
func dialing(t *testing.T, m *Mailer, s *smtptest.Server, wrap func(net.Conn) net.Conn) {
	t.Helper()
	m.backends[0].(*relay).dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", s.Port()))
		if err != nil {
			return nil, err
		}
		return wrap(conn), nil
	}
}

func asIs(c net.Conn) net.Conn { return c }

// elsewhere is a connection with the address of another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25} }

// O1: TLS from the first byte on port 465, STARTTLS on others.
func TestTLSAndLogIn(t *testing.T) {
	for name, security := range map[string]smtptest.Security{"implicit": smtptest.Implicit, "starttls": smtptest.StartTLS} {
		t.Run(name, func(t *testing.T) {
			s := smtptest.Start(t, smtptest.Config{Security: security, Username: user, Password: password})
			cfg := relayTo(t, s)
			if security == smtptest.Implicit {
				cfg.SMTP.Port = 465
			}
			m := newMailerWith(t, cfg)
			dialing(t, m, s, func(c net.Conn) net.Conn { return elsewhere{c} })
			if err := m.Deliver(t.Context(), testJob()); err != nil {
				t.Fatal(err)
			}
			got := s.Mails()
			if len(got) != 1 || !got[0].TLS || got[0].User != user || got[0].From != "server@example.org" || got[0].To != "e2e@example.org" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestMailIsWellFormed(t *testing.T) {
	s := smtptest.Start(t, smtptest.Config{})
	cfg := relayTo(t, s)
	cfg.SMTP.Username = ""
	m := newMailerWith(t, cfg)
	plain, long := testJob(), testJob()
	long.ID, long.ConfirmURL = "2", "https://bücher.example/confirm/"+strings.Repeat("x", 1000)+"=3D"
	for _, j := range []mailapi.Job{plain, long} {
		if err := m.Deliver(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		got := s.Mails()[len(s.Mails())-1]
		want := []string{"To complete your registration, visit", "\t" + j.ConfirmURL, "", "Or type", "\tayb client confirm gAAA="}
		if !slices.Equal(got.Lines, want) {
			t.Errorf("lines %q, want %q", got.Lines, want)
		}
		from, err := got.Header.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Name != "Jürgen at ayb" || from[0].Address != "server@example.org" {
			t.Errorf("from %v, %v", from, err)
		}
		for key, want := range map[string]string{
			"To": "<e2e@example.org>", "Reply-To": "<replyto@example.org>", "Subject": "Your login credentials",
			"Date": "Mon, 01 Jan 2024 12:00:00 +0000", "Message-Id": "<" + j.ID + "@example.org>",
			"Auto-Submitted": "auto-generated", "Mime-Version": "1.0", "Content-Type": "text/plain; charset=UTF-8",
		} {
			if got := got.Header[key]; !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
		for line := range strings.SplitSeq(got.Raw, "\n") {
			if len(line) > 999 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
				t.Errorf("line %q", line)
			}
		}
	}
}

// Mails and passwords never leave the machine in plain text, whatever the relay
// offers.
func TestNothingInTheClear(t *testing.T) {
	s := smtptest.Start(t, smtptest.Config{Security: smtptest.None, Username: user, Password: password, Hook: func(step smtptest.Step, m smtptest.Mail) error {
		if step != smtptest.Connect {
			t.Errorf("step %v of %+v was reached", step, m)
		}
		return nil
	}})
	for _, name := range []string{user, ""} {
		cfg := relayTo(t, s)
		cfg.SMTP.Username = name
		m := newMailerWith(t, cfg)
		dialing(t, m, s, func(c net.Conn) net.Conn { return elsewhere{c} })
		stays(t, m.Deliver(t.Context(), testJob()), "STARTTLS")
	}
}

func TestPlainWithinTheMachine(t *testing.T) {
	s := smtptest.Start(t, smtptest.Config{Security: smtptest.None, Username: user, Password: password})
	for id, host := range []string{"localhost", "relay.example.org"} { // the name may be any
		cfg := relayTo(t, s)
		cfg.SMTP.Host = host
		m := newMailerWith(t, cfg)
		dialing(t, m, s, asIs)
		j := testJob()
		j.ID = fmt.Sprint(id)
		if err := m.Deliver(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Mails(); len(got) != 2 || got[1].TLS || got[1].User != user {
		t.Errorf("got %+v", got)
	}
}

// stays checks that the job stays in the queue and that the reason is logged.
func stays(t *testing.T, err error, why string) {
	t.Helper()
	if err == nil || errs.Is(err, errs.Mail) || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, want something that may pass, with %q", err, why)
		return
	}
	for _, secret := range []string{password, "e2e@example.org", "gAAA="} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%v: it tells %q", err, secret)
		}
	}
}

// An error that the operator can repair does not lose a mail.
func TestTroubleOfTheOperator(t *testing.T) {
	t.Run("unknown authority", func(t *testing.T) {
		s := smtptest.Start(t, smtptest.Config{})
		cfg := relayTo(t, s)
		cfg.SMTP.TLS = nil
		stays(t, newMailerWith(t, cfg).Deliver(t.Context(), testJob()), "TLS")
	})
	t.Run("other name", func(t *testing.T) {
		s := smtptest.Start(t, smtptest.Config{})
		cfg := relayTo(t, s)
		cfg.SMTP.Host = "relay.example.org"
		m := newMailerWith(t, cfg)
		dialing(t, m, s, asIs)
		stays(t, m.Deliver(t.Context(), testJob()), "TLS")
	})
	t.Run("wrong password", func(t *testing.T) {
		s := smtptest.Start(t, smtptest.Config{Username: user, Password: "another"})
		stays(t, newMailerWith(t, relayTo(t, s)).Deliver(t.Context(), testJob()), "email.smtp.smtp_password")
	})
	t.Run("log-in missing", func(t *testing.T) {
		s := smtptest.Start(t, smtptest.Config{Username: user, Password: password})
		cfg := relayTo(t, s)
		cfg.SMTP.Username = ""
		stays(t, newMailerWith(t, cfg).Deliver(t.Context(), testJob()), "authenticate")
	})
	t.Run("closed for now", func(t *testing.T) {
		s := smtptest.Start(t, smtptest.Config{Hook: func(smtptest.Step, smtptest.Mail) error { return smtptest.Answer(421, "later") }})
		cfg := relayTo(t, s)
		cfg.SMTP.Username = ""
		stays(t, newMailerWith(t, cfg).Deliver(t.Context(), testJob()), "later")
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		at     smtptest.Step
		code   int
		public string // empty: it may pass
	}{
		{smtptest.Sender, 553, "SMTP backend failed: the mail server refused the sender (553)"},
		{smtptest.Recipient, 550, "SMTP backend failed: the mail server refused the address (550)"},
		{smtptest.Recipient, 501, "SMTP backend failed: the mail server refused the address (501)"},
		{smtptest.Data, 554, "SMTP backend failed: the mail server refused the mail (554)"},
		{smtptest.Sender, 530, ""},
		{smtptest.Recipient, 451, ""},
		{smtptest.Data, 452, ""},
	} {
		t.Run(fmt.Sprint(c.at, c.code), func(t *testing.T) {
			var refuse atomic.Bool
			refuse.Store(true)
			s := smtptest.Start(t, smtptest.Config{Hook: func(step smtptest.Step, _ smtptest.Mail) error {
				if step == c.at && refuse.Load() {
					return smtptest.Answer(c.code, "not <E2E@example.org>, says smtp.internal")
				}
				return nil
			}})
			cfg := relayTo(t, s)
			cfg.SMTP.Username = ""
			m := newMailerWith(t, cfg)
			err := m.Deliver(t.Context(), testJob())
			if strings.Contains(strings.ToLower(err.Error()), "e2e@") || !strings.Contains(err.Error(), "smtp.internal") {
				t.Errorf("for the log: %v", err)
			}
			refuse.Store(false)
			if c.public != "" {
				if !errs.Is(err, errs.Mail) || errs.Public(err).Message != c.public {
					t.Errorf("got %v", err)
				}
				if err := m.Deliver(t.Context(), testJob()); !errs.Is(err, errs.Mail) { // the ack was lost
					t.Errorf("again: %v", err)
				}
				return
			}
			if errs.Is(err, errs.Mail) {
				t.Errorf("got %v, want something that may pass", err)
			}
			if err := m.Deliver(t.Context(), testJob()); err != nil || len(s.Mails()) != 1 {
				t.Errorf("then %v with %d mails", err, len(s.Mails()))
			}
		})
	}
}

// P14: mails in quick succession share a connection. A connection that the relay
// has closed causes no error and loses no mail.
func TestConnectionsAreReused(t *testing.T) {
	s := smtptest.Start(t, smtptest.Config{Username: user, Password: password})
	m := newMailerWith(t, relayTo(t, s))
	deliver := func(id int) {
		t.Helper()
		j := testJob()
		j.ID = fmt.Sprint(id)
		if err := m.Deliver(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	for id := range 5 {
		deliver(id)
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections for 5 mails", n)
	}
	s.Stop()
	s.Resume()
	deliver(5)
	if n := len(s.Mails()); n != 6 || s.Connections() != 2 {
		t.Errorf("%d mails over %d connections", n, s.Connections())
	}
}

// O1: a relay that does not answer runs into a time limit.
func TestSilentRelay(t *testing.T) {
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	for _, at := range []smtptest.Step{smtptest.Connect, smtptest.Recipient, smtptest.Data} {
		s := smtptest.Start(t, smtptest.Config{Hook: func(step smtptest.Step, _ smtptest.Mail) error {
			if step == at {
				<-block
			}
			return nil
		}})
		cfg := relayTo(t, s)
		cfg.SMTP.Username, cfg.SMTP.Timeout = "", 200*time.Millisecond
		start := time.Now()
		err := newMailerWith(t, cfg).Deliver(t.Context(), testJob())
		if took := time.Since(start); err == nil || errs.Is(err, errs.Mail) || took > 10*time.Second {
			t.Errorf("step %v: %v after %s", at, err, took)
		}
		go s.Stop() // it waits for the hook
	}
}

// A stopped mailer completes the running delivery.
func TestStopFinishesTheMail(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	s := smtptest.Start(t, smtptest.Config{Hook: func(step smtptest.Step, _ smtptest.Mail) error {
		if step == smtptest.Data {
			close(reached)
			<-release
		}
		return nil
	}})
	cfg := relayTo(t, s)
	cfg.SMTP.Username = ""
	m := newMailerWith(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- m.Deliver(ctx, testJob()) }()
	<-reached
	if err := m.Deliver(t.Context(), testJob()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the same job at the same time: %v", err)
	}
	cancel()
	close(release)
	if err := <-done; err != nil || len(s.Mails()) != 1 {
		t.Errorf("got %v, %d mails", err, len(s.Mails()))
	}
}

// A16: both backends are always tried, each error names its backend, and a backend
// that has accepted a mail does not get it again.
func TestTwoBackends(t *testing.T) {
	var code atomic.Int64
	code.Store(451)
	s := smtptest.Start(t, smtptest.Config{Hook: func(step smtptest.Step, _ smtptest.Mail) error {
		if n := int(code.Load()); step == smtptest.Recipient && n != 0 {
			return smtptest.Answer(n, "no")
		}
		return nil
	}})
	cfg := relayTo(t, s)
	cfg.SMTP.Username, cfg.File = "", filepath.Join(t.TempDir(), "mails.jsonl")
	m := newMailerWith(t, cfg)
	stays(t, m.Deliver(t.Context(), testJob()), "SMTP backend failed: ")
	if n := len(readLines(t, cfg.File)); n != 1 {
		t.Errorf("%d lines after the relay failed", n)
	}
	code.Store(0)
	for range 2 {
		if err := m.Deliver(t.Context(), testJob()); err != nil {
			t.Error(err)
		}
	}
	if n := len(s.Mails()); n != 1 || len(readLines(t, cfg.File)) != 1 {
		t.Errorf("%d mails and %d lines", n, len(readLines(t, cfg.File)))
	}
	other := testJob()
	other.ID, other.Token = "2", "other"
	code.Store(550)
	err := m.Deliver(t.Context(), other)
	if !errs.Is(err, errs.Mail) || errs.Public(err).Message != "SMTP backend failed: the mail server refused the address (550)" || len(readLines(t, cfg.File)) != 2 {
		t.Errorf("got %v and %d lines", err, len(readLines(t, cfg.File)))
	}
}

func TestVerdict(t *testing.T) {
	gone := errs.Wrap(errs.Mail, errors.New("550"), "refused")
	later := errors.New("disk full")
	err := combineFailures([]failure{{"SMTP", gone}, {"File", gone}})
	if !errs.Is(err, errs.Mail) || errs.Public(err).Message != "SMTP backend failed: refused; File backend failed: refused" {
		t.Errorf("both for good: %v", err)
	}
	err = combineFailures([]failure{{"SMTP", gone}, {"File", later}})
	if errs.Is(err, errs.Mail) || !strings.Contains(err.Error(), "SMTP backend failed: refused: 550; File backend failed: disk full") {
		t.Errorf("one for now: %v", err)
	}
	if combineFailures(nil) != nil {
		t.Error("no failure is one")
	}
}
