package databases

import (
	"context"
	"testing"

	"github.com/ayb-go/ayb/controlplane/meta"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// queries answers every query, or none.
type queries struct{ down bool }

func (q *queries) Query(context.Context, nodeapi.NodeID, nodeapi.QueryRequest) (nodeapi.Answer, error) {
	if q.down {
		return nil, errs.E(errs.Unavailable, "down")
	}
	return open{}, nil
}

// open is an answer that does not end.
type open struct{}

func (open) Next(ctx context.Context) ([]byte, bool, error) {
	<-ctx.Done()
	return nil, false, ctx.Err()
}
func (open) Close() {}

func TestQueriesPerAccount(t *testing.T) {
	r, q := newRunning(), &queries{}
	ask := func() (nodeapi.Answer, error) {
		return r.query(t.Context(), q, 1, 1, 2, "n", nodeapi.QueryRequest{})
	}
	first, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the third gave %v", err)
	}
	if a, err := r.query(t.Context(), q, 2, 2, 2, "n", nodeapi.QueryRequest{}); err != nil {
		t.Errorf("another account: %v", err)
	} else {
		a.Close()
	}
	first.Close()
	first.Close() // gives one place back, not two
	q.down = true
	if _, err := ask(); !errs.Is(err, errs.Unavailable) { // gives its place back by itself
		t.Errorf("a node that is down: %v", err)
	}
	q.down = false
	if _, err := ask(); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	if _, err := ask(); err == nil {
		t.Error("a place was given twice")
	}
	if len(r.n) != 1 {
		t.Errorf("counts %v", r.n)
	}
}

// Many slow readers of a public database leave its owner room.
func TestGuestsLeaveTheOwnerRoom(t *testing.T) {
	r, q := newRunning(), &queries{}
	ask := func(caller meta.EntityID) error {
		_, err := r.query(t.Context(), q, 1, caller, 8, "n", nodeapi.QueryRequest{})
		return err
	}
	for range 2 {
		if err := ask(7); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(7); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a guest's third of eight places: %v", err)
	}
	for range 6 {
		if err := ask(1); err != nil {
			t.Errorf("the owner: %v", err)
		}
	}
}
