// Package space counts the temporary files on a node's disk, per account and in
// total. The daemons of an account share a page of memory. Each daemon writes
// its own size to one word of the page, its seat, and reads the words of the
// others. The total of all accounts is in a page that daemons can only read. So
// a daemon checks for free space without a call to the node. A daemon that its
// tenant has taken over can lie about its own account only. A killed daemon
// leaves nothing behind, since the node clears its seat.
//
// Only files count that the engine would lose in a crash: sorts, results that
// wait to be read, imports before their end.
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

// Limits are in bytes; 0 is unlimited.
type Limits struct {
	// Account and Node limit the temporary files of one account and of all
	// accounts.
	Account, Node int64
	// Reserve is the disk space that is kept free for the server itself.
	Reserve int64
}

// ForDisk sets missing values for a disk of that many bytes: half of the disk
// for temporary files, half of that for one account, and a reserve of 5 % of
// the disk. The reserve is at least 64 MiB and at most 1 GiB, but never more
// than a quarter of the disk.
func (l Limits) ForDisk(bytes int64) Limits {
	l.Node = cmp.Or(l.Node, bytes/2)
	l.Account = cmp.Or(l.Account, l.Node/2)
	l.Reserve = cmp.Or(l.Reserve, min(max(bytes/20, 64<<20), 1<<30, bytes/4))
	return l
}

// Words of a page. The page of an account has its limit, the number of words
// that are in use, and the seats. The page of the node has its limit and the
// total. querynode/engine/sqlite reads them too.
const (
	wordLimit = 0
	wordUsed  = 1
	wordSeats = 2
	wordBytes = 8
)

// totalInterval is the interval at which the total is written for daemons.
const totalInterval = 100 * time.Millisecond

// errNoSeat reports that an account has too many daemons.
var errNoSeat = errors.New("the account has too many databases at work")

// Book is the node's side. It is safe for concurrent use. A nil *Book counts
// nothing.
type Book struct {
	limits Limits
	memory memory
	stop   chan struct{}
	done   sync.WaitGroup

	mu       sync.Mutex
	accounts map[string]*account
	free     []int // pages of accounts without daemons
	pages    int   // number of pages that were ever used
}

type account struct {
	page  int
	words []int64
	taken []bool
	count int // seats in use
	used  int // seats up to the last that was ever used
}

// Seat is the place of one daemon. The zero value counts nothing.
type Seat struct {
	// Page is the account's page, from 1, and Number the seat in it.
	Page, Number int
	leave        func()
}

// Leave clears the seat. It is called after the daemon has ended.
func (s Seat) Leave() {
	if s.leave != nil {
		s.leave()
	}
}

// NewBook makes the shared memory for that many daemons. It returns nil, which
// counts nothing, where the system has no such memory.
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

// Close releases the node's view of the memory. Daemons keep theirs.
func (b *Book) Close() {
	if b == nil {
		return
	}
	close(b.stop)
	b.done.Wait()
	b.memory.close()
}

// Enter assigns a seat to a daemon of an account.
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

// account returns the page of an account, and assigns one on demand. The caller
// holds b.mu.
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

// TempBytes is the size of all temporary files.
func (b *Book) TempBytes() int64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var sum int64
	for _, a := range b.accounts {
		for i, taken := range a.taken[:a.used] {
			if taken { // clamped, since a hostile daemon may write any number
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

// Counters are a daemon's view: addresses in shared memory. An address is nil
// if the daemon has no such counter.
type Counters struct {
	Seat, Account, Node *int64
}

// at is the address of a word.
func at(page []byte, word int) *int64 { return (*int64)(unsafe.Pointer(&page[word*wordBytes])) }

// Full is the error of a disk without free space besides the reserve.
func Full() error {
	return errs.E(errs.DiskFull, "disk full: only the reserve of the server's disk is free (limits.disk_reserve_bytes); nothing was changed; databases can still be read and deleted; try again when there is room, or tell the operator").
		With(errs.AttrReason, errs.ReasonDisk)
}

// OverAccount is the error when the temporary files of one account reach their
// limit.
func OverAccount() error {
	return errs.E(errs.DiskFull, "temporary files full: the imports, sorts and waiting results of this account have reached their limit together (limits.temp_bytes_per_account); nothing was changed; try again when others have ended, or ask the operator of the server to raise the limit").
		With(errs.AttrReason, errs.ReasonTemp)
}

// OverNode is the error when the temporary files of all accounts reach their
// limit.
func OverNode() error {
	return errs.E(errs.DiskFull, "temporary files full: the imports, sorts and waiting results of all accounts have reached their limit together (limits.temp_bytes); nothing was changed; try again later, or ask the operator of the server to raise the limit").
		With(errs.AttrReason, errs.ReasonTemp)
}

func memoryError(what string, err error) error {
	return fmt.Errorf("%s the memory in which temporary files are counted: %w", what, err)
}
