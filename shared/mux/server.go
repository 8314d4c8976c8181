package mux

import (
	"context"
	"io"
	"sync"

	"github.com/ayb-go/ayb/shared/errs"
)

// Server is the side of a link that answers streams: each request runs in a
// goroutine of its own. It is used by the daemon at the end of the line.
type Server struct {
	link      Link
	serve     func(*Call)
	limits    Limits
	handOver  chan *Call    // to a goroutine that has served one and waits
	closed    chan struct{} // they need wait no more
	closeOnce sync.Once

	mu       sync.Mutex
	calls    map[uint32]*Call
	buffered int // bytes of requests that are being received, wait or run
	idle     int // goroutines that wait for a request
	done     sync.WaitGroup
}

// maxIdle is how many goroutines are kept when they have served a request. A
// new one begins with a small stack, and growing it costs more than the rest of
// a small request.
const maxIdle = 8

// Limits bound what a Server takes on. What is more is refused.
type Limits struct {
	MaxOpen     int // requests at once
	MaxRequest  int // bytes of one request
	MaxBuffered int // bytes of all requests at once
	// StreamsBody tells from the first frame of a request whether it is served while
	// the rest of it still comes, through Call.Body. Such a request may be of
	// any size. Nil is never.
	StreamsBody func(first []byte) bool
	// TooMany, TooLarge and TooMuch are said when MaxOpen, MaxRequest or MaxBuffered is
	// reached. Who knows what they are called in the configuration says so;
	// nil is a sentence that does not.
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

// NewServer makes the answering side of a link. serve runs one request and
// ends it with Call.Write(…, true) or Call.Fail.
func NewServer(link Link, limits Limits, serve func(*Call)) *Server {
	return &Server{link: link, serve: serve, limits: limits.withDefaults(), calls: map[uint32]*Call{}, handOver: make(chan *Call), closed: make(chan struct{})}
}

// Handle takes one frame from the peer; payloads are copied where they are
// kept.
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

// FailUnknown answers a Check for a stream that this side does not know.
func FailUnknown(l Link, stream uint32) {
	l.Send(Fail, stream, errs.Marshal(errs.E(errs.Unavailable, "The query node or its connection was restarted while the statement ran; check whether a change was made before you repeat it")))
}

// CancelAll cancels every open stream and waits until all have ended. No more
// frames may come.
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
	case used: // two requests under one id: answering either would mix them up
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
			s.cancel(c) // it sends what it was not asked for
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

// reserve takes room for more bytes of a request.
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

// refuse ends a call that has not started.
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

// serveCalls serves requests, one after another, until enough others wait for more.
func (s *Server) serveCalls(c *Call) {
	for c != nil {
		s.serveCall(c)
		c = s.nextCall()
	}
}

// nextCall returns the next request, nil when there is none to wait for.
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
	// Nothing is sent when serve has ended the stream, as it should.
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
	if !c.started { // nobody else will end it
		s.refuse(c, errs.E(errs.Canceled, "The request was canceled"))
	}
}

func (s *Server) find(id uint32) *Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[id]
}

// remove ends a call; false when it has ended before. Its number may be in use
// again by then.
func (s *Server) remove(c *Call) (was bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[c.id] != c {
		return false
	}
	delete(s.calls, c.id)
	return true
}

// Call is one request on the answering side. Request may be read by serve;
// Write and Fail are for serve's goroutine.
type Call struct {
	server  *Server
	id      uint32
	request []byte
	started bool // Handle's goroutine only
	out     credit
	body    *requestBody // of a request that is served while it comes; else nil

	mu       sync.Mutex
	onCancel func()
	canceled bool
}

// Request is the whole request, head and body, or the first frame of one that
// is served while it comes.
func (c *Call) Request() []byte { return c.request }

// Body is the rest of a request that is served while it comes, for one
// goroutine; nil for every other. Its error is Canceled when the client has
// given up.
func (c *Call) Body() io.Reader {
	if c.body == nil {
		return nil
	}
	return c.body
}

// OnCancel sets what to do when the client gives the request up; it runs once,
// on any goroutine, and now when that has happened already.
func (c *Call) OnCancel(fn func()) {
	c.mu.Lock()
	c.onCancel = fn
	already := c.canceled
	c.mu.Unlock()
	if already {
		fn()
	}
}

// Write sends a piece of the answer and waits while the client takes no more.
// With last it ends the stream. The error is Canceled when the client has
// given up. p may be reused on return.
func (c *Call) Write(p []byte, last bool) error {
	if !last {
		return c.out.sendAll(context.Background(), c.server.link, c.id, p, false)
	}
	// The stream is forgotten after its last frame is accepted, so that the
	// number of open streams counts answers that still wait for credit.
	err := c.out.sendAll(context.Background(), c.server.link, c.id, p, true)
	if err == nil {
		c.server.remove(c)
	}
	return err
}

// Stop makes Write fail with err, and the reading of a Body, also where they wait
// for the client. It may be called by any goroutine.
func (c *Call) Stop(err error) {
	c.out.stop(err)
	if c.body != nil {
		c.body.fail(err)
	}
}

// Fail ends the stream with an error, unless it has ended.
func (c *Call) Fail(err error) {
	if c.server.remove(c) {
		c.server.link.Send(Fail, c.id, errs.Marshal(err))
	}
}
