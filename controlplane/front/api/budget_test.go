package api

import (
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// However many accounts take as much as they can, there is room for one more.
func TestBudgetLeavesRoom(t *testing.T) {
	b := newBudget(1000, 600)
	fill := func(who meta.EntityID) (taken int64) {
		for b.take(who, 1) == nil {
			taken++
		}
		return taken
	}
	var got []int64
	for who := meta.EntityID(1); who <= 4; who++ {
		got = append(got, fill(who))
	}
	for i, want := range []int64{500, 250, 125, 62} {
		if got[i] != want {
			t.Errorf("account %d has taken %d of what was left, not %d", i+1, got[i], want)
		}
	}
	if err := b.take(5, 20); err != nil {
		t.Errorf("a fifth account has no room: %v", err)
	}
	b.give(5, 20)
	for i, n := range got {
		b.give(meta.EntityID(i+1), n)
	}
	if b.held != 0 || len(b.of) != 0 {
		t.Errorf("%d bytes of %d accounts are still counted", b.held, len(b.of))
	}
	small := newBudget(1000, 100)
	if err := small.take(1, 101); !errs.Is(err, errs.RateLimited) {
		t.Errorf("more than an account may have: %v", err)
	}
}

// A body that comes in pieces is what was sent, and has taken no more than it
// holds, but for the moment in which it is put together.
func TestPiecesJoin(t *testing.T) {
	for _, size := range []int{0, 1, firstPiece, firstPiece + 1, 3 * nextPiece, 3*nextPiece + 7} {
		b := newBudget(1<<40, 1<<30)
		held := &share{budget: b, who: 1}
		p := pieces{share: held}
		sent := make([]byte, size)
		for i := range sent {
			sent[i] = byte(i % 251)
		}
		for rest := sent; len(rest) > 0; {
			room, err := p.room()
			if err != nil {
				t.Fatal(err)
			}
			n := copy(room, rest[:min(len(rest), 1000)])
			p.add(n)
			rest = rest[n:]
		}
		if _, err := p.room(); err != nil {
			t.Fatal(err)
		}
		got, err := p.join()
		if err != nil || string(got) != string(sent) {
			t.Errorf("%d bytes became %d, %v", size, len(got), err)
		}
		if b.held > int64(size)+firstPiece {
			t.Errorf("%d bytes count as %d", size, b.held)
		}
		held.release()
		if b.held != 0 {
			t.Errorf("%d bytes are still counted", b.held)
		}
	}
}
