package pool

import "time"

// A daemon that crashes is replaced at once. One that crashes again and again
// without answering anything waits longer and longer, so that nobody can keep the node busy with
// starting processes; other databases are not held up.
const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 10 * time.Second
	// crashMemory is how long a database must live to count as healthy.
	crashMemory = time.Minute
)

// crash is the recent past of a database whose daemon died.
type crash struct {
	times int
	last  time.Duration // pool time
}

// recordCrash notes that a daemon has died, and whether it had been of use.
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

// backoff is how long the next daemon of a database waits. The caller holds
// p.mu.
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

// forgetCrashes forgets crashes that are long past.
func (p *Pool) forgetCrashes(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, c := range p.crashes {
		if now-c.last > crashMemory {
			delete(p.crashes, at)
		}
	}
}
