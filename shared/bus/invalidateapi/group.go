package invalidateapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// Group is this process's membership. It is safe for concurrent use.
type Group struct {
	bus    bus.Broadcaster
	id     string
	forget func(Notice)
	log    *slog.Logger
	start  time.Time

	trial bool         // receive's only
	heard atomic.Int64 // when that was sent, in nanoseconds since start, which came back to us last; 0 never

	speaking sync.Mutex // messages leave in the order of their numbers
	seq      uint64

	mu      sync.Mutex
	members map[string]member // the others
}

// member is what is known of another one.
type member struct {
	at  time.Time // when it was heard last
	seq uint64    // the number of what it said last
}

// Join makes a membership; forget is told of every change that others make,
// one after another. The memory is not to be trusted before Run has begun.
func Join(b bus.Broadcaster, forget func(Notice), log *slog.Logger) *Group {
	return &Group{bus: b, id: rand.Text(), forget: forget, log: log, start: time.Now(), members: map[string]member{}}
}

// Run takes part until ctx ends.
func (g *Group) Run(ctx context.Context) error {
	stop, err := g.bus.Subscribe(Subject, g.receive)
	if err != nil {
		return err
	}
	defer stop()
	tick := time.NewTicker(HeartbeatInterval)
	defer tick.Stop()
	for {
		g.publish(message{})
		select {
		case <-ctx.Done():
			g.publish(message{Leave: true})
			return nil
		case <-tick.C:
		}
	}
}

func (g *Group) publish(m message) {
	err := g.send(m, func(data []byte) error { return g.bus.Publish(Subject, data) })
	if err != nil { // the lease runs out by itself
		g.log.Debug("control planes cannot be told", "err", err)
	}
}

// send gives a message its number and sends it.
func (g *Group) send(m message, publish func([]byte) error) error {
	g.speaking.Lock()
	defer g.speaking.Unlock()
	g.seq++
	m.From, m.Seq, m.Sent = g.id, g.seq, int64(time.Since(g.start))
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return publish(data)
}

// receive takes what any member says; the answer says who has understood.
func (g *Group) receive(data []byte) (answer []byte) {
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		g.log.Warn("notice of another control plane not readable", "err", err)
		g.forget(Notice{All: true}) // it may have been about anything
		return nil
	}
	if m.From == g.id {
		g.heardOwn(m)
		return nil
	}
	if g.note(m) {
		g.forget(Notice{All: true})
	}
	if m.Notice == nil {
		return nil
	}
	g.forget(*m.Notice)
	return []byte(g.id)
}

// heardOwn notes that a message of our own has come back, which proves that we had
// heard everything when it was sent. After a silence nothing that was
// remembered before is true for sure, and the first message is only on trial:
// by the second one the others know that they must wait for us.
func (g *Group) heardOwn(m message) {
	if !g.Fresh() {
		g.forget(Notice{All: true})
		if g.trial = !g.trial; g.trial {
			return
		}
	}
	g.heard.Store(m.Sent)
}

// note notes a message of another member and tells whether one before it
// may have been lost.
func (g *Group) note(m message) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before, known := g.members[m.From]
	if m.Leave {
		delete(g.members, m.From)
	} else {
		g.members[m.From] = member{at: time.Now(), seq: m.Seq}
	}
	return !known || m.Seq != before.seq+1
}

// Fresh tells whether this process hears of changes, so that its memory may
// be used.
func (g *Group) Fresh() bool {
	heard := time.Duration(g.heard.Load())
	return heard > 0 && time.Since(g.start)-heard < Lease
}

// Invalidate tells all other members of a change and returns when each has
// forgotten what it made untrue, or after ConfirmTimeout.
//
// The error is Unavailable when this process is cut off from the others: they
// go on trusting their memory, and have to until it can be heard again. The
// change itself was made; making it once more tells of it again.
func (g *Group) Invalidate(n Notice) error {
	if len(n.Tokens) > maxListed || len(n.Databases) > maxListed {
		n = Notice{All: true}
	}
	ctx, cancel := context.WithTimeout(context.Background(), ConfirmTimeout)
	defer cancel()
	err := g.waitFresh(ctx) // by then the others are known
	if err == nil {
		err = g.broadcast(ctx, n)
	}
	if err == nil {
		return nil
	}
	return errs.Wrap(errs.Unavailable, err,
		"The change was made, but it may not be in force everywhere yet because a part of the server is out of reach; try again")
}

// waitFresh waits until this process hears itself.
func (g *Group) waitFresh(ctx context.Context) error {
	if g.Fresh() {
		return nil
	}
	look := time.NewTicker(contactInterval)
	defer look.Stop()
	for !g.Fresh() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// broadcast is Invalidate for a process that was in contact a moment ago. Members that do
// not answer although it still is do not trust their memory.
func (g *Group) broadcast(ctx context.Context, n Notice) error {
	waiting := g.others()
	var answers bus.Answers
	err := g.send(message{Notice: &n}, func(data []byte) (err error) {
		answers, err = g.bus.Ask(Subject, data)
		return err
	})
	if err != nil {
		return err
	}
	defer answers.Close()
	if err = collect(ctx, answers, waiting); err == nil {
		return nil
	}
	if !g.Fresh() {
		return err
	}
	g.log.Warn("not every control plane has confirmed a change", "missing", len(waiting), "err", err)
	g.dropMembers(waiting)
	return nil
}

// TokensChanged is Invalidate for tokens, by their public parts.
func (g *Group) TokensChanged(shorts []string) error { return g.Invalidate(Notice{Tokens: shorts}) }

// DatabasesChanged is Invalidate for databases.
func (g *Group) DatabasesChanged(paths []ayb.DatabasePath) error {
	return g.Invalidate(Notice{Databases: paths})
}

// collect takes answers until nobody is waited for.
func collect(ctx context.Context, answers bus.Answers, waiting map[string]bool) error {
	for len(waiting) > 0 {
		id, err := answers.Next(ctx)
		if err != nil {
			return err
		}
		delete(waiting, string(id))
	}
	return nil
}

// others are the members that have shown themselves lately.
func (g *Group) others() map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[string]bool{}
	for id, m := range g.members {
		if time.Since(m.at) > Lease {
			delete(g.members, id) // it does not trust its memory any more
			continue
		}
		out[id] = true
	}
	return out
}

// dropMembers forgets members that did not answer, so that the next change does not
// wait for them; one that lives shows itself again.
func (g *Group) dropMembers(missing map[string]bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range missing {
		delete(g.members, id)
	}
}
