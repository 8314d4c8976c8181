package daemon

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

// longestID is as much of an unknown id as is repeated.
const longestID = 64

// requests are the statements of callers that run or wait. It is safe for
// concurrent use. Everything that only who asks needs, ids and texts, is made
// when somebody asks.
type requests struct {
	key  [32]byte // makes ids that nobody can guess
	full error

	mu   sync.Mutex
	last uint64
	open map[uint64]*request
}

func newRequests(full error) *requests {
	l := &requests{full: full, open: map[uint64]*request{}}
	_, _ = rand.Read(l.key[:]) // never fails
	return l
}

// add takes a request in; remove takes it out.
func (l *requests) add(r *request) (*request, error) {
	r.list, r.started = l, time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= maxWaiting {
		return nil, l.full
	}
	l.last++
	r.number = l.last
	l.open[r.number] = r
	return r, nil
}

func (l *requests) remove(r *request) {
	l.mu.Lock()
	delete(l.open, r.number)
	l.mu.Unlock()
}

// list gives those that the asker may know of, the oldest first.
func (l *requests) list(who identity) daemonapi.Running {
	answer := daemonapi.Running{Queries: []daemonapi.RunningQuery{}}
	for _, r := range l.visible(who) {
		answer.Queries = append(answer.Queries, r.describe(l.id(r.number)))
	}
	return answer
}

// cancel stops the one with this id, if the asker may know of it.
func (l *requests) cancel(who identity, id string) bool {
	for _, r := range l.visible(who) {
		if hmac.Equal([]byte(l.id(r.number)), []byte(id)) {
			r.cancel(who)
			return true
		}
	}
	return false
}

func (l *requests) visible(who identity) []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*request
	for _, r := range l.open {
		if who.reaches(r.asker) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *request) int { return int(a.number) - int(b.number) })
	return out
}

// id is what a request is called outside. It says nothing, not even how many
// there were before.
func (l *requests) id(number uint64) string {
	mac := hmac.New(sha256.New, l.key[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, number))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
