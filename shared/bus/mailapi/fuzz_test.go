package mailapi

import (
	"context"
	"log/slog"
	"testing"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// one is a queue that holds one job.
type one []byte

func (q one) Put(context.Context, string, []byte) error { return nil }

func (q one) Work(ctx context.Context, do func(context.Context, bus.Job) error) error {
	return do(ctx, bus.Job{ID: "1", Data: q})
}

// heard notes where notices go.
type heard struct{ address string }

func (h *heard) Listen() (string, func(context.Context) ([]byte, error), func(), error) {
	return "", nil, nil, errs.E(errs.Internal, "nobody listens")
}

func (h *heard) Notify(address string, data []byte) error {
	if len(data) > 0 && errs.Unmarshal(data).Code != errs.Mail {
		panic("a notice that is no refusal")
	}
	h.address = address
	return nil
}

// refusing gives every mail up for good.
type refusing int

func (r *refusing) Deliver(context.Context, Job) error {
	*r++
	return errs.E(errs.Mail, "no")
}

// A job that cannot be read is dropped once and for all: it must not come back
// for ever. One that can be is handled, and whoever waits is told.
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
