package natsbus

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

const (
	// pingInterval is the time between two pings of a link with open streams.
	pingInterval = time.Second
	// maxMissed is the number of intervals without a message that end the streams.
	maxMissed = 5
)

// statusHeader and noResponders report that a subject has no subscriber.
const (
	statusHeader = "Status"
	noResponders = "503"
)

// dialed is the calling end of a link. Its messages go to the subject of the
// service, with its inbox as the reply address. Messages of the answering process
// have a reply address too, which identifies its end of the link: a new address
// means that the process was restarted or has closed the link meanwhile.
type dialed struct {
	conn    *Conn
	subject string
	inbox   string
	peer    bus.Caller
	out     *mux.Outbox
	sub     *nats.Subscription
	stop    chan struct{}
	stopped sync.WaitGroup

	heard  atomic.Bool // since the last tick
	remote string      // subscription's goroutine only
}

// Dial implements bus.Dialer.
func (c *Conn) Dial(subject string, peer bus.Caller) (mux.Link, func(), error) {
	d := &dialed{conn: c, subject: subject, inbox: c.newInbox(), peer: peer, stop: make(chan struct{})}
	d.out = mux.NewOutbox(d.write)
	sub, err := c.subscribe(d.inbox, d.receive)
	if err != nil {
		return nil, nil, err
	}
	d.sub = sub
	c.add(d)
	d.stopped.Add(1)
	go d.watch()
	return d.out, d.close, nil
}

// subscribe makes a subscription that never drops messages: the credit of streams
// limits their number, not a buffer of the client.
func (c *Conn) subscribe(subject string, fn func(*nats.Msg)) (*nats.Subscription, error) {
	sub, err := c.nc.Subscribe(subject, fn)
	if err == nil {
		err = sub.SetPendingLimits(-1, -1)
	}
	if err != nil {
		return nil, fmt.Errorf("subscribe to a link: %w", err)
	}
	return sub, nil
}

func (d *dialed) write(batch []byte) (kept bool) {
	for a := d.conn.inProcess.acceptor(d.subject); a != nil; a = d.conn.inProcess.acceptor(d.subject) {
		if a.handle(d.inbox, batch, d) {
			return true
		}
	}
	msg := nats.Msg{Subject: d.subject, Reply: d.inbox, Data: batch}
	if err := d.conn.nc.PublishMsg(&msg); err != nil {
		d.down(errs.Wrap(errs.Unavailable, err, "The bus is not connected; try again"))
	}
	return false
}

// receiveLocal handles frames of a service in this process.
func (d *dialed) receiveLocal(batch []byte) {
	d.heard.Store(true)
	d.peer.Frames(batch)
}

func (d *dialed) receive(m *nats.Msg) {
	if len(m.Data) == 0 && m.Header.Get(statusHeader) == noResponders {
		d.unserved()
		return
	}
	d.heard.Store(true)
	d.peer.Frames(m.Data)
	if m.Reply != d.remote {
		if d.remote != "" {
			d.peer.Restarted()
		}
		d.remote = m.Reply
	}
}

func (d *dialed) down(err error) { d.peer.Down(err) }

// dropped handles that the service in this process has closed the link. If it was
// restarted, the new one reports which streams it has.
func (d *dialed) dropped() {
	if d.conn.inProcess.acceptor(d.subject) != nil {
		d.peer.Restarted()
		return
	}
	d.unserved()
}

// unserved fails the streams because the subject has no service.
func (d *dialed) unserved() {
	d.down(errs.E(errs.Unavailable, "The query node of this database is not running; try again later"))
}

// watch sends pings while streams are open, and fails them without an answer.
func (d *dialed) watch() {
	defer d.stopped.Done()
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-d.stop:
			return
		case <-tick.C:
		}
		if d.heard.Swap(false) || !d.peer.Busy() {
			missed = 0
		} else if missed++; missed > maxMissed {
			missed = 0
			d.down(errs.E(errs.Unavailable, "The query node of this database does not answer; check whether a change was made before you repeat it"))
		}
		if d.peer.Busy() {
			d.out.Send(mux.Ping, 0, nil)
		}
	}
}

func (d *dialed) close() {
	d.conn.remove(d)
	close(d.stop)
	d.stopped.Wait()
	_ = d.sub.Unsubscribe() // it fails only when the connection is gone
	d.out.Close()
	d.down(errs.E(errs.Unavailable, "The server is shutting down"))
}
