package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/mailer/smtptest"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

const (
	relayUser     = "login@example.org"
	relayPassword = "00123 \"quoted\" 1e5"
)

// relayOptions makes the server send mail by STARTTLS with a log-in, and also to
// the file.
func relayOptions(t *testing.T, s *smtptest.Server) []harness.Option {
	t.Helper()
	return []harness.Option{
		harness.WithConfig(fmt.Sprintf("[email.smtp]\nfrom = \"Ayb <server@example.org>\"\nreply_to = \"reply@example.org\"\nsmtp_host = %q\nsmtp_port = %d\nsmtp_username = %q\nsmtp_password = %q\n"+
			"[limits]\nrate_per_minute = 0", s.Host(), s.Port(), relayUser, relayPassword)),
		harness.WithEnv("SSL_CERT_FILE=" + s.CAFile()),
	}
}

func register(t *testing.T, srv *harness.Server, name string) (httpapi.MailSent, error) {
	t.Helper()
	return srv.Client("").Register(t.Context(), httpapi.RegisterRequest{Entity: name, EmailAddress: harness.Address(name), EntityType: "user"})
}

// confirm checks that exactly one mail arrived and that its token works.
func confirm(t *testing.T, srv *harness.Server, s *smtptest.Server, name string) {
	t.Helper()
	mails := s.To(harness.Address(name))
	if len(mails) != 1 {
		t.Fatalf("%d mails to %s", len(mails), name)
	}
	if m := mails[0]; !m.TLS || m.User != relayUser || m.From != "server@example.org" {
		t.Errorf("mail to %s: %+v", name, m)
	}
	if _, err := srv.Client("").Confirm(t.Context(), mails[0].Token()); err != nil {
		t.Errorf("confirm %s: %v", name, err)
	}
}

// Users register through a relay, which is down for a while and refuses one
// mail.
func TestMailByRelay(t *testing.T) {
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			s := smtptest.Start(t, smtptest.Config{Username: relayUser, Password: relayPassword, Hook: func(step smtptest.Step, m smtptest.Mail) error {
				if step == smtptest.Recipient && m.To == harness.Address("gone") {
					return smtptest.Answer(550, "no such user at internal.example")
				}
				return nil
			}})
			srv := harness.Start(t, topology, relayOptions(t, s)...)
			if sent, err := register(t, srv, "ann"); err != nil || sent.Delivery != "" {
				t.Errorf("ann: %+v, %v", sent, err)
			}
			confirm(t, srv, s, "ann")
			if tokens := srv.MailedTokens(harness.Address("ann")); !slices.Equal(tokens, []string{s.Mails()[0].Token()}) {
				t.Errorf("the file has the tokens %q", tokens)
			}
			_, err := register(t, srv, "gone")
			if !errs.Is(err, errs.Mail) || errs.Public(err).Message != "SMTP backend failed: the mail server refused the address (550)" {
				t.Errorf("gone: %v", err)
			}

			s.Stop()
			away := []string{"bob", "carol", "dave"}
			var wg sync.WaitGroup
			for _, name := range away {
				wg.Go(func() {
					if sent, err := register(t, srv, name); err != nil || sent.Delivery != httpapi.DeliveryQueued {
						t.Errorf("%s: %+v, %v", name, sent, err)
					}
				})
			}
			wg.Wait()
			if harness.Full() { // long enough for several tries with increasing delay
				<-time.After(time.Minute)
			}
			s.Resume()
			if sent, err := register(t, srv, "eve"); err != nil || sent.Delivery != "" {
				t.Errorf("eve waits for the others: %+v, %v", sent, err)
			}
			harness.Until(t, "the mails that waited", func() bool { return len(s.Mails()) >= 5 })
			for _, name := range append(away, "eve") {
				confirm(t, srv, s, name)
			}
		})
	}
}

// mailerKiller kills the mailer at given steps of given mails, while no other
// mail is between the relay's answer and its record.
type mailerKiller struct {
	t     *testing.T
	s     *smtptest.Server
	w     *harness.Server
	kills chan chan struct{}
	gate  sync.RWMutex // held for reading from Text to Taken

	mu   sync.Mutex
	when map[string]smtptest.Step // what is still to be killed
	lost map[string]bool          // accepted by the relay, without an answer to the mailer
	life int                      // number of kills so far
	born map[string]int           // the life of the mailer that sends to an address
}

