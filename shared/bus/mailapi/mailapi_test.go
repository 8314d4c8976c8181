package mailapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/errs"
)

type deliverer func(context.Context, mailapi.Job) error

func (d deliverer) Deliver(ctx context.Context, j mailapi.Job) error { return d(ctx, j) }

func job(id string) mailapi.Job {
	return mailapi.Job{ID: id, Kind: mailapi.KindLogin, To: "a@example.org", Token: "t", ConfirmURL: "http://localhost/confirm/t", CreatedAt: time.Unix(0, 0).UTC(), ExpiresAt: time.Unix(60, 0).UTC()}
}

func TestGoldenJob(t *testing.T) {
	got, err := json.Marshal(job("1"))
	want := `{"id":"1","kind":"login","to":"a@example.org","token":"t","confirm_url":"http://localhost/confirm/t","created_at":"1970-01-01T00:00:00Z","expires_at":"1970-01-01T00:01:00Z"}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

// serve runs a mailer with t.
func serve(t *testing.T, s *natsbus.Server, d deliverer) {
	t.Helper()
	conn := bustest.Role(t, s, natsbus.Mailer)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- mailapi.Serve(ctx, conn.MailQueue(mailapi.Subject), conn, d, bustest.Log(t)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestSendWaitsForTheDelivery(t *testing.T) {
	s := bustest.Start(t)
	conn := bustest.Role(t, s, natsbus.ControlPlane)
	c := mailapi.NewClient(conn.MailQueue(mailapi.Subject), conn)
	delivered := false
	serve(t, s, func(_ context.Context, j mailapi.Job) error {
		if j.ID == "bad" {
			return errs.E(errs.Mail, "No such address")
		}
		delivered = j == job("good")
		return nil
	})
	if d, err := c.Send(t.Context(), job("good")); err != nil || d != mailapi.Delivered || !delivered {
		t.Errorf("good: %v, %v", d, err)
	}
	if _, err := c.Send(t.Context(), job("bad")); !errs.Is(err, errs.Mail) {
		t.Errorf("bad: %v", err)
	}
}

// A mail that was accepted while the mailer was away is sent when it is back.
func TestMailerAway(t *testing.T) {
	s := bustest.Start(t)
	conn := bustest.Role(t, s, natsbus.ControlPlane)
	c := mailapi.NewClient(conn.MailQueue(mailapi.Subject), conn)
	d, err := c.Send(t.Context(), job("1")) // it does not wait for a mailer for ever
	if err != nil || d != mailapi.Queued {
		t.Fatalf("got %v, %v", d, err)
	}
	got := make(chan mailapi.Job, 10)
	tries := 0
	serve(t, s, func(_ context.Context, j mailapi.Job) error {
		if tries++; tries == 1 {
			return errors.New("the relay is down")
		}
		got <- j
		return nil
	})
	select {
	case j := <-got:
		if j != job("1") {
			t.Errorf("got %+v", j)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the mail never arrived")
	}
}
