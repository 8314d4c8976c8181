package mailer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/errs"
)

var noon = time.Date(2024, time.January, 1, 12, 0, 0, 0, time.UTC)

func newMailer(t *testing.T, path string) *Mailer {
	t.Helper()
	return newMailerWith(t, Config{File: path})
}

func newMailerWith(t *testing.T, cfg Config) *Mailer {
	t.Helper()
	m, err := open(cfg, Deps{Log: bustest.Log(t), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func testJob() mailapi.Job {
	return mailapi.Job{
		ID: "1", Kind: mailapi.KindRegistration, To: "e2e@example.org", Token: "gAAA=",
		ConfirmURL: "http://localhost:5434/confirm/gAAA%3D", CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
}

func TestLineIsTheContract(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "mails.jsonl")
	if err := newMailer(t, path).Deliver(t.Context(), testJob()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"from":"ayb <noreply@localhost>","to":"e2e@example.org","reply_to":"ayb <noreply@localhost>","subject":"Your login credentials","content_type":"text/plain","content_transfer_encoding":"7bit","date":"Mon, 1 Jan 2024 12:00:00 +0000","content":["To complete your registration, visit","\thttp://localhost:5434/confirm/gAAA%3D","","Or type","\tayb client confirm gAAA="]}` + "\n"
	if string(got) != want {
		t.Errorf("line\n%s\nwant\n%s", got, want)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; mails hold tokens", info.Mode(), err)
	}
}

func TestLoginMailSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails.jsonl")
	m := newMailer(t, path)
	j := testJob()
	j.Kind = mailapi.KindLogin
	if got, err := m.render(j); err != nil || got.Content[0] != "To log in, visit" {
		t.Errorf("first line of %q, %v", got.Content, err)
	}
}

func TestTornLineIsClosedFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails.jsonl")
	if err := os.WriteFile(path, []byte(`{"from":"half`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newMailer(t, path).Deliver(t.Context(), testJob()); err != nil {
		t.Fatal(err)
	}
	lines := readLines(t, path)
	if len(lines) != 2 || !json.Valid([]byte(lines[1])) {
		t.Errorf("lines %q", lines)
	}
}

func TestConcurrentMailsDoNotMix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails.jsonl")
	m := newMailer(t, path)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			j := testJob()
			j.ID, j.Token = fmt.Sprint(i), fmt.Sprint("token", i)
			if err := m.Deliver(t.Context(), j); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	lines := readLines(t, path)
	if len(lines) != 50 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("broken line %q", l)
		}
	}
}

func TestExpiredMailIsDroppedForGood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails.jsonl")
	m := newMailer(t, path)
	j := testJob()
	j.ExpiresAt = noon.Add(-time.Second)
	if err := m.Deliver(t.Context(), j); errs.CodeOf(err) != errs.Mail {
		t.Errorf("got %v, want a final error", err)
	}
	if len(readLines(t, path)) != 0 {
		t.Error("the mail was written")
	}
}

func TestUnwritableFileIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mails.jsonl")
	m := newMailer(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := m.Deliver(t.Context(), testJob()); err == nil || errs.CodeOf(err) == errs.Mail {
		t.Errorf("got %v, want an error that keeps the job", err)
	}
}

func TestOptionalDependenciesAreNone(t *testing.T) {
	if _, err := New(Config{File: "x"}, Deps{}); err == nil || !strings.Contains(err.Error(), "dependency") {
		t.Errorf("got %v", err)
	}
}

// A16: the mailer checks the address again. The mail of any job has one recipient
// and the lines of the template.
func TestHostileJobsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mails.jsonl")
	m := newMailer(t, path)
	for name, spoil := range map[string]func(*mailapi.Job){
		"no address":      func(j *mailapi.Job) { j.To = "" },
		"header":          func(j *mailapi.Job) { j.To = "a@example.org\r\nBcc: b@example.org" },
		"bare line feed":  func(j *mailapi.Job) { j.To = "a@example.org\nBcc: b@example.org" },
		"two recipients":  func(j *mailapi.Job) { j.To = "a@example.org,b@example.org" },
		"SMTP parameter":  func(j *mailapi.Job) { j.To = "a@example.org> NOTIFY=NEVER <b@example.org" },
		"display name":    func(j *mailapi.Job) { j.To = "A <a@example.org>" },
		"quoted name":     func(j *mailapi.Job) { j.To = `"a b"@example.org` },
		"not ASCII":       func(j *mailapi.Job) { j.To = "ä@example.org" },
		"too long":        func(j *mailapi.Job) { j.To = strings.Repeat("a", 250) + "@example.org" },
		"line in token":   func(j *mailapi.Job) { j.Token = "x\r\n\tayb client confirm y" },
		"line in link":    func(j *mailapi.Job) { j.ConfirmURL = "http://x/\nor http://y/" },
		"words in link":   func(j *mailapi.Job) { j.ConfirmURL = "http://x/ or http://y/" },
		"separator":       func(j *mailapi.Job) { j.ConfirmURL = "http://x/\u2028y" },
		"broken encoding": func(j *mailapi.Job) { j.Token = "\xff" },
		"no token":        func(j *mailapi.Job) { j.Token = "" },
	} {
		j := testJob()
		spoil(&j)
		if err := m.Deliver(t.Context(), j); !errs.Is(err, errs.Mail) {
			t.Errorf("%s: got %v, want a final error", name, err)
		}
	}
	if lines := readLines(t, path); len(lines) != 0 {
		t.Errorf("written: %q", lines)
	}
	j := testJob()
	j.ID = "1\r\nBcc: x@example.org"
	if msg, err := m.render(j); err != nil || !safeID.MatchString(msg.id) {
		t.Errorf("id %q, %v", msg.id, err)
	}
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")[:strings.Count(string(b), "\n")]
}
