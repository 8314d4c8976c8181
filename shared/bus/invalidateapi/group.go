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

// Group is the membership of this process. It is safe for concurrent use.
type Group struct {
	bus    bus.Broadcaster
	id     string
	forget func(Notice)
	log    *slog.Logger
	start  time.Time

	trial bool         // the first own message after a silence has arrived; for receive only
	heard atomic.Int64 // when the own message that arrived last was sent, in nanoseconds since start; 0 for never

	sending sync.Mutex // messages are sent in the order of their numbers
	seq     uint64

	mu      sync.Mutex
	members map[string]member // the others
}

// member is the state of another member.
type member struct {
	at  time.Time // of its last message
	seq uint64    // the number of that message
}

// Join returns a membership. forget is called for every change of another member,
// one after another. The cache must not be used before Run has started.
func Join(b bus.Broadcaster, forget func(Notice), log *slog.Logger) *Group {
	return &Group{bus: b, id: rand.Text(), forget: forget, log: log, start: time.Now(), members: map[string]member{}}
}

// Run sends heartbeats and receives messages until ctx ends.
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
	if err != nil { // the lease expires by itself
		g.log.Debug("could not reach the other control planes", "err", err)
	}
}

// send numbers a message and sends it.
func (g *Group) send(m message, publish func([]byte) error) error {
	g.sending.Lock()
	defer g.sending.Unlock()
	g.seq++
	m.From, m.Seq, m.Sent = g.id, g.seq, int64(time.Since(g.start))
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return publish(data)
}

// receive handles a message. The answer to a notice is the id of this member.
func (g *Group) receive(data []byte) (answer []byte) {
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		g.log.Warn("could not decode a message of another control plane", "err", err)
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

// heardOwn handles an own message, which proves that all earlier messages have
// arrived. After a silence the cache may hold old data, so it is cleared. It counts
// as fresh from the second message on: by then the other members know that they
// must wait for this one.
func (g *Group) heardOwn(m message) {
	if !g.Fresh() {
		g.forget(Notice{All: true})
		if g.trial = !g.trial; g.trial {
			return
		}
	}
	g.heard.Store(m.Sent)
}

// note records a message of another member, and reports whether an earlier one may
// be lost.
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

// Fresh reports whether this process receives changes, so that its cache may be
// used.
func (g *Group) Fresh() bool {
	heard := time.Duration(g.heard.Load())
	return heard > 0 && time.Since(g.start)-heard < Lease
}

// Invalidate announces a change to all other members. It returns when each of them
// has removed the old data from its cache, or after ConfirmTimeout.
//
// The error is Unavailable when this process is cut off from the others: their
// caches may hold old data until it can reach them again. The change itself was
// made. Repeating the change announces it again.
func (g *Group) Invalidate(n Notice) error {
	if len(n.Tokens) > maxListed || len(n.Databases) > maxListed {
		n = Notice{All: true}
	}
	ctx, cancel := context.WithTimeout(context.Background(), ConfirmTimeout)
	defer cancel()
	err := g.waitFresh(ctx) // from then on the other members are known
	if err == nil {
		err = g.broadcast(ctx, n)
	}
	if err == nil {
		return nil
	}
	return errs.Wrap(errs.Unavailable, err,
		"The change was made, but it may not be in force everywhere yet because a part of the server is out of reach; try again")
}

// waitFresh waits until this process receives its own messages.
func (g *Group) waitFresh(ctx context.Context) error {
	if g.Fresh() {
		return nil
	}
	poll := time.NewTicker(contactInterval)
	defer poll.Stop()
	for !g.Fresh() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// broadcast is Invalidate for a process that was fresh a moment ago. If it still is,
// then a member without an answer does not use its cache.
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
	g.log.Warn("could not get the confirmation of every control plane", "missing", len(waiting), "err", err)
	g.dropMembers(waiting)
	return nil
}

// TokensChanged is Invalidate for tokens, given by their public parts.
func (g *Group) TokensChanged(shorts []string) error { return g.Invalidate(Notice{Tokens: shorts}) }

// DatabasesChanged is Invalidate for databases.
func (g *Group) DatabasesChanged(paths []ayb.DatabasePath) error {
	return g.Invalidate(Notice{Databases: paths})
}

// collect waits for the answers of all members in waiting.
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

// others returns the members with a message within Lease.
func (g *Group) others() map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[string]bool{}
	for id, m := range g.members {
		if time.Since(m.at) > Lease {
			delete(g.members, id) // its cache is not fresh
			continue
		}
		out[id] = true
	}
	return out
}

// dropMembers removes members without an answer, so that the next change does not
// wait for them. The next heartbeat of a live member adds it again.
func (g *Group) dropMembers(missing map[string]bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range missing {
		delete(g.members, id)
	}
}
