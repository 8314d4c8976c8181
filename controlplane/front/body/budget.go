package body

import (
	"sync"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// budget counts the memory of request bodies, in total and for each account. It
// is safe for concurrent use.
//
// An account may hold no more than what is free, so a few accounts cannot take
// the budget of all.
type budget struct {
	total, perAccount int64 // bytes

	mu   sync.Mutex
	held int64
	by   map[meta.EntityID]int64
}

func newBudget(total, perAccount int64) *budget {
	return &budget{total: total, perAccount: perAccount, by: map[meta.EntityID]int64{}}
}

// reserve counts n more bytes for an account; account 0 stands for all anonymous
// requests. The error is RateLimited when the account's limit is reached, and
// Unavailable when the total is.
func (b *budget) reserve(account meta.EntityID, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.by[account] + n
	switch {
	case own > b.perAccount && account != 0:
		return errs.E(errs.RateLimited, "The bodies of your requests use all the memory of one account, %d bytes (limits.body_bytes_per_account; the operator can raise it); send fewer large requests at once", b.perAccount)
	case own > b.perAccount, own > b.total-b.held-n:
		return errs.E(errs.Unavailable, "The server has too many large requests at this moment (limits.body_bytes is %d; the operator can raise it); try again in a while, or send less at once", b.total)
	}
	b.held += n
	b.by[account] = own
	return nil
}

// release uncounts n bytes.
func (b *budget) release(account meta.EntityID, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.by[account] -= n; b.by[account] == 0 {
		delete(b.by, account)
	}
}

// share is the part of a budget that one request holds. It is for one goroutine.
type share struct {
	budget  *budget
	account meta.EntityID
	bytes   int64
}

func (s *share) reserve(n int64) error {
	if err := s.budget.reserve(s.account, n); err != nil {
		return err
	}
	s.bytes += n
	return nil
}

func (s *share) shrink(n int64) {
	s.budget.release(s.account, n)
	s.bytes -= n
}

// release returns all of it to the budget.
func (s *share) release() {
	if s.bytes > 0 {
		s.shrink(s.bytes)
	}
}

// chunks is a body in memory, in chunks that are never copied while it grows. It
// reserves exactly the memory that it allocates.
type chunks struct {
	share *share
	list  [][]byte // only the last one has free space
	n     int64
}

const (
	firstChunk = 16 << 10
	maxChunk   = 256 << 10
)

// next returns the free space for the next bytes.
func (p *chunks) next() ([]byte, error) {
	size := firstChunk
	if last := len(p.list) - 1; last >= 0 {
		one := p.list[last]
		if len(one) < cap(one) {
			return one[len(one):cap(one)], nil
		}
		size = min(4*cap(one), maxChunk)
	}
	if err := p.share.reserve(int64(size)); err != nil {
		return nil, err
	}
	p.list = append(p.list, make([]byte, 0, size))
	return p.list[len(p.list)-1][:size], nil
}

// add records that n bytes were written to the space of next.
func (p *chunks) add(n int) {
	last := len(p.list) - 1
	p.list[last] = p.list[last][:len(p.list[last])+n]
	p.n += int64(n)
}

// join returns the body as one slice.
func (p *chunks) join() ([]byte, error) {
	if len(p.list) == 1 {
		return p.list[0], nil
	}
	before := p.share.bytes
	if err := p.share.reserve(p.n); err != nil {
		return nil, err
	}
	body := make([]byte, 0, p.n)
	for i, one := range p.list {
		body, p.list[i] = append(body, one...), nil
	}
	p.share.shrink(before)
	return body, nil
}
