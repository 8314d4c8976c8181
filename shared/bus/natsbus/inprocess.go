package natsbus

import "sync"

// inProcess is the in-process transport of links: the endpoints that are served in
// the process of the embedded server. A link to one of them passes its batches by
// a function call. Through the server, each batch would cost four goroutine
// switches, which is most of the cost of a small query. Permissions and the
// detection of dead peers are those of links over NATS. A nil *inProcess has no
// endpoints.
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

// add registers an acceptor. It replaces an older one of the same subject, whose
// role is still stopping.
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
