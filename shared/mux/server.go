package mux

import (
	"context"
	"io"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// Server is the side of a link that answers streams. Each request runs in a
// goroutine of its own. The daemon uses it, at the end of the chain.
type Server struct {
	link      Link
	serve     func(*Call)
	limits    Limits
	handOver  chan *Call    // to an idle goroutine
	closed    chan struct{} // ends the idle goroutines
	closeOnce sync.Once

	mu       sync.Mutex
	calls    map[uint32]*Call
	buffered int // bytes of all requests
	idle     int // goroutines that wait for a request
	done     sync.WaitGroup
}

// maxIdle is how many goroutines are kept after they have served a request. The
// stack of a new goroutine has to grow, which costs more than the rest of a
// small request.
const maxIdle = 8

// Limits are the limits of a Server. Requests beyond them are refused.
type Limits struct {
	MaxOpen     int // requests at once
	MaxRequest  int // bytes of one request
	MaxBuffered int // bytes of all requests at once
	// StreamsBody reports, from the first frame of a request, whether it is
	// served while the rest arrives through Call.Body. Such a request may have
	// any size. Nil means never.
	StreamsBody func(first []byte) bool
	// TooMany, TooLarge and TooMuch are the errors when MaxOpen, MaxRequest or
	// MaxBuffered is reached. They can name the setting of the limit; nil is a
	// general sentence.
	TooMany, TooLarge, TooMuch error
}

func (l Limits) withDefaults() Limits {
	if l.TooMany == nil {
		l.TooMany = errs.E(errs.Unavailable, "Too many statements wait for this database; try again")
	}
	if l.TooLarge == nil {
		l.TooLarge = errs.E(errs.TooLarge, "The request is larger than the limit of %d bytes", l.MaxRequest)
	}
	if l.TooMuch == nil {
		l.TooMuch = errs.E(errs.Unavailable, "Too many large requests wait for this database; try again")
	}
	return l
}

// NewServer makes the answering side of a link. serve handles one request and
// ends it with Call.Write(…, true) or Call.Fail.
func NewServer(link Link, limits Limits, serve func(*Call)) *Server {
	return &Server{link: link, serve: serve, limits: limits.withDefaults(), calls: map[uint32]*Call{}, handOver: make(chan *Call), closed: make(chan struct{})}
}

// Handle processes one frame from the peer. It copies payloads that are kept.
func (s *Server) Handle(f Frame) {
	switch f.Kind {
	case Open, OpenFinal:
		s.open(f)
	case Data, Final:
		if c := s.find(f.Stream); c != nil {
			s.receive(c, f)
		}
	case Credit:
		if n, ok := CreditOf(f.Payload); ok {
			if c := s.find(f.Stream); c != nil {
				c.out.grant(n)
			}
		}
	case Cancel:
		if c := s.find(f.Stream); c != nil {
			s.cancel(c)
		}
	case Reset:
		for _, c := range s.openCalls() {
			if ResetCovers(f.Payload, c.id) {
				s.cancel(c)
			}
		}
	case Ping:
		s.link.Send(Pong, 0, nil)
	case Check:
		EachStream(f.Payload, func(id uint32) {
			if s.find(id) == nil {
				FailUnknown(s.link, id)
			}
		})
	}
}

// FailUnknown answers a Check for an unknown stream.
func FailUnknown(l Link, stream uint32) {
	l.Send(Fail, stream, errs.Marshal(errs.E(errs.Unavailable, "The query node or its connection was restarted while the statement ran; check whether a change was made before you repeat it")))
}

// CancelAll cancels every open stream and waits until all have ended. Handle
// must not be called afterwards.
func (s *Server) CancelAll() {
	s.closeOnce.Do(func() { close(s.closed) })
	for _, c := range s.openCalls() {
		s.cancel(c)
	}
	s.done.Wait()
}

func (s *Server) openCalls() []*Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]*Call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	return calls
}

func (s *Server) open(f Frame) {
	c := &Call{server: s, id: f.Stream, request: append([]byte(nil), f.Payload...)}
	c.out.init()
	s.mu.Lock()
	_, used := s.calls[f.Stream]
	full := len(s.calls) >= s.limits.MaxOpen
	much := s.buffered+len(c.request) > s.limits.MaxBuffered
	if !used && !full && !much {
		s.calls[f.Stream] = c
		s.buffered += len(c.request)
	}
	s.mu.Unlock()
	switch {
	case used: // with two requests under one id, any answer could reach the wrong one
		s.link.Send(Fail, f.Stream, errs.Marshal(errs.E(errs.Internal, "A request number was used twice")))
	case full:
		s.link.Send(Fail, f.Stream, errs.Marshal(s.limits.TooMany))
	case much:
		s.link.Send(Fail, f.Stream, errs.Marshal(s.limits.TooMuch))
	case f.Kind == OpenFinal:
		s.start(c)
	case s.limits.StreamsBody != nil && s.limits.StreamsBody(c.request):
		c.body = newRequestBody(s.link, c.id)
		s.start(c)
	}
}

