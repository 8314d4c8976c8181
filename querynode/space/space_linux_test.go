package space

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func open(t *testing.T, b *Book, s Seat) Counters {
	t.Helper()
	fd, err := unix.Dup(int(b.File().Fd())) // as a daemon inherits it
	if err != nil {
		t.Fatal(err)
	}
	share, err := Open(fd, s)
	if err != nil {
		t.Fatal(err)
	}
	return share
}

// Daemons of one account see each other's seats, and those of other accounts
// only in the total of the node. A seat is cleared when its daemon ends.
func TestSeats(t *testing.T) {
	b, err := NewBook(Limits{Account: 100, Node: 1000}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var all []Seat
	for _, owner := range []string{"a", "a", "b"} {
		s, err := b.Enter(owner)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
		atomic.AddInt64(open(t, b, s).Seat, 30)
	}
	one, two, other := open(t, b, all[0]), open(t, b, all[1]), open(t, b, all[2])
	if all[0].Page != all[1].Page || all[0].Page == all[2].Page || *other.Seat != 30 || *one.Account != 100 || *one.Node != 1000 || *two.Seat != 30 {
		t.Errorf("seats %+v", all)
	}
	if got := b.TempBytes(); got != 90 {
		t.Errorf("all hold %d", got)
	}
	atomic.StoreInt64(other.Seat, 1<<60) // a daemon that lies
	if got := b.TempBytes(); got != 160 {
		t.Errorf("one that lies counts as %d", got-60)
	}
	guard := time.After(10 * time.Second)
	for sum := &b.memory.words(0)[wordUsed]; atomic.LoadInt64(sum) != 160; {
		select {
		case <-guard:
			t.Fatal("daemons are not told what all hold")
		case <-time.After(time.Millisecond):
		}
	}
	all[2].Leave()
	all[2].Leave() // once more does nothing
	if got := b.TempBytes(); got != 60 {
		t.Errorf("without b all hold %d", got)
	}
	again, err := b.Enter("c") // on the page of b
	if err != nil || again.Page != all[2].Page || *open(t, b, again).Seat != 0 {
		t.Errorf("a page that was used: %+v, %v", again, err)
	}
}

// There are pages for as many accounts as daemons.
func TestPages(t *testing.T) {
	b, err := NewBook(Limits{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i := range 3 {
		if _, err := b.Enter(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := b.Enter("more"); err == nil {
		t.Errorf("a page that is not there: %+v", s)
	}
}

func TestForDisk(t *testing.T) {
	for _, tt := range []struct {
		disk     int64
		in, want Limits
	}{
		{300 << 20, Limits{}, Limits{75 << 20, 150 << 20, 64 << 20}},
		{100 << 20, Limits{}, Limits{25 << 20, 50 << 20, 25 << 20}},
		{100 << 30, Limits{}, Limits{25 << 30, 50 << 30, 1 << 30}},
		{300 << 20, Limits{1, 2, 3}, Limits{1, 2, 3}},
	} {
		if got := tt.in.ForDisk(tt.disk); got != tt.want {
			t.Errorf("%d: %+v", tt.disk, got)
		}
	}
}
