// Package muxtest is the test suite for channels that carry mux frames: the
// socket pair of a daemon and the links of the bus.
package muxtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// Connect makes a channel with the given answering side and returns its calling
// side. It is closed with t.
type Connect func(t *testing.T, serve func(*mux.Call)) *mux.Client

// Limits are the limits for the channel's mux.Server.
func Limits() mux.Limits {
	return mux.Limits{MaxOpen: 1000, MaxRequest: 8 << 20, MaxBuffered: 12 << 20, StreamsBody: func(first []byte) bool { return bytes.HasPrefix(first, streamedPrefix) }}
}

// streamedPrefix marks the streamed requests of the suite.
var streamedPrefix = []byte("live:")

// Run runs the suite.
func Run(t *testing.T, connect Connect) {
	t.Run("echo", func(t *testing.T) { echo(t, connect) })
	t.Run("large request", func(t *testing.T) { largeRequest(t, connect) })
	t.Run("large answer in bounded memory", func(t *testing.T) { largeAnswer(t, connect) })
	t.Run("slow reader stops the writer", func(t *testing.T) { slowReader(t, connect) })
	t.Run("many large requests in bounded memory", func(t *testing.T) { manyLarge(t, connect) })
	t.Run("error keeps its code", func(t *testing.T) { failure(t, connect) })
	t.Run("cancel reaches the writer", func(t *testing.T) { cancel(t, connect) })
	t.Run("many at once keep their own answers", func(t *testing.T) { concurrent(t, connect) })
	t.Run("request served while it comes", func(t *testing.T) { streamedRequest(t, connect) })
	t.Run("answer before the end of the request", func(t *testing.T) { earlyAnswer(t, connect) })
	t.Run("slow server stops a request that comes", func(t *testing.T) { slowServer(t, connect) })
	t.Run("one stalled stream does not hold up others", func(t *testing.T) { stalled(t, connect) })
}

func echo(t *testing.T, connect Connect) {
	c := connect(t, func(c *mux.Call) {
		_ = c.Write(append([]byte("echo "), c.Request()...), true) // a failure shows at the client
	})
	for _, body := range []string{"", "x", "some text"} {
		if got := roundTrip(t, c, []byte("head:"), []byte(body)); string(got) != "echo head:"+body {
			t.Errorf("got %q for %q", got, body)
		}
	}
}

func largeRequest(t *testing.T, connect Connect) {
	c := connect(t, func(c *mux.Call) {
		sum := sha256.Sum256(c.Request())
		_ = c.Write(sum[:], true) // a failure shows at the client
	})
	body := bytes.Repeat([]byte("0123456789abcdef"), 5<<20/16)
	want := sha256.Sum256(append([]byte("h"), body...))
	if got := roundTrip(t, c, []byte("h"), body); !bytes.Equal(got, want[:]) {
		t.Error("the request arrived changed")
	}
	_, err := read(t, c, nil, make([]byte, Limits().MaxRequest+1))
	if errs.CodeOf(err) != errs.TooLarge {
		t.Errorf("a request above the limit gave %v", err)
	}
}

