package mailapi

import (
	"context"
	"log/slog"
	"testing"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// one is a queue with one job.
type one []byte

func (q one) Put(context.Context, string, []byte) error { return nil }

func (q one) Work(ctx context.Context, do func(context.Context, bus.Job) error) error {
	return do(ctx, bus.Job{ID: "1", Data: q})
}

// heard records the address of notices.
type heard struct{ address string }

func (h *heard) Listen() (string, func(context.Context) ([]byte, error), func(), error) {
	return "", nil, nil, errs.E(errs.Internal, "no listener")
}

func (h *heard) Notify(address string, data []byte) error {
	if len(data) > 0 && errs.Unmarshal(data).Code != errs.Mail {
		panic("a notice that is not of a permanent failure")
	}
	h.address = address
	return nil
}

// refusing fails permanently for every mail.
type refusing int

func (r *refusing) Deliver(context.Context, Job) error {
	*r++
	return errs.E(errs.Mail, "no")
}

// A job that cannot be decoded is dropped, so that it is not delivered for ever. Any
// other job is handled, and its sender gets a notice.
func FuzzJob(f *testing.F) {
	for _, s := range []string{
		`{"job":{"id":"1","kind":"login","to":"a@b.example","token":"t","confirm_url":"http://x/","created_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-02T00:00:00Z"},"notify":"_INBOX.x"}`,
		`{"job":{"created_at":"0000-99-99T00:00:00Z"}}`, `{"job":null,"notify":"x"}`, "", "null", "[]", `{"notify":7}`, "{\"job\":{\"to\":\"\xff\"}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d refusing
		var n heard
		if err := Serve(t.Context(), one(data), &n, &d, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatalf("the job would come back: %v", err)
		}
		if d > 1 || d == 0 && n.address != "" {
			t.Fatalf("delivered %d times, notice to %q", d, n.address)
		}
	})
}
