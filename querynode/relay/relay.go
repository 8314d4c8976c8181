// Package relay joins the streams of control planes on the bus with the
// streams of daemons. It rewrites stream numbers and forwards frames; credit
// passes through from end to end, so the relay holds no result in memory. It
// starts daemons through the pool and reads nothing of a request but its head.
package relay

import (
	"encoding/json"
	"sync"

	"github.com/ayb-go/ayb/querynode/engine/kind"
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
	return &peer{relay: r, link: link, streams: map[uint32]*proxyStream{}}
}

// peer is one control plane's link.
type peer struct {
	relay *Relay
	link  mux.Link

	mu      sync.Mutex
	streams map[uint32]*proxyStream // by the control plane's stream number
	down    bool                    // nobody would hear an answer: nothing is taken on
}

// stream joins a stream of the peer with a stream of a daemon.
type proxyStream struct {
	peer       *peer
	id         uint32
	kind       daemonapi.Kind
	background bool
	daemon     *pool.Daemon

	mu            sync.Mutex
	daemonID      uint32 // the daemon's stream number; 0 until Open has returned
	cancelPending bool   // canceled before far was known
}

var _ bus.Peer = (*peer)(nil)

// Frames implements bus.Peer.
func (p *peer) Frames(batch []byte) {
	var h corked
	defer h.uncork()
	if err := mux.EachFrame(batch, func(f mux.Frame) { p.frame(f, &h) }); err != nil {
		p.cancel(func(uint32) bool { return true }) // what this peer asked for cannot be trusted either
	}
}

// corked is the daemon that the last frame of a batch was for: it gets those that
// follow one another together.
type corked struct{ daemon *pool.Daemon }

func (h *corked) cork(d *pool.Daemon) {
	if h.daemon == d {
		return
	}
	h.uncork()
	h.daemon = d
	d.Cork()
}

func (h *corked) uncork() {
	if h.daemon != nil {
		h.daemon.Uncork()
	}
}

func (p *peer) frame(f mux.Frame, h *corked) {
	switch f.Kind {
	case mux.Open, mux.OpenFinal:
		if err := p.open(f, h); err != nil {
			p.link.Send(mux.Fail, f.Stream, errs.Marshal(err))
		}
	case mux.Data, mux.Final, mux.Credit, mux.Cancel:
		if l := p.stream(f.Stream); l != nil {
			h.cork(l.daemon)
			l.send(f)
		}
	case mux.Reset:
		p.cancel(func(id uint32) bool { return mux.ResetCovers(f.Payload, id) })
	case mux.Check:
		mux.EachStream(f.Payload, func(id uint32) {
			if p.stream(id) == nil {
				mux.FailUnknown(p.link, id)
			}
		})
	}
}

func (p *peer) open(f mux.Frame, h *corked) error {
	req, err := daemonapi.Parse(f.Payload)
	if err != nil {
		return err
	}
	if !kind.Known(req.Type) {
		return errs.E(errs.Unsupported, "This query node cannot run %s databases", req.Type)
	}
	l := &proxyStream{peer: p, id: f.Stream, kind: req.Kind, background: isBackground(&req)}
	p.mu.Lock()
	used, down := p.streams[f.Stream] != nil, p.down
	if !used && !down {
		p.streams[f.Stream] = l
	}
	p.mu.Unlock()
	switch {
	case down: // a batch that came at the same moment
		return errs.E(errs.Unavailable, "The connection to the query node broke; try again")
	case used:
		return errs.E(errs.Internal, "A request number was used twice")
	}
	if req.Kind == daemonapi.KindRunning || req.Kind == daemonapi.KindCancel {
		return p.forwardToRunning(l, f, req)
	}
	whole, err := needsStagedVersion(&req)
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
		h.cork(d)
		if far, ok := d.Open(f.Kind, f.Payload, req.Timeout, l); ok {
			l.setDaemonID(far)
			return nil
		}
	}
}

// needsStagedVersion tells whether a request is for a version that is staged, as what
// replaces or checks a whole database is; everything else is for the live one.
func needsStagedVersion(req *daemonapi.Request) (whole bool, err error) {
	whole = req.Kind == daemonapi.KindCheck
	if req.Kind == daemonapi.KindImport {
		var o daemonapi.ImportOptions
		if err := json.Unmarshal(req.Options, &o); err != nil {
			return false, errs.Wrap(errs.Invalid, err, "The options of an import could not be read")
		}
		whole = o.Format.CompleteFile()
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

// forwardToRunning passes on a question about what runs. It starts no daemon: where there
// is none, nothing runs.
func (p *peer) forwardToRunning(l *proxyStream, f mux.Frame, req daemonapi.Request) error {
	if d := p.relay.daemons.Running(req.Path); d != nil {
		l.daemon = d
		if far, ok := d.Open(f.Kind, f.Payload, req.Timeout, l); ok {
			l.setDaemonID(far)
			return nil
		}
	}
	p.forget(l)
	if req.Kind == daemonapi.KindCancel {
		return errs.RecordNotFound("query", string(req.Body[:min(len(req.Body), maxID)]))
	}
	p.link.Send(mux.Final, l.id, []byte(`{"queries":[]}`))
	return nil
}

// maxID is as much of an unknown id as is repeated.
const maxID = 64

func (p *peer) stream(id uint32) *proxyStream {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streams[id]
}

// forget ends a leg; false when the peer has given it up before.
func (p *peer) forget(l *proxyStream) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams[l.id] != l {
		return false
	}
	delete(p.streams, l.id)
	return true
}

// Busy implements bus.Peer.
func (p *peer) Busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.streams) > 0
}

// Down implements bus.Peer: nobody waits for the answers any more.
func (p *peer) Down(error) {
	p.mu.Lock()
	legs := p.streams
	p.streams = map[uint32]*proxyStream{}
	p.down = true
	p.mu.Unlock()
	for _, l := range legs {
		l.send(mux.Frame{Kind: mux.Cancel})
	}
}

// cancel stops some of the streams; each still ends with a frame.
func (p *peer) cancel(which func(id uint32) bool) {
	p.mu.Lock()
	var legs []*proxyStream
	for id, l := range p.streams {
		if which(id) {
			legs = append(legs, l)
		}
	}
	p.mu.Unlock()
	for _, l := range legs {
		l.send(mux.Frame{Kind: mux.Cancel})
	}
}

// setDaemonID notes the daemon's stream number.
func (l *proxyStream) setDaemonID(far uint32) {
	l.mu.Lock()
	l.daemonID = far
	cancel := l.cancelPending
	l.mu.Unlock()
	if cancel {
		l.daemon.Send(mux.Cancel, far, nil)
	}
}

// send passes a frame of the peer on. Only a Cancel can come before the
// stream number is known, when the link goes down at that moment.
func (l *proxyStream) send(f mux.Frame) {
	l.mu.Lock()
	far := l.daemonID
	if far == 0 && f.Kind == mux.Cancel {
		l.cancelPending = true
	}
	l.mu.Unlock()
	if far != 0 {
		l.daemon.Send(f.Kind, far, f.Payload)
	}
}

// Receive implements pool.Receiver.
func (l *proxyStream) Receive(k mux.Kind, payload []byte) {
	if k == mux.Final || k == mux.Fail {
		if !l.peer.forget(l) {
			return
		}
	}
	if k == mux.Fail {
		payload = filterDaemonError(l.kind, payload)
	}
	l.peer.link.Send(k, l.id, payload)
}
