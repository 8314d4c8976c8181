package natsbus

import "sync"

// inProcess are the endpoints for links that are served in the process of the
// embedded server. A link to one of them hands its batches over by a call: on
// the way through the server each would cost four switches of goroutines,
// which is most of what a small query costs. Everything else, also who may
// have links and when an end counts as dead, is as with links over NATS.
// A nil *locals holds none.
type inProcess struct {
	mu        sync.RWMutex
	bySubject map[string]*acceptor
}

func (l *inProcess) acceptor(subject string) *acceptor {
	if l == nil {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.bySubject[subject]
}

// add makes an acceptor known. The newest one of a subject counts: it belongs
// to a role that was started again while the one before still ends.
func (l *inProcess) add(a *acceptor) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySubject == nil {
		l.bySubject = map[string]*acceptor{}
	}
	l.bySubject[a.subject] = a
}

func (l *inProcess) remove(a *acceptor) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySubject[a.subject] == a {
		delete(l.bySubject, a.subject)
	}
}