// manyLarge exceeds the limit of buffered bytes: some requests are refused,
// their bytes are released, and the others are answered.
func manyLarge(t *testing.T, connect Connect) {
	gate := make(chan struct{})
	var held atomic.Int64
	c := connect(t, func(c *mux.Call) {
		if n := held.Add(int64(len(c.Request()))); n > int64(Limits().MaxBuffered) {
			t.Errorf("%d bytes of requests run at once", n)
		}
		<-gate
		held.Add(-int64(len(c.Request())))
		_ = c.Write(nil, true) // a failure shows at the client
	})
	body := make([]byte, 5<<20)
	refused := make(chan struct{}, 5)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if _, err := read(t, c, nil, body); errs.Is(err, errs.Unavailable) {
				refused <- struct{}{}
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	for range 3 { // two fit
		<-refused
	}
	close(gate)
	wg.Wait()
	for range 5 {
		roundTrip(t, c, nil, body)
	}
}

func largeAnswer(t *testing.T, connect Connect) {
	const pieces, size = 1600, 100_000 // 160 MB
	c := connect(t, func(c *mux.Call) {
		piece := make([]byte, size)
		for i := range pieces {
			binary.BigEndian.PutUint32(piece, uint32(i))
			if c.Write(piece, i == pieces-1) != nil {
				return
			}
		}
	})
	s, err := c.Open(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	total, peak := 0, uint64(0)
	for last := false; !last; {
		var p []byte
		if p, last, err = s.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		total += len(p)
		if total%(64<<20) < len(p) {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	if total != pieces*size {
		t.Errorf("%d bytes arrived, want %d", total, pieces*size)
	}
	if peak > 64<<20 {
		t.Errorf("heap grew to %d MB while streaming", peak>>20)
	}
}

func slowReader(t *testing.T, connect Connect) {
	var written atomic.Int64
	c := connect(t, func(c *mux.Call) {
		piece := make([]byte, mux.Chunk)
		for c.Write(piece, false) == nil {
			written.Add(int64(len(piece)))
		}
	})
	s, err := c.Open(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, _, err := s.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The writer must stop: its count stays the same over many scheduling
	// rounds.
	settle(t, func() int64 { return written.Load() })
	if got := written.Load(); got > 2*mux.Window {
		t.Errorf("the writer was %d bytes ahead of a reader that stopped", got)
	}
}

// settle waits until a value has stopped changing.
func settle(t *testing.T, value func() int64) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last, same := int64(-1), 0
	for same < 20 {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("never settled")
		}
		if v := value(); v == last {
			same++
		} else {
			last, same = v, 0
		}
	}
}

func failure(t *testing.T, connect Connect) {
	c := connect(t, func(c *mux.Call) {
		c.Fail(errs.E(errs.SQL, "no such table: t").With("offset", "14"))
	})
	_, err := read(t, c, []byte("x"), nil)
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Code != errs.SQL || e.Message != "no such table: t" || e.Attrs["offset"] != "14" {
		t.Errorf("got %#v", err)
	}
}

func cancel(t *testing.T, connect Connect) {
	stopped := make(chan error, 2)
	c := connect(t, func(c *mux.Call) {
		asked := make(chan struct{})
		c.OnCancel(func() { close(asked) })
		<-asked
		stopped <- c.Write([]byte("late"), true)
	})
	s, err := c.Open(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer giveUp()
	if _, _, err := s.Next(ctx); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("Next gave %v", err)
	}
	s.Close()
	s.Close()
	if err := <-stopped; errs.CodeOf(err) != errs.Canceled {
		t.Errorf("the writer got %v", err)
	}
	if c.Active() != 0 {
		t.Error("the stream is still open")
	}
}

func concurrent(t *testing.T, connect Connect) {
	c := connect(t, func(c *mux.Call) {
		for range 3 {
			if c.Write(c.Request(), false) != nil {
				return
			}
		}
		_ = c.Write(c.Request(), true) // a failure shows at the client
	})
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			for i := range 50 {
				body := fmt.Sprintf("%d-%d,", g, i)
				got, err := read(t, c, nil, []byte(body))
				if want := body + body + body + body; err != nil || string(got) != want {
					t.Errorf("got %q, %v; want %q", got, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func stalled(t *testing.T, connect Connect) {
	c := connect(t, func(c *mux.Call) {
		if len(c.Request()) > 0 {
			_ = c.Write([]byte("here"), true) // a failure shows at the client
			return
		}
		for c.Write(make([]byte, mux.Chunk), false) == nil {
		}
	})
	s, err := c.Open(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 100 {
		if got := roundTrip(t, c, nil, []byte("x")); string(got) != "here" {
			t.Fatalf("got %q", got)
		}
	}
}

func roundTrip(t *testing.T, c *mux.Client, head, body []byte) []byte {
	t.Helper()
	got, err := read(t, c, head, body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func read(t *testing.T, c *mux.Client, head, body []byte) ([]byte, error) {
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	s, err := c.Open(ctx, head, body)
	if err != nil {
		return nil, err
	}
	var out []byte
	for {
		p, last, err := s.Next(ctx)
		if err != nil {
			s.Close()
			return out, err
		}
		if out = append(out, p...); last {
			return out, nil
		}
	}
}
