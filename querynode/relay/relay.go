// Package relay joins the streams of control planes on the bus with the
// streams of daemons. It rewrites stream numbers and forwards frames; credit
// passes through from end to end, so the relay holds no result in memory. It
// starts daemons through the pool and reads nothing of a request but its head.
package relay

import (
	"encoding/json"
	"sync"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// Daemons is where the relay finds the daemon of a database.
type Daemons interface {
	// Get gives the daemon with these limits, starting one when needed, without
	// waiting.
	Get(db ayb.DatabasePath, own daemonapi.Limits) (*pool.Daemon, error)
	// GetStaged is Get for a version that is not live.
	GetStaged(db ayb.DatabasePath, version string, own daemonapi.Limits) (*pool.Daemon, error)
	// Running gives the daemon where statements may run, nil if there is none.
	Running(db ayb.DatabasePath) *pool.Daemon
}

// Relay makes the node's end of links.
type Relay struct{ daemons Daemons }

// New makes a relay.
func New(d Daemons) *Relay { return &Relay{d} }

// Accept takes a new link of a control plane.
func (r *Relay) Accept(link mux.Link) bus.Peer {
	return &peer{relay: r, link: link, legs: map[uint32]*leg{}}
}

// peer is one control plane's link.
type peer struct {
	relay *Relay
	link  mux.Link

	mu   sync.Mutex
	legs map[uint32]*leg // by the control plane's stream number
	down bool            // nobody would hear an answer: nothing is taken on
}

// leg joins a stream of the peer with a stream of a daemon.
type leg struct {
	peer   *peer
	id     uint32
	kind   daemonapi.Kind
	rests  bool
	daemon *pool.Daemon

	mu     sync.Mutex
	far    uint32 // the daemon's stream number; 0 until Open has returned
	queued bool   // canceled before far was known
}

var _ bus.Peer = (*peer)(nil)

// Frames implements bus.Peer.
func (p *peer) Frames(batch []byte) {
	var h held
	defer h.release()
	if err := mux.EachFrame(batch, func(f mux.Frame) { p.frame(f, &h) }); err != nil {
		p.cancel(func(uint32) bool { return true }) // what this peer asked for cannot be trusted either
	}
}

// held is the daemon that the last frame of a batch was for: it gets those that
// follow one another together.
type held struct{ daemon *pool.Daemon }

func (h *held) hold(d *pool.Daemon) {
	if h.daemon == d {
		return
	}
	h.release()
	h.daemon = d
	d.Hold()
}

func (h *held) release() {
	if h.daemon != nil {
		h.daemon.Release()
	}
}

func (p *peer) frame(f mux.Frame, h *held) {
	switch f.Kind {
	case mux.Open, mux.OpenFinal:
		if err := p.open(f, h); err != nil {
			p.link.Send(mux.Fail, f.Stream, errs.Marshal(err))
		}
	case mux.Data, mux.Final, mux.Credit, mux.Cancel:
		if l := p.leg(f.Stream); l != nil {
			h.hold(l.daemon)
			l.send(f)
		}
	case mux.Reset:
		p.cancel(func(id uint32) bool { return mux.ResetCovers(f.Payload, id) })
	case mux.Check:
		mux.EachStream(f.Payload, func(id uint32) {
			if p.leg(id) == nil {
				mux.FailUnknown(p.link, id)
			}
		})
	}
}

func (p *peer) open(f mux.Frame, h *held) error {
	req, err := daemonapi.Parse(f.Payload)
	if err != nil {
		return err
	}
	if req.Type != ayb.SQLite {
		return errs.E(errs.Unsupported, "This query node cannot run %s databases", req.Type)
	}
	l := &leg{peer: p, id: f.Stream, kind: req.Kind, rests: rests(&req)}
	p.mu.Lock()
	used, down := p.legs[f.Stream] != nil, p.down
	if !used && !down {
		p.legs[f.Stream] = l
	}
	p.mu.Unlock()
	switch {
	case down: // a batch that came at the same moment
		return errs.E(errs.Unavailable, "The connection to the query node broke; try again")
	case used:
		return errs.E(errs.Internal, "A request number was used twice")
	}
	if req.Kind == daemonapi.KindRunning || req.Kind == daemonapi.KindCancel {
		return p.ask(l, f, req)
	}
	whole, err := forWhole(&req)
	if err != nil {
		p.forget(l)
		return err
	}
	for {
		d, err := p.relay.daemon(&req, whole)
		if err != nil {
			p.forget(l)
			return err
		}
		l.daemon = d
		h.hold(d)
		if far, ok := d.Open(f.Kind, f.Payload, req.Timeout, l); ok {
			l.opened(far)
			return nil
		}
	}
}

// forWhole tells whether a request is for a version that is staged, as what
// replaces or checks a whole database is; everything else is for the live one.
func forWhole(req *daemonapi.Request) (whole bool, err error) {
	whole = req.Kind == daemonapi.KindCheck
	if req.Kind == daemonapi.KindImport {
		var o daemonapi.ImportOptions
		if err := json.Unmarshal(req.Options, &o); err != nil {
			return false, errs.Wrap(errs.Invalid, err, "The options of an import could not be read")
		}
		whole = o.Format == daemonapi.TransferSQLite
	}
	switch {
	case whole && req.Version == "":
		return false, errs.E(errs.Invalid, "A whole database can be imported or checked only in a version that is not live")
	case !whole && req.Version != "":
		return false, errs.E(errs.Invalid, "This cannot be asked of a version that is not live")
	}
	return whole, nil
}

// daemon finds the one that a request is for.
func (r *Relay) daemon(req *daemonapi.Request, whole bool) (*pool.Daemon, error) {
	if whole {
		return r.daemons.GetStaged(req.Path, req.Version, req.Limits)
	}
	return r.daemons.Get(req.Path, req.Limits)
}

// ask passes on a question about what runs. It starts no daemon: where there
// is none, nothing runs.
func (p *peer) ask(l *leg, f mux.Frame, req daemonapi.Request) error {
	if d := p.relay.daemons.Running(req.Path); d != nil {
		l.daemon = d
		if far, ok := d.Open(f.Kind, f.Payload, req.Timeout, l); ok {
			l.opened(far)
			return nil
		}
	}
	p.forget(l)
	if req.Kind == daemonapi.KindCancel {
		return errs.RecordNotFound("query", string(req.Body[:min(len(req.Body), longestID)]))
	}
	p.link.Send(mux.Final, l.id, []byte(`{"queries":[]}`))
	return nil
}

// longestID is as much of an unknown id as is repeated.
const longestID = 64

func (p *peer) leg(id uint32) *leg {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.legs[id]
}

// forget ends a leg; false when the peer has given it up before.
func (p *peer) forget(l *leg) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.legs[l.id] != l {
		return false
	}
	delete(p.legs, l.id)
	return true
}