func (s *Server) receive(c *Call, f Frame) {
	if c.body != nil {
		if !c.body.push(f.Payload, f.Kind == Final) {
			s.cancel(c) // it sends more than was granted
		}
		return
	}
	if c.started {
		return
	}
	if len(c.request)+len(f.Payload) > s.limits.MaxRequest {
		s.refuse(c, s.limits.TooLarge)
		return
	}
	if !s.reserve(len(f.Payload)) {
		s.refuse(c, s.limits.TooMuch)
		return
	}
	c.request = append(c.request, f.Payload...)
	if f.Kind == Final {
		s.start(c)
		return
	}
	sendCredit(s.link, c.id, len(f.Payload))
}

// reserve counts n more bytes of requests. It returns false if the limit is
// reached.
func (s *Server) reserve(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buffered+n > s.limits.MaxBuffered {
		return false
	}
	s.buffered += n
	return true
}

func (s *Server) release(n int) {
	s.mu.Lock()
	s.buffered -= n
	s.mu.Unlock()
}

// refuse fails a call that has not started.
func (s *Server) refuse(c *Call, err error) {
	s.release(len(c.request))
	c.request = nil
	c.Fail(err)
}

func (s *Server) start(c *Call) {
	c.started = true
	s.done.Add(1)
	select {
	case s.handOver <- c:
	default:
		go s.serveCalls(c)
	}
}

// serveCalls serves requests, one after another, until enough other goroutines
// are idle.
func (s *Server) serveCalls(c *Call) {
	for c != nil {
		s.serveCall(c)
		c = s.nextCall()
	}
}

// nextCall waits for the next request. It returns nil if this goroutine should
// end.
func (s *Server) nextCall() *Call {
	s.mu.Lock()
	enough := s.idle >= maxIdle
	if !enough {
		s.idle++
	}
	s.mu.Unlock()
	if enough {
		return nil
	}
	var c *Call
	select {
	case c = <-s.handOver:
	case <-s.closed:
	}
	s.mu.Lock()
	s.idle--
	s.mu.Unlock()
	return c
}

func (s *Server) serveCall(c *Call) {
	defer s.done.Done()
	defer s.release(len(c.request))
	s.serve(c)
	if c.body != nil {
		c.body.fail(errs.E(errs.Canceled, "The request has been answered"))
	}
	// If serve has ended the stream, this sends no frame.
	c.Fail(errs.E(errs.Canceled, "The request was canceled"))
}

func (s *Server) cancel(c *Call) {
	c.out.stop(errs.E(errs.Canceled, "The request was canceled"))
	if c.body != nil {
		c.body.fail(errs.E(errs.Canceled, "The request was canceled"))
	}
	c.mu.Lock()
	fn := c.onCancel
	again := c.canceled
	c.canceled = true
	c.mu.Unlock()
	if fn != nil && !again {
		fn()
	}
	if !c.started { // no goroutine serves it
		s.refuse(c, errs.E(errs.Canceled, "The request was canceled"))
	}
}

func (s *Server) find(id uint32) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[id]
}

// remove removes a call and reports whether it was still open. Its number may
// be in use again afterwards.
func (s *Server) remove(c *Call) (was bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[c.id] != c {
		return false
	}
	delete(s.calls, c.id)
	return true
}

// Call is one request on the answering side. Write and Fail are for the
// goroutine of serve.
type Call struct {
	server  *Server
	id      uint32
	request []byte
	started bool // used by Handle only
	out     credit
	body    *requestBody // of a streamed request, else nil

	mu       sync.Mutex
	onCancel func()
	canceled bool
}

// Request returns the entire request, head and body. For a streamed request it
// is the first frame.
func (c *Call) Request() []byte { return c.request }

// Body returns the rest of a streamed request, for one goroutine. It is nil for
// other requests. Its error is Canceled when the client has canceled the
// request.
func (c *Call) Body() io.Reader {
	if c.body == nil {
		return nil
	}
	return c.body
}

// OnCancel sets a function for the client's cancellation. It runs once, on any
// goroutine; if the request is canceled already, it runs now.
func (c *Call) OnCancel(fn func()) {
	c.mu.Lock()
	c.onCancel = fn
	already := c.canceled
	c.mu.Unlock()
	if already {
		fn()
	}
}

// Write sends a piece of the answer, as the client grants credit. With last it
// ends the stream. The error is Canceled when the client has canceled the
// request. p may be reused afterwards.
func (c *Call) Write(p []byte, last bool) error {
	if !last {
		return c.out.sendAll(context.Background(), c.server.link, c.id, p, false)
	}
	// The stream is removed after its last frame is accepted, so that the
	// number of open streams includes answers that wait for credit.
	err := c.out.sendAll(context.Background(), c.server.link, c.id, p, true)
	if err == nil {
		c.server.remove(c)
	}
	return err
}

// Stop makes Write and reads from Body fail with err, also calls that wait for
// the client. Any goroutine may call it.
func (c *Call) Stop(err error) {
	c.out.stop(err)
	if c.body != nil {
		c.body.fail(err)
	}
}

// Fail ends the stream with an error. It does nothing if the stream has ended.
func (c *Call) Fail(err error) {
	if c.server.remove(c) {
		c.server.link.Send(Fail, c.id, errs.Marshal(err))
	}
}
