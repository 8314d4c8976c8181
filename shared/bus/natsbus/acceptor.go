package natsbus

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// forgetAfter is the number of intervals after which an idle peer is removed.
const forgetAfter = 60

// acceptor is the answering end of all links to one endpoint. The inbox of a peer
// identifies it. Each peer also gets a number: the acceptor's inbox with that number
// is the reply subject on which NATS reports that the peer is gone.
type acceptor struct {
	conn    *Conn
	subject string
	accept  func(mux.Link) bus.Peer
	inbox   string
	sub     *nats.Subscription
	stop    chan struct{}
	done    sync.WaitGroup

	mu    sync.Mutex
	ended bool // it accepts no more batches
	last  int
	peers map[string]*accepted
	byNum map[string]*accepted
}

type accepted struct {
	a     *acceptor
	inbox string // the peer's
	num   string
	reply string
	out   *mux.Outbox
	peer  bus.Peer
	// caller is the calling end if it is in this process, else nil.
	caller *dialed

	heard  atomic.Bool
	missed int // for the goroutine of watch
}

func (c *Conn) newAcceptor(subject string, accept func(mux.Link) bus.Peer) (*acceptor, error) {
	a := &acceptor{
		conn: c, subject: subject, accept: accept, inbox: c.newInbox(), stop: make(chan struct{}),
		peers: map[string]*accepted{}, byNum: map[string]*accepted{},
	}
	sub, err := c.subscribe(a.inbox+".*", a.peerGone)
	if err != nil {
		return nil, err
	}
	a.sub = sub
	c.inProcess.add(a) // before it can end
	c.add(a)
	a.done.Add(1)
	go a.watch()
	return a, nil
}

// Handle implements micro.Handler: each message is a batch of frames of one
// peer. It runs on one goroutine for all of them and must not block.
func (a *acceptor) Handle(req micro.Request) {
	if fromRole(req.Reply()) { // otherwise there is no reply address
		a.handle(req.Reply(), req.Data(), nil)
	}
}

// handle handles a batch of the peer with this inbox. It returns false when the
// acceptor has ended.
func (a *acceptor) handle(inbox string, batch []byte, caller *dialed) (handled bool) {
	p := a.find(inbox, caller)
	if p == nil {
		return false
	}
	p.heard.Store(true)
	if isPing(batch) {
		p.out.Send(mux.Pong, 0, nil)
	}
	p.peer.Frames(batch)
	return true
}

// isPing reports whether the batch starts with a Ping. Enough pings are alone or first
// in their batch.
func isPing(batch []byte) bool {
	f, _, more, err := mux.Parse(batch)
	return err == nil && !more && f.Kind == mux.Ping
}

func (a *acceptor) find(inbox string, caller *dialed) *accepted {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return nil
	}
	if p := a.peers[inbox]; p != nil {
		return p
	}
	a.last++
	num := strconv.Itoa(a.last)
	p := &accepted{a: a, inbox: inbox, num: num, reply: a.inbox + "." + num, caller: caller}
	p.out = mux.NewOutbox(p.write)
	p.peer = a.accept(p.out)
	a.peers[inbox], a.byNum[num] = p, p
	return p
}

func (p *accepted) write(batch []byte) (kept bool) {
	if p.caller != nil {
		p.caller.receiveLocal(batch)
		return true
	}
	msg := nats.Msg{Subject: p.inbox, Reply: p.reply, Data: batch}
	if err := p.a.conn.nc.PublishMsg(&msg); err != nil {
		p.a.drop(p, errs.Wrap(errs.Unavailable, err, "The bus is not connected"))
	}
	return false
}

// peerGone handles the report of NATS that a peer's inbox has no subscriber.
func (a *acceptor) peerGone(m *nats.Msg) {
	num := m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]
	a.mu.Lock()
	p := a.byNum[num]
	a.mu.Unlock()
	if p != nil && m.Header.Get(statusHeader) == noResponders {
		a.drop(p, errs.E(errs.Canceled, "The caller is gone"))
	}
}

func (a *acceptor) drop(p *accepted, err error) {
	a.mu.Lock()
	if a.peers[p.inbox] == p {
		delete(a.peers, p.inbox)
		delete(a.byNum, p.num)
	}
	a.mu.Unlock()
	p.out.Close()
	p.peer.Down(err)
	if p.caller != nil { // otherwise NATS reports it
		p.caller.dropped()
	}
}

// down ends the streams of all peers: answers were lost with the connection.
func (a *acceptor) down(err error) {
	if a.conn.nc.IsClosed() {
		a.deregister()
	}
	for _, p := range a.all() {
		a.drop(p, err)
	}
}

// deregister removes the acceptor from the process and then ends it. In this order, a
// caller whose batch it rejects does not find it again.
func (a *acceptor) deregister() {
	a.conn.inProcess.remove(a)
	a.mu.Lock()
	a.ended = true
	a.mu.Unlock()
}

func (a *acceptor) all() []*accepted {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]*accepted, 0, len(a.peers))
	for _, p := range a.peers {
		out = append(out, p)
	}
	return out
}

func (a *acceptor) watch() {
	defer a.done.Done()
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	for {
		select {
		case <-a.stop:
			return
		case <-tick.C:
		}
		for _, p := range a.all() {
			if p.heard.Swap(false) {
				p.missed = 0
				continue
			}
			p.missed++
			if p.peer.Busy() && p.missed > maxMissed || p.missed > forgetAfter {
				a.drop(p, errs.E(errs.Canceled, "The caller does not answer"))
			}
		}
	}
}

func (a *acceptor) close() {
	a.deregister()
	a.conn.remove(a)
	close(a.stop)
	a.done.Wait()
	_ = a.sub.Unsubscribe() // it fails only when the connection is gone
	a.down(errs.E(errs.Unavailable, "The query node is shutting down"))
}