// Busy implements bus.Peer.
func (p *peer) Busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.legs) > 0
}

// Down implements bus.Peer: nobody waits for the answers any more.
func (p *peer) Down(error) {
	p.mu.Lock()
	legs := p.legs
	p.legs = map[uint32]*leg{}
	p.down = true
	p.mu.Unlock()
	for _, l := range legs {
		l.send(mux.Frame{Kind: mux.Cancel})
	}
}

// cancel stops some of the streams; each still ends with a frame.
func (p *peer) cancel(which func(id uint32) bool) {
	p.mu.Lock()
	var legs []*leg
	for id, l := range p.legs {
		if which(id) {
			legs = append(legs, l)
		}
	}
	p.mu.Unlock()
	for _, l := range legs {
		l.send(mux.Frame{Kind: mux.Cancel})
	}
}

// opened notes the daemon's stream number.
func (l *leg) opened(far uint32) {
	l.mu.Lock()
	l.far = far
	cancel := l.queued
	l.mu.Unlock()
	if cancel {
		l.daemon.Send(mux.Cancel, far, nil)
	}
}

// send passes a frame of the peer on. Only a Cancel can come before the
// stream number is known, when the link goes down at that moment.
func (l *leg) send(f mux.Frame) {
	l.mu.Lock()
	far := l.far
	if far == 0 && f.Kind == mux.Cancel {
		l.queued = true
	}
	l.mu.Unlock()
	if far != 0 {
		l.daemon.Send(f.Kind, far, f.Payload)
	}
}

// Receive implements pool.Receiver.
func (l *leg) Receive(k mux.Kind, payload []byte) {
	if k == mux.Final || k == mux.Fail {
		if !l.peer.forget(l) {
			return
		}
	}
	if k == mux.Fail {
		payload = engineError(l.kind, payload)
	}
	l.peer.link.Send(k, l.id, payload)
}
