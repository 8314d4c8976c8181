package accounts

import (
	"context"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// S14: a name without an account gets the outcome of a real mail, after as long
// as that mail took.
func TestDecoy(t *testing.T) {
	var d decoy
	if got, err := d.answer(t.Context()); got != mailapi.Delivered || err != nil {
		t.Errorf("before any mail: %q, %v", got, err)
	}
	const took = 30 * time.Millisecond
	d.record(mailOutcome{took: took, delivery: mailapi.Queued})
	begun := time.Now()
	if got, err := d.answer(t.Context()); got != mailapi.Queued || err != nil || time.Since(begun) < took {
		t.Errorf("%q, %v after %v", got, err, time.Since(begun))
	}
	// Only the newest outcomes are kept.
	down := errs.E(errs.Unavailable, "The mail could not be queued")
	for range maxOutcomes {
		d.record(mailOutcome{err: down})
	}
	for range 100 {
		if got, err := d.answer(t.Context()); got != "" || err != down {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if len(d.recent) != maxOutcomes {
		t.Errorf("%d outcomes are kept", len(d.recent))
	}
	d = decoy{recent: []mailOutcome{{took: time.Hour}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.answer(ctx); !errs.Is(err, errs.Canceled) {
		t.Errorf("after its caller has canceled: %v", err)
	}
}

func TestInbox(t *testing.T) {
	for in, want := range map[string]string{
		"alice@example.org": "alice@example.org", "alice+1@example.org": "alice@example.org",
		"alice+1+2@example.org": "alice@example.org", "+@example.org": "@example.org",
	} {
		if got := inbox(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
