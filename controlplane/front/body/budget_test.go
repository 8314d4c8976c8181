package body

import (
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// Accounts that reserve as much as they can leave room for one more.
func TestBudgetLeavesRoom(t *testing.T) {
	b := newBudget(1000, 600)
	fill := func(who meta.EntityID) (taken int64) {
		for b.reserve(who, 1) == nil {
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
	if err := b.reserve(5, 20); err != nil {
		t.Errorf("a fifth account has no room: %v", err)
	}
	b.release(5, 20)
	for i, n := range got {
		b.release(meta.EntityID(i+1), n)
	}
	if b.held != 0 || len(b.by) != 0 {
		t.Errorf("%d bytes of %d accounts are still counted", b.held, len(b.by))
	}
	small := newBudget(1000, 100)
	if err := small.reserve(1, 101); !errs.Is(err, errs.RateLimited) {
		t.Errorf("more than the limit of an account: %v", err)
	}
}

// A body in chunks is the body that was sent, and it reserves only its own size
// once it is joined.
func TestChunksJoin(t *testing.T) {
	for _, size := range []int{0, 1, firstChunk, firstChunk + 1, 3 * maxChunk, 3*maxChunk + 7} {
		b := newBudget(1<<40, 1<<30)
		held := &share{budget: b, account: 1}
		p := chunks{share: held}
		sent := make([]byte, size)
		for i := range sent {
			sent[i] = byte(i % 251)
		}
		for rest := sent; len(rest) > 0; {
			room, err := p.next()
			if err != nil {
				t.Fatal(err)
			}
			n := copy(room, rest[:min(len(rest), 1000)])
			p.add(n)
			rest = rest[n:]
		}
		if _, err := p.next(); err != nil {
			t.Fatal(err)
		}
		got, err := p.join()
		if err != nil || string(got) != string(sent) {
			t.Errorf("%d bytes became %d, %v", size, len(got), err)
		}
		if b.held > int64(size)+firstChunk {
			t.Errorf("%d bytes count as %d", size, b.held)
		}
		held.release()
		if b.held != 0 {
			t.Errorf("%d bytes are still counted", b.held)
		}
	}
}
