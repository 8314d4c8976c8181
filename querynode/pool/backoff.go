package pool

import "time"

// A daemon that crashes is replaced at once. When daemons of a database crash
// repeatedly without an answer, each start waits longer than the one before. So
// a client cannot keep the node busy with starting processes, and other
// databases are not delayed.
const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 10 * time.Second
	// crashMemory is how long after a crash it is forgotten.
	crashMemory = time.Minute
)

// crash counts the recent crashes of one database.
type crash struct {
	times int
	last  time.Duration // pool time
}

// recordCrash counts a crash. A daemon that had answered a request resets the
// count.
func (p *Pool) recordCrash(at InstanceKey, useful bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.crashes[at]
	if useful {
		c.times = 0
	}
	c.times++
	c.last = p.now()
	p.crashes[at] = c
}

// backoff returns how long the next daemon of a database waits. The caller
// holds p.mu.
func (p *Pool) backoff(at InstanceKey) time.Duration {
	c, ok := p.crashes[at]
	if !ok || c.times < 2 {
		return 0
	}
	if c.times > 10 {
		return maxBackoff
	}
	return min(firstBackoff<<(c.times-2), maxBackoff)
}

// forgetCrashes removes crashes older than crashMemory.
func (p *Pool) forgetCrashes(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, c := range p.crashes {
		if now-c.last > crashMemory {
			delete(p.crashes, at)
		}
	}
}
