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

// longestShownID is how many bytes of an unknown id an error repeats.
const longestShownID = 64

// requests is the list of statements that run or wait. It is safe for concurrent
// use. Ids and texts are made only for a caller who lists them.
type requests struct {
	key     [32]byte // makes ids that cannot be guessed
	tooMany error

	mu   sync.Mutex
	last uint64
	open map[uint64]*request
}

func newRequests(full error) *requests {
	l := &requests{tooMany: full, open: map[uint64]*request{}}
	_, _ = rand.Read(l.key[:]) // never fails
	return l
}

// add adds a request to the list. The error says that the list is full.
func (l *requests) add(r *request) (*request, error) {
	r.list, r.started = l, time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= maxWaiting {
		return nil, l.tooMany
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

// descriptions lists the requests that a caller may see, the oldest first.
func (l *requests) descriptions(by caller) daemonapi.Running {
	answer := daemonapi.Running{Queries: []daemonapi.RunningQuery{}}
	for _, r := range l.visible(by) {
		answer.Queries = append(answer.Queries, r.description(l.id(r.number)))
	}
	return answer
}

// cancel stops the request with an id, and reports whether the caller may see such
// a request.
func (l *requests) cancel(by caller, id string) bool {
	for _, r := range l.visible(by) {
		if hmac.Equal([]byte(l.id(r.number)), []byte(id)) {
			r.cancel(by)
			return true
		}
	}
	return false
}

func (l *requests) visible(by caller) []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*request
	for _, r := range l.open {
		if by.maySee(r.caller) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *request) int { return int(a.number) - int(b.number) })
	return out
}

// id is the name of a request for callers. It reveals nothing, not even how many
// requests there were before.
func (l *requests) id(number uint64) string {
	mac := hmac.New(sha256.New, l.key[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, number))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
