package databases

import (
	"context"
	"testing"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
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

// asker is the part of the service that queries pass, with a quota of places
// for each account.
func asker(q *queries, places int64) *Databases {
	d := &Databases{deps: Deps{Queries: q}, place: placement.New(nil), quota: newQueryQuota(), barriers: newWriteBarriers()}
	d.cfg.Limits.Set(limits.QueriesPerAccount, places)
	return d
}

func (d *Databases) asks(ctx context.Context, owner, caller meta.EntityID) (nodeapi.Answer, error) {
	return d.sendCounted(ctx, authz.Actor{Entity: caller}, meta.Database{ID: 1, Owner: owner, Node: "n"}, nodeapi.QueryRequest{Mode: ayb.QueryReadWrite})
}

func TestQueriesPerAccount(t *testing.T) {
	q := &queries{}
	d := asker(q, 2)
	ask := func() (nodeapi.Answer, error) { return d.asks(t.Context(), 1, 1) }
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
	if a, err := d.asks(t.Context(), 2, 2); err != nil {
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
	if len(d.quota.counts) != 1 || len(d.barriers.byID) != 1 {
		t.Errorf("counts %v, %v", d.quota.counts, d.barriers.byID)
	}
}

// Many slow readers of a public database leave its owner room.
func TestGuestsLeaveTheOwnerRoom(t *testing.T) {
	d := asker(&queries{}, 8)
	ask := func(caller meta.EntityID) error {
		_, err := d.asks(t.Context(), 1, caller)
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
