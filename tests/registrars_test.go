package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// registrars register one new user after the other and record which
// registrations were acknowledged: a mail must follow each of them.
type registrars struct {
	t    *testing.T
	w    *harness.Server
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu     sync.Mutex
	next   int
	acked  []string
	queued int
	failed int
}

func startRegistrars(t *testing.T, srv *harness.Server, clients int) *registrars {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &registrars{t: t, w: srv, stop: cancel}
	for range clients {
		c := srv.Client("")
		r.wg.Go(func() { r.work(ctx, c) })
	}
	t.Cleanup(r.end)
	return r
}

func (r *registrars) end() {
	r.stop()
	r.wg.Wait()
}

func (r *registrars) work(ctx context.Context, c *httpapi.Client) {
	for ctx.Err() == nil {
		r.mu.Lock()
		r.next++
		name := fmt.Sprintf("guest%d", r.next)
		r.mu.Unlock()
		sent, err := c.Register(context.WithoutCancel(ctx), httpapi.RegisterRequest{Entity: name, EmailAddress: harness.Address(name), EntityType: "user"})
		r.note(name, sent, err)
		harness.Pause() // registrations are rare
	}
}

func (r *registrars) note(name string, sent httpapi.MailSent, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch errs.CodeOf(err) {
	case "":
		r.acked = append(r.acked, name)
		if sent.Delivery == httpapi.DeliveryQueued {
			r.queued++
		}
	case errs.Unavailable, errs.Timeout:
		r.failed++
	default:
		r.t.Errorf("register %s: %v", name, err)
	}
}

func (r *registrars) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.acked)
}

// more waits for more acknowledged registrations.
func (r *registrars) more(n int) {
	r.t.Helper()
	want := r.count() + n
	harness.Until(r.t, fmt.Sprintf("%d more registrations", n), func() bool { return r.count() >= want })
}

// check waits for all promised mails and checks that the file is complete.
func (r *registrars) check() {
	r.t.Helper()
	r.end()
	var missing []string
	var got map[string]int
	harness.Until(r.t, "all promised mails", func() bool {
		got, missing = r.mailed(), nil
		for _, name := range r.acked {
			if got[harness.Address(name)] == 0 {
				missing = append(missing, name)
			}
		}
		return len(missing) == 0
	})
	twice := 0
	for _, n := range got {
		if n > 1 {
			twice++
		}
	}
	r.t.Logf("%d registrations acknowledged, %d of them with their mail on its way, %d failed; %d mails came twice", len(r.acked), r.queued, r.failed, twice)
	if r.queued == 0 {
		r.t.Error("the mailer was away and no registration said that its mail is on its way")
	}
}

// mailed counts the mails by address.
func (r *registrars) mailed() map[string]int {
	got := map[string]int{}
	for _, line := range r.w.Mails() {
		var m struct{ To string }
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			r.t.Errorf("a line of the mail file is broken: %q", line)
		}
		got[m.To]++
	}
	return got
}
