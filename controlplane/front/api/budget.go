package api

import (
	"sync"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// budget counts the memory that bodies of requests take, in all and for each
// account, from their first byte on. It may be used concurrently.
//
// No account may hold more than is left for the others: a few cannot take all,
// however many large requests they begin.
type budget struct {
	all, account int64 // bytes

	mu   sync.Mutex
	held int64
	of   map[meta.EntityID]int64
}

func newBudget(all, account int64) *budget {
	return &budget{all: all, account: account, of: map[meta.EntityID]int64{}}
}

// take counts n more bytes for an account; zero stands for everybody who is not
// known. The error is RateLimited when the account has too many, and Unavailable
// when all have.
func (b *budget) take(who meta.EntityID, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.of[who] + n
	switch {
	case own > b.account && who != 0:
		return errs.E(errs.RateLimited, "The bodies of your requests take as much memory as those of one account may, %d bytes (limits.body_bytes_per_account; the operator can raise it); send fewer large requests at once", b.account)
	case own > b.account, own > b.all-b.held-n:
		return errs.E(errs.Unavailable, "The server has too many large requests at this moment (limits.body_bytes is %d; the operator can raise it); try again in a while, or send less at once", b.all)
	}
	b.held += n
	b.of[who] = own
	return nil
}

// give takes back what was counted.
func (b *budget) give(who meta.EntityID, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.of[who] -= n; b.of[who] == 0 {
		delete(b.of, who)
	}
}

// share is what one request has taken of a budget. It is for one goroutine.
type share struct {
	budget *budget
	who    meta.EntityID
	bytes  int64
}

func (s *share) take(n int64) error {
	if err := s.budget.take(s.who, n); err != nil {
		return err
	}
	s.bytes += n
	return nil
}

func (s *share) give(n int64) {
	s.budget.give(s.who, n)
	s.bytes -= n
}

// release gives everything back.
func (s *share) release() {
	if s.bytes > 0 {
		s.give(s.bytes)
	}
}

// pieces is a body as it comes, in parts that are never moved. What it has
// taken of the budget is what it has allocated.
type pieces struct {
	share *share
	list  [][]byte // all are full but the last
	n     int64
}

const (
	firstPiece = 16 << 10
	nextPiece  = 256 << 10
)

// room gives where the next bytes go.
func (p *pieces) room() ([]byte, error) {
	size := firstPiece
	if last := len(p.list) - 1; last >= 0 {
		one := p.list[last]
		if len(one) < cap(one) {
			return one[len(one):cap(one)], nil
		}
		size = min(4*cap(one), nextPiece)
	}
	if err := p.share.take(int64(size)); err != nil {
		return nil, err
	}
	p.list = append(p.list, make([]byte, 0, size))
	return p.list[len(p.list)-1][:size], nil
}

// add says that n bytes have come to where room said.
func (p *pieces) add(n int) {
	last := len(p.list) - 1
	p.list[last] = p.list[last][:len(p.list[last])+n]
	p.n += int64(n)
}

// join gives the whole body in one piece.
func (p *pieces) join() ([]byte, error) {
	if len(p.list) == 1 {
		return p.list[0], nil
	}
	before := p.share.bytes
	if err := p.share.take(p.n); err != nil {
		return nil, err
	}
	whole := make([]byte, 0, p.n)
	for i, one := range p.list {
		whole, p.list[i] = append(whole, one...), nil
	}
	p.share.give(before)
	return whole, nil
}
