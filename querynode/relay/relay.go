// Package relay joins the streams of control planes on the bus with the streams
// of daemons. It rewrites stream numbers and forwards frames. Credit passes
// through from end to end, so the relay holds no result in memory. It starts
// daemons through the pool, and reads nothing of a request but its head.
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

// Daemons finds the daemon of a database.
type Daemons interface {
	// Get returns the daemon with these limits and starts it on demand, without
	// waiting.
	Get(db ayb.DatabasePath, own daemonapi.Limits) (*pool.Daemon, error)
	// GetStaged is Get for a staged version.
	GetStaged(db ayb.DatabasePath, version string, own daemonapi.Limits) (*pool.Daemon, error)
	// Running returns the daemon that runs statements, or nil.
	Running(db ayb.DatabasePath) *pool.Daemon
}

// Relay serves the node's end of links.
type Relay struct{ daemons Daemons }

// New makes a relay.
func New(d Daemons) *Relay { return &Relay{d} }

// Accept serves a new link of a control plane.
func (r *Relay) Accept(link mux.Link) bus.Peer {
	return &peer{relay: r, link: link, streams: map[uint32]*proxyStream{}}
}

// peer is one control plane's link.
type peer struct {
	relay *Relay
	link  mux.Link

	mu      sync.Mutex
	streams map[uint32]*proxyStream // by the control plane's stream number
	down    bool                    // the link has ended; no request is accepted
}

// proxyStream joins a stream of the peer with a stream of a daemon.
type proxyStream struct {
	peer       *peer
	id         uint32
	kind       daemonapi.Kind
	background bool
	daemon     *pool.Daemon

	mu            sync.Mutex
	daemonID      uint32 // the daemon's stream number; 0 until Open has returned
	cancelPending bool   // canceled before daemonID was known
}

var _ bus.Peer = (*peer)(nil)

// Frames implements bus.Peer.
func (p *peer) Frames(batch []byte) {
	var h corked
	defer h.uncork()
	if err := mux.EachFrame(batch, func(f mux.Frame) { p.frame(f, &h) }); err != nil {
		p.cancel(func(uint32) bool { return true }) // the earlier requests of this peer are no more reliable
	}
}

// corked is the daemon of the previous frame in a batch. Consecutive frames for
// one daemon are sent together.
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
	staged, err := needsStagedVersion(&req)
	if err != nil {
		p.forget(l)
		return err
	}
	for {
		d, err := p.relay.daemon(&req, staged)
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

// needsStagedVersion reports whether a request is for a staged version: an
// import of a complete database file, or a check. All other requests are for
// the live version.
func needsStagedVersion(req *daemonapi.Request) (staged bool, err error) {
	staged = req.Kind == daemonapi.KindCheck
	if req.Kind == daemonapi.KindImport {
		var o daemonapi.ImportOptions
		if err := json.Unmarshal(req.Options, &o); err != nil {
			return false, errs.Wrap(errs.Invalid, err, "The options of an import could not be read")
		}
		staged = o.Format.CompleteFile()
	}
	switch {
	case staged && req.Version == "":
		return false, errs.E(errs.Invalid, "A database file can be imported or checked only in a staged version")
	case !staged && req.Version != "":
		return false, errs.E(errs.Invalid, "Only an import of a database file, or a check, can name a staged version")
	}
	return staged, nil
}

// daemon finds the daemon for a request.
func (r *Relay) daemon(req *daemonapi.Request, staged bool) (*pool.Daemon, error) {
	if staged {
		return r.daemons.GetStaged(req.Path, req.Version, req.Limits)
	}
	return r.daemons.Get(req.Path, req.Limits)
}

// forwardToRunning forwards a request about running statements. It starts no
// daemon: without one no statement runs.
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

// maxID is how many bytes of an unknown id an error repeats.
const maxID = 64

func (p *peer) stream(id uint32) *proxyStream {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streams[id]
}

// forget removes a stream. It returns false when the peer has removed it
// before.
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

// Down implements bus.Peer: no client waits for the answers any more.
func (p *peer) Down(error) {
	p.mu.Lock()
	streams := p.streams
	p.streams = map[uint32]*proxyStream{}
	p.down = true
	p.mu.Unlock()
	for _, l := range streams {
		l.send(mux.Frame{Kind: mux.Cancel})
	}
}

// cancel stops some of the streams. Each of them still ends with a frame.
func (p *peer) cancel(which func(id uint32) bool) {
	p.mu.Lock()
	var streams []*proxyStream
	for id, l := range p.streams {
		if which(id) {
			streams = append(streams, l)
		}
	}
	p.mu.Unlock()
	for _, l := range streams {
		l.send(mux.Frame{Kind: mux.Cancel})
	}
}

// setDaemonID records the daemon's stream number.
func (l *proxyStream) setDaemonID(far uint32) {
	l.mu.Lock()
	l.daemonID = far
	cancel := l.cancelPending
	l.mu.Unlock()
	if cancel {
		l.daemon.Send(mux.Cancel, far, nil)
	}
}

// send forwards a frame of the peer. Before the daemon's stream number is known
// only a Cancel can come, when the link ends at that moment.
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