func (k *mailerKiller) hook(step smtptest.Step, m smtptest.Mail) error {
	k.mu.Lock()
	at, marked := k.when[m.To]
	kill := marked && at == step && step != smtptest.Connect
	if kill {
		delete(k.when, m.To)
		k.lost[m.To] = step == smtptest.Accepted
	}
	k.mu.Unlock()
	switch {
	case step == smtptest.Recipient:
		k.alive(m.To)
	case step == smtptest.Accepted:
		k.gate.RUnlock()
	case step == smtptest.Data && !kill:
		k.gate.RLock()
		if !k.sameLife(m.To) { // the text came from a mailer that was killed
			k.gate.RUnlock()
			return smtptest.Answer(451, "for a killed mailer")
		}
	}
	if !kill {
		return nil
	}
	k.gate.Lock()
	defer k.gate.Unlock()
	for tries := 0; !k.remembered(); tries++ {
		if tries > 1500 {
			k.t.Error("what was taken is not remembered")
			break
		}
		harness.Pause()
	}
	dead := make(chan struct{})
	k.kills <- dead
	<-dead
	k.mu.Lock()
	k.life++
	k.mu.Unlock()
	return smtptest.Answer(451, "for a killed mailer")
}

func (k *mailerKiller) alive(to string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.born[to] = k.life
}

func (k *mailerKiller) sameLife(to string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.born[to] == k.life
}

// remembered reports whether the mailer has the relay's answer for every
// accepted mail: it writes the log line after it has recorded the delivery.
func (k *mailerKiller) remembered() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	copies := map[string]int{}
	for _, m := range k.s.Mails() {
		copies[m.To]++
	}
	for to, n := range copies {
		if k.lost[to] {
			n--
		}
		if n > 0 && len(k.w.MailedTokens(to)) == 0 {
			return false
		}
	}
	return true
}

// The mailer is killed five times while it delivers. Every mail arrives. A mail
// whose acceptance was lost with the mailer arrives twice, with the same
// Message-ID; all others arrive once.
func TestMailerKilledFiveTimes(t *testing.T) {
	const people = 20
	name := func(i int) string { return fmt.Sprintf("user%d", i) }
	k := &mailerKiller{t: t, kills: make(chan chan struct{}), lost: map[string]bool{}, born: map[string]int{}, when: map[string]smtptest.Step{
		"":                       smtptest.Sender, // at this step the recipient is unknown
		harness.Address(name(4)): smtptest.Recipient,
		harness.Address(name(8)): smtptest.Data, harness.Address(name(12)): smtptest.Data,
		harness.Address(name(16)): smtptest.Accepted,
	}}
	k.s = smtptest.Start(t, smtptest.Config{Username: relayUser, Password: relayPassword, Hook: k.hook})
	k.w = harness.Start(t, harness.Split, relayOptions(t, k.s)...)
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			if _, err := register(t, k.w, name(i)); err != nil {
				t.Errorf("%s: %v", name(i), err)
			}
		})
	}
	for range 5 {
		dead := <-k.kills
		k.w.Kill("ayb-mailer")
		close(dead)
		k.w.StartRole("ayb-mailer")
	}
	wg.Wait()
	harness.Until(t, "the queue to be empty", func() bool { return queuedMails(t, k.w) == 0 })
	for i := range people {
		address := harness.Address(name(i))
		mails, want := k.s.To(address), 1
		if k.lost[address] {
			want = 2
		}
		if len(mails) != want || len(k.w.MailedTokens(address)) != 1 {
			t.Errorf("%s: %d mails, want %d, and %d lines", name(i), len(mails), want, len(k.w.MailedTokens(address)))
		}
		for _, m := range mails {
			if m.MessageID() == "" || m.MessageID() != mails[0].MessageID() {
				t.Errorf("%s: Message-ID %q", name(i), m.MessageID())
			}
		}
	}
}

// queuedMails counts the jobs in the mail queue.
func queuedMails(t *testing.T, srv *harness.Server) uint64 {
	t.Helper()
	config, err := os.ReadFile(srv.Config)
	if err != nil {
		t.Fatal(err)
	}
	listen := regexp.MustCompile(`listen = "(.*)"`).FindSubmatch(config)
	credentials, err := natsbus.LoadCredentials(filepath.Join(srv.DataPath, "bus_credentials.json"))
	if err != nil {
		t.Fatal(err)
	}
	role := string(natsbus.ControlPlane)
	nc, err := natsgo.Connect("nats://"+string(listen[1]), natsgo.UserInfo(role, credentials[natsbus.ControlPlane]), natsgo.CustomInboxPrefix("_INBOX_"+role))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), "MAIL")
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}
