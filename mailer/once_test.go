package mailer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/mailer/smtptest"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
)

// again opens a new mailer in the directory of a killed one.
func again(t *testing.T, m *Mailer) *Mailer {
	t.Helper()
	if err := m.Close(); err != nil { // the lock ends with the process
		t.Fatal(err)
	}
	return newMailerWith(t, m.cfg)
}

// A mailer that was killed between the answer of the relay and the acknowledgement
// to the queue gets the job again.
func TestRestartSendsNoSecondCopy(t *testing.T) {
	s := smtptest.Start(t, smtptest.Config{})
	cfg := relayTo(t, s)
	cfg.SMTP.Username, cfg.File = "", filepath.Join(t.TempDir(), "mails.jsonl")
	m := newMailerWith(t, cfg)
	if err := os.Remove(cfg.File); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(cfg.File, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := m.Deliver(t.Context(), testJob()); err == nil {
		t.Fatal("a directory took the mail")
	}
	if err := os.Remove(cfg.File); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		m = again(t, m)
		if err := m.Deliver(t.Context(), testJob()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.Mails()); n != 1 || len(readLines(t, cfg.File)) != 1 {
		t.Errorf("%d mails and %d lines", n, len(readLines(t, cfg.File)))
	}
}

// The same with the file: its tail is the only record.
func TestRestartWritesNoSecondLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails.jsonl")
	for range 3 {
		m := newMailer(t, path)
		for i := range 3 {
			j := testJob()
			j.ID, j.Token = fmt.Sprint(i), fmt.Sprint("token", i)
			if err := m.Deliver(t.Context(), j); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(readLines(t, path)); n != 3 {
		t.Errorf("%d lines", n)
	}
}

func TestLedgerSurvivesTornLinesAndForgets(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "state"), noon
	clock := func() time.Time { return now }
	reopen := func(l *ledger) *ledger {
		t.Helper()
		if l != nil {
			if err := l.close(); err != nil {
				t.Fatal(err)
			}
		}
		l, err := openLedger(dir, clock)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	settled := func(l *ledger, id string) bool {
		t.Helper()
		past, ok := l.claim(id)
		if !ok {
			t.Fatalf("%s is busy", id)
		}
		l.release(id)
		_, ok = past["SMTP"]
		return ok
	}
	settle := func(l *ledger, id string, outcome error, until time.Time) {
		t.Helper()
		if _, ok := l.claim(id); !ok {
			t.Fatalf("%s is busy", id)
		}
		if err := l.record(id, "SMTP", outcome, until); err != nil {
			t.Fatal(err)
		}
		l.release(id)
	}
	l := reopen(nil)
	settle(l, "short", nil, noon.Add(time.Minute))
	settle(l, "long", nil, noon.Add(time.Hour))
	settle(l, "refused", errors.New("550"), noon.Add(time.Hour))
	file, err := os.OpenFile(filepath.Join(dir, ledgerFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"job":"torn","ba`); err != nil { // a full disk
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	settle(l, "after", nil, noon.Add(time.Hour))
	l = reopen(l)
	for id, want := range map[string]bool{"short": true, "long": true, "after": true, "refused": false, "torn": false, "other": false} {
		if settled(l, id) != want {
			t.Errorf("%s: settled is %v", id, !want)
		}
	}
	now = noon.Add(10 * time.Minute)
	for i := range 4 * staleLines { // as mails come and expire
		now = now.Add(time.Second)
		settle(l, fmt.Sprint("mail", i), nil, now.Add(time.Minute))
	}
	if len(l.jobs) > 2*staleLines {
		t.Errorf("%d jobs are remembered", len(l.jobs))
	}
	text, err := os.ReadFile(filepath.Join(dir, ledgerFile))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "{"); n > 4*staleLines-staleLines/2 {
		t.Errorf("%d lines are kept", n)
	}
	l = reopen(l)
	if n := len(l.jobs); n > 61 || settled(l, "long") {
		t.Errorf("%d jobs after a restart", n)
	}
	if _, err := openLedger(dir, clock); err == nil || !strings.Contains(err.Error(), "another mailer uses it") {
		t.Errorf("a second mailer: %v", err)
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
}

// running starts a mailer with a real queue and returns the client of the queue.
func running(t *testing.T, s *smtptest.Server) *mailapi.Client {
	t.Helper()
	b := bustest.Start(t)
	conn := bustest.Role(t, b, natsbus.Mailer)
	cfg := relayTo(t, s)
	cfg.SMTP.Username = ""
	m, err := New(cfg, Deps{Queue: conn.MailQueue(mailapi.Subject), Notices: conn, Log: bustest.Log(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, m.Close()); err != nil {
			t.Error(err)
		}
	})
	control := bustest.Role(t, b, natsbus.ControlPlane)
	return mailapi.NewClient(control.MailQueue(mailapi.Subject), control)
}

func numbered(i int) mailapi.Job {
	j := testJob()
	j.ID, j.Token, j.To = fmt.Sprint("n", i), fmt.Sprint("token", i), fmt.Sprintf("user%d@example.org", i)
	j.ExpiresAt = time.Now().Add(time.Hour)
	return j
}

// The relay is down for some time. Every mail arrives exactly once.
func TestRelayAwayForAWhile(t *testing.T) {
	s := smtptest.Start(t, smtptest.Config{})
	c := running(t, s)
	const mails = 12
	ask := func(i int, want mailapi.Delivery) {
		t.Helper()
		if d, err := c.Send(t.Context(), numbered(i)); err != nil || d != want {
			t.Errorf("mail %d: %v, %v; want %v", i, d, err, want)
		}
	}
	ask(0, mailapi.Delivered)
	s.Stop()
	done := make(chan struct{})
	for i := 1; i < mails; i++ {
		go func() { ask(i, mailapi.Queued); done <- struct{}{} }()
	}
	for i := 1; i < mails; i++ {
		<-done
	}
	s.Resume()
	ask(mails, mailapi.Delivered) // a new one does not wait for those
	bustest.Until(t, "all mails to arrive", func() bool { return len(s.Mails()) >= mails+1 })
	for i := range mails + 1 {
		if n := len(s.To(numbered(i).To)); n != 1 {
			t.Errorf("mail %d arrived %d times", i, n)
		}
	}
}

// A mail with a slow answer and a mail that is refused for now do not delay
// others.
func TestSlowMailHoldsUpNoOther(t *testing.T) {
	release := make(chan struct{})
	var later atomic.Bool
	later.Store(true)
	s := smtptest.Start(t, smtptest.Config{Hook: func(step smtptest.Step, m smtptest.Mail) error {
		switch {
		case step == smtptest.Data && m.To == numbered(0).To:
			<-release
		case step == smtptest.Recipient && m.To == numbered(1).To && later.Load():
			return smtptest.Answer(450, "greylisted")
		}
		return nil
	}})
	c := running(t, s)
	slow := make(chan mailapi.Delivery, 2)
	for i := range 2 {
		go func() {
			d, err := c.Send(t.Context(), numbered(i))
			if err != nil {
				t.Error(err)
			}
			slow <- d
		}()
	}
	for range 2 {
		if d := <-slow; d != mailapi.Queued {
			t.Errorf("a slow mail is %v", d)
		}
	}
	for i := 2; i < 12; i++ {
		if d, err := c.Send(t.Context(), numbered(i)); err != nil || d != mailapi.Delivered {
			t.Errorf("mail %d: %v, %v", i, d, err)
		}
	}
	close(release)
	later.Store(false)
	bustest.Until(t, "the slow mails", func() bool { return len(s.To(numbered(0).To)) == 1 && len(s.To(numbered(1).To)) == 1 })
	if n := len(s.Mails()); n != 12 {
		t.Errorf("%d mails arrived", n)
	}
}
