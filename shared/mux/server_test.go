package mux

import (
	"runtime"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// ends is a link that passes on the ends of streams.
type ends chan Frame

func (e ends) Send(k Kind, stream uint32, payload []byte) {
	if k == Final || k == Fail {
		e <- Frame{k, stream, append([]byte(nil), payload...)}
	}
}

// next is the error with which the next stream ends.
func (e ends) next(t *testing.T) *errs.Error {
	t.Helper()
	select {
	case f := <-e:
		if f.Kind != Fail {
			t.Fatalf("stream %d ended well", f.Stream)
		}
		return errs.Unmarshal(f.Payload)
	case <-time.After(20 * time.Second):
		t.Fatal("no stream ended")
		return nil
	}
}

// A refusal uses the error that was set for its limit.
func TestRefusalsNameTheirLimit(t *testing.T) {
	link := make(ends, 10)
	s := NewServer(link, Limits{
		MaxOpen: 2, MaxRequest: 10, MaxBuffered: 12,
		TooMany: errs.E(errs.Unavailable, "many"), TooLarge: errs.E(errs.TooLarge, "large"), TooMuch: errs.E(errs.Unavailable, "much"),
	}, func(*Call) {})
	s.Handle(Frame{Open, 1, make([]byte, 10)})
	s.Handle(Frame{OpenFinal, 2, make([]byte, 3)})
	if err := link.next(t); err.Message != "much" {
		t.Error(err)
	}
	s.Handle(Frame{Open, 3, make([]byte, 2)})
	s.Handle(Frame{OpenFinal, 4, nil})
	if err := link.next(t); err.Message != "many" {
		t.Error(err)
	}
	s.Handle(Frame{Final, 3, make([]byte, 1)})
	if err := link.next(t); err.Message != "much" {
		t.Error(err)
	}
	s.Handle(Frame{Final, 1, make([]byte, 1)})
	if err := link.next(t); err.Message != "large" || err.Code != errs.TooLarge {
		t.Error(err)
	}
}

// Stop reaches a writer that waits for credit.
func TestStopReachesAWriterThatWaits(t *testing.T) {
	link := make(ends, 10)
	full := make(chan *Call)
	s := NewServer(link, Limits{MaxOpen: 1, MaxRequest: 10, MaxBuffered: 10}, func(c *Call) {
		if err := c.Write(make([]byte, Window), false); err != nil {
			t.Error(err)
		}
		full <- c
		c.Fail(c.Write([]byte("x"), false))
	})
	s.Handle(Frame{OpenFinal, 1, nil})
	(<-full).Stop(errs.E(errs.Canceled, "somebody"))
	if err := link.next(t); err.Message != "somebody" || err.Code != errs.Canceled {
		t.Error(err)
	}
	s.CancelAll()
}

// A stream number can be used again as soon as its answer is complete. The end
// of the old request must not end the new one.
func TestNumberIsUsedAgain(t *testing.T) {
	link := make(ends, 10)
	answered, release := make(chan struct{}), make(chan struct{})
	s := NewServer(link, Limits{MaxOpen: 2, MaxRequest: 10, MaxBuffered: 20}, func(c *Call) {
		if string(c.Request()) == "second" {
			<-release
		}
		_ = c.Write(c.Request(), true) // a failure shows at the client
		if string(c.Request()) == "first" {
			answered <- struct{}{}
			<-release
		}
	})
	s.Handle(Frame{OpenFinal, 1, []byte("first")})
	<-answered
	s.Handle(Frame{OpenFinal, 1, []byte("second")})
	release <- struct{}{} // either may be first
	release <- struct{}{}
	for range 2 {
		if f := <-link; f.Kind != Final {
			t.Errorf("ended with %s", errs.Unmarshal(f.Payload))
		}
	}
	s.CancelAll()
}

// Goroutines serve several requests. A bounded number stays idle, and all end
// with the server.
func TestServingGoroutinesAreKept(t *testing.T) {
	until := func(what string, met func() bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !met(); runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d goroutines", what, runtime.NumGoroutine())
			}
		}
	}
	before := runtime.NumGoroutine()
	gate := make(chan struct{})
	link := make(ends, 40)
	s := NewServer(link, Limits{MaxOpen: 40, MaxRequest: 100, MaxBuffered: 100_000}, func(c *Call) {
		<-gate
		_ = c.Write(nil, true)
	})
	all := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.idle == maxIdle && runtime.NumGoroutine() <= before+maxIdle
	}
	for range 3 {
		for i := range uint32(40) {
			s.Handle(Frame{Kind: OpenFinal, Stream: i + 1})
		}
		for range 40 {
			gate <- struct{}{}
			<-link
		}
		until("after many at once", all)
	}
	until("one that waits to serve", func() bool {
		s.Handle(Frame{Kind: OpenFinal, Stream: 1})
		gate <- struct{}{} // it is served
		n := runtime.NumGoroutine()
		<-link
		until("after it", all)
		return n <= before+maxIdle
	})
	s.CancelAll()
	until("after the end", func() bool { return runtime.NumGoroutine() <= before })
}
