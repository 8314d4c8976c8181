// Package space counts what temporary files take on a node's disk: for each
// account, and in all. The daemons of an account share a page of memory, in which
// each has a word, its seat, for what it holds now and reads those of the others;
// what all accounts hold is in a page that daemons can only read. So a daemon
// knows without asking anybody whether there is room, one that was taken over by
// its tenant can lie about its own account only, and one that was killed leaves
// nothing behind: its seat is cleared.
//
// What counts is what the engine would lose at a crash: sorts, results that wait
// to be read, imports that wait for their end.
package space

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ayb-go/ayb/shared/errs"
)

// Limits are in bytes; 0 is none.
type Limits struct {
	// Account and Node are what the temporary files of one account, and all,
	// may take.
	Account, Node int64
	// Reserve is what the disk keeps for the server itself.
	Reserve int64
}

// ForDisk gives what is not set a value that suits a disk of so many bytes: half
// of it for temporary files, half of that for those of one account, and a
// reserve of a twentieth, of 64 MiB at least and 1 GiB at most, but never more
// than a quarter.
func (l Limits) ForDisk(bytes int64) Limits {
	l.Node = cmp.Or(l.Node, bytes/2)
	l.Account = cmp.Or(l.Account, l.Node/2)
	l.Reserve = cmp.Or(l.Reserve, min(max(bytes/20, 64<<20), 1<<30, bytes/4))
	return l
}

// Words of a page: in that of an account its limit, how many seats are in use
// from the first on, and the seats; in that of the node its limit and what all
// hold. querynode/engine/sqlite reads them, too.
const (
	wordLimit = 0
	wordUsed  = 1
	wordSeats = 2
	wordBytes = 8
)

// totalInterval is how often daemons are told what all hold.
const totalInterval = 100 * time.Millisecond

// errNoSeat: one account cannot have so many daemons.
var errNoSeat = errors.New("the account has too many databases at work")

// Book is the node's side. It is safe for concurrent use; a nil *Book counts
// nothing.
type Book struct {
	limits Limits
	memory memory
	stop   chan struct{}
	done   sync.WaitGroup

	mu       sync.Mutex
	accounts map[string]*account
	free     []int // pages that were given back
	pages    int   // that were ever given away
}

type account struct {
	page  int
	words []int64
	taken []bool
	count int // of seats that are taken
	used  int // up to the last one that ever was
}

// Seat is what one daemon is told of its place. The zero value is none.
type Seat struct {
	// Page is the account's page, 1 or more, and Number the seat in it.
	Page, Number int
	leave        func()
}

// Leave clears the seat, when its daemon has ended.
func (s Seat) Leave() {
	if s.leave != nil {
		s.leave()
	}
}

// NewBook makes the shared memory for as many daemons. Where the system has no
// such memory it gives nil, and nothing is counted.
func NewBook(l Limits, daemons int) (*Book, error) {
	m, err := newMemory(daemons + 1)
	if err != nil || m.file == nil {
		return nil, err
	}
	b := &Book{limits: l, memory: m, stop: make(chan struct{}), accounts: map[string]*account{}}
	atomic.StoreInt64(&m.words(0)[wordLimit], l.Node)
	b.done.Go(b.publishTotal)
	return b, nil
}

// Close ends the book. Daemons keep their view of it.
func (b *Book) Close() {
	if b == nil {
		return
	}
	close(b.stop)
	b.done.Wait()
	b.memory.close()
}

// Enter gives a daemon of an account a seat.
func (b *Book) Enter(owner string) (Seat, error) {
	if b == nil {
		return Seat{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a, err := b.account(owner)
	if err != nil {
		return Seat{}, err
	}
	for i := range a.taken {
		if !a.taken[i] {
			a.taken[i] = true
			a.count++
			a.used = max(a.used, i+1)
			atomic.StoreInt64(&a.words[wordUsed], int64(a.used))
			return Seat{Page: a.page, Number: i, leave: sync.OnceFunc(func() { b.leave(owner, i) })}, nil
		}
	}
	return Seat{}, errNoSeat
}

// account finds the page of an account, or gives it one. The caller holds b.mu.
func (b *Book) account(owner string) (*account, error) {
	if a := b.accounts[owner]; a != nil {
		return a, nil
	}
	page := b.pages + 1
	if n := len(b.free); n > 0 {
		page, b.free = b.free[n-1], b.free[:n-1]
	} else if page >= b.memory.pages {
		return nil, errNoSeat
	} else {
		b.pages = page
	}
	words := b.memory.words(page)
	for i := range words {
		atomic.StoreInt64(&words[i], 0)
	}
	atomic.StoreInt64(&words[wordLimit], b.limits.Account)
	a := &account{page: page, words: words, taken: make([]bool, len(words)-wordSeats)}
	b.accounts[owner] = a
	return a, nil
}

func (b *Book) leave(owner string, seat int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[owner]
	atomic.StoreInt64(&a.words[wordSeats+seat], 0)
	a.taken[seat] = false
	if a.count--; a.count == 0 {
		delete(b.accounts, owner)
		b.free = append(b.free, a.page)
	}
}

// TempBytes tells what temporary files take in all.
func (b *Book) TempBytes() int64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var sum int64
	for _, a := range b.accounts {
		for i, taken := range a.taken[:a.used] {
			if taken { // a daemon that lies does so about its own account
				sum += min(max(atomic.LoadInt64(&a.words[wordSeats+i]), 0), b.limits.Account)
			}
		}
	}
	return sum
}

func (b *Book) publishTotal() {
	t := time.NewTicker(totalInterval)
	defer t.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-t.C:
			atomic.StoreInt64(&b.memory.words(0)[wordUsed], b.TempBytes())
		}
	}
}

// Counters is a daemon's view: addresses in shared memory, nil where there is none.
type Counters struct {
	Seat, Account, Node *int64
}

// at is the address of a word.
func at(page []byte, word int) *int64 { return (*int64)(unsafe.Pointer(&page[word*wordBytes])) }

// Full is the error of who gets no room on the disk.
func Full() error {
	return errs.E(errs.DiskFull, "disk full: the disk of the server has no room left but for a reserve (limits.disk_reserve_bytes); nothing was changed; reading and deleting databases go on; try again when there is room, or tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// OverAccount is the error of who gets no room because of the account's other
// temporary files.
func OverAccount() error {
	return errs.E(errs.DiskFull, "temporary files full: imports, sorts and waiting results of this account take all that they may together (limits.temp_bytes_per_account); nothing was changed; try again when others have ended, or ask the operator of the server to raise the limit").
		With(errs.AttrReason, errs.ReasonTemp)
}

// OverNode is the error of who gets no room because of all temporary files.
func OverNode() error {
	return errs.E(errs.DiskFull, "temporary files full: imports, sorts and waiting results of all accounts take all that they may together (limits.temp_bytes); nothing was changed; try again later, or ask the operator of the server to raise the limit").
		With(errs.AttrReason, errs.ReasonTemp)
}

func memoryError(what string, err error) error {
	return fmt.Errorf("%s the memory in which temporary files are counted: %w", what, err)
}
