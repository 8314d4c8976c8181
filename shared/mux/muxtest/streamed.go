package muxtest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"sync/atomic"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// streamedRequest sends more bytes than another request may have.
func streamedRequest(t *testing.T, connect Connect) {
	c := connect(t, func(c *mux.Call) {
		h := sha256.New()
		h.Write(c.Request())
		if _, err := io.Copy(h, c.Body()); err != nil {
			c.Fail(err)
			return
		}
		_ = c.Write(h.Sum(nil), true) // a failure shows at the client
	})
	h := sha256.New()
	h.Write(streamedPrefix)
	s := c.Begin(streamedPrefix)
	defer s.Close()
	piece := make([]byte, 300_001)
	for i := range 100 {
		piece[0] = byte(i)
		h.Write(piece)
		if err := s.Send(t.Context(), piece, i == 99); err != nil {
			t.Fatal(err)
		}
	}
	got, last, err := s.Next(t.Context())
	if err != nil || !last || !bytes.Equal(got, h.Sum(nil)) {
		t.Errorf("the request arrived changed: %v", err)
	}
}

// earlyAnswer refuses a request before its end; the client must not wait.
func earlyAnswer(t *testing.T, connect Connect) {
	c := connect(t, func(c *mux.Call) {
		_, _ = io.ReadFull(c.Body(), make([]byte, 1000)) // a failure shows at the client
		c.Fail(errs.E(errs.TooLarge, "enough"))
	})
	s := c.Begin(streamedPrefix)
	defer s.Close()
	var err error
	for err == nil {
		err = s.Send(t.Context(), make([]byte, 100_000), false)
	}
	if _, _, err := s.Next(t.Context()); !errs.Is(err, errs.TooLarge) {
		t.Errorf("got %v", err)
	}
}

// slowServer does not read the request: the client must stop sending, and its
// cancellation must reach the server.
func slowServer(t *testing.T, connect Connect) {
	ended := make(chan error, 1)
	proceed := make(chan struct{})
	c := connect(t, func(c *mux.Call) {
		<-proceed
		_, err := io.Copy(io.Discard, c.Body())
		ended <- err
	})
	s := c.Begin(streamedPrefix)
	var sent atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s.Send(t.Context(), make([]byte, 10_000), false) == nil {
			sent.Add(10_000)
		}
	}()
	settle(t, sent.Load)
	if n := sent.Load(); n > mux.Window {
		t.Errorf("the client was %d bytes ahead of a server that does not read", n)
	}
	s.Close()
	close(proceed)
	<-done
	if err := <-ended; !errs.Is(err, errs.Canceled) {
		t.Errorf("the server got %v", err)
	}
}
