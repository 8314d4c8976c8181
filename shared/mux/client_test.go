package mux

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

// record is a link that keeps the frames; it calls before first.
type record struct {
	frames []Frame
	before func(Frame)
}

func (r *record) Send(k Kind, stream uint32, payload []byte) {
	f := Frame{k, stream, append([]byte(nil), payload...)}
	if r.before != nil {
		r.before(f)
	}
	r.frames = append(r.frames, f)
}

// A peer that exceeds its credit could fill the memory of a caller whose own
// client reads slowly.
func TestPeerThatIgnoresCreditIsCutOff(t *testing.T) {
	for name, size := range map[string]int{"data": Chunk, "nothing": 0} {
		t.Run(name, func(t *testing.T) {
			link := &record{}
			c := NewClient(link)
			s, err := c.Open(t.Context(), nil, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			for range 100 {
				c.Handle(Frame{Data, s.id, make([]byte, size)})
			}
			if kept := len(s.queue) * size; kept > Window || size == 0 && len(s.queue) > 0 {
				t.Errorf("%d pieces of %d bytes are kept", len(s.queue), size)
			}
			if size == 0 {
				return
			}
			if c.Active() != 0 || link.frames[len(link.frames)-1].Kind != Cancel {
				t.Errorf("%d streams; last frame %v", c.Active(), link.frames[len(link.frames)-1])
			}
			for err == nil {
				_, _, err = s.Next(t.Context())
			}
			if !errs.Is(err, errs.Internal) {
				t.Error(err)
			}
		})
	}
}

// The entire granted credit can be used.
func TestGrantedCreditMayBeUsedUp(t *testing.T) {
	c := NewClient(&record{})
	s, err := c.Open(t.Context(), nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for left, total := Window, 0; total < 4*Window; total += Chunk {
		left -= Chunk
		c.Handle(Frame{Data, s.id, make([]byte, Chunk)})
		if left > 0 {
			continue
		}
		granted := s.link.(*record).frames
		for range Window / Chunk {
			if _, _, err := s.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range s.link.(*record).frames[len(granted):] {
			n, ok := CreditOf(f.Payload)
			if f.Kind != Credit || !ok {
				t.Fatalf("unexpected %v", f)
			}
			left += n
		}
	}
	c.Handle(Frame{Final, s.id, nil})
	if _, last, err := s.Next(t.Context()); err != nil || !last {
		t.Errorf("last %v, %v", last, err)
	}
}

// After a break, the other side learns which streams were lost before it gets
// new ones; a second break repeats that.
func TestStreamsLostInABreakAreReset(t *testing.T) {
	link := &record{}
	c := NewClient(link)
	open := func() uint32 {
		s, err := c.Open(t.Context(), nil, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		return s.id
	}
	first := open()
	for range 2 {
		c.FailAll(errors.New("broken"))
		link.frames = nil
		next := open()
		if len(link.frames) != 2 || link.frames[0].Kind != Reset || link.frames[1].Kind != OpenFinal {
			t.Fatalf("sent %v", link.frames)
		}
		if p := link.frames[0].Payload; !ResetCovers(p, first) || !ResetCovers(p, next-1) || ResetCovers(p, next) {
			t.Errorf("reset of %d, with %d and %d open", binary.BigEndian.Uint32(p), first, next)
		}
	}
	link.frames = nil
	if open(); len(link.frames) != 1 {
		t.Errorf("sent %v although nothing was lost", link.frames)
	}
}

// A stream is asked about only after its first frame, and then always: the
// frame may have reached a peer that has restarted since.
func TestCheckWaitsForTheFirstFrame(t *testing.T) {
	for name, open := range map[string]func(c *Client) (*Stream, error){
		"complete": func(c *Client) (*Stream, error) { return c.Open(t.Context(), nil, []byte("x")) },
		"streamed": func(c *Client) (*Stream, error) { return c.Begin([]byte("x")), nil },
		"longer":   func(c *Client) (*Stream, error) { return c.Open(t.Context(), nil, make([]byte, Chunk+1)) },
	} {
		t.Run(name, func(t *testing.T) {
			link := &record{}
			c := NewClient(link)
			asked := 0
			link.before = func(f Frame) {
				if f.Kind == Open || f.Kind == OpenFinal { // the other side's restart is noticed at this moment
					c.Check()
					c.Check()
				}
				if f.Kind == Check {
					asked++
				}
			}
			s, err := open(c)
			if err != nil {
				t.Fatal(err)
			}
			if f := link.frames; len(f) < 2 || f[0].Stream != s.id || !asks(f[1], s.id) || asked != 1 {
				t.Errorf("sent %v", f)
			}
			c.Check()
			if f := link.frames[len(link.frames)-1]; !asks(f, s.id) || asked != 2 {
				t.Errorf("sent %v when asked later", f)
			}
		})
	}
}

func asks(f Frame, id uint32) bool {
	return f.Kind == Check && len(f.Payload) == 4 && binary.BigEndian.Uint32(f.Payload) == id
}

func TestCoversGoesRound(t *testing.T) {
	p := binary.BigEndian.AppendUint32(nil, 5)
	for id, want := range map[uint32]bool{5: true, 4: true, 6: false, 1<<32 - 1: true, 1<<31 + 6: true, 1 << 31: false} {
		if ResetCovers(p, id) != want {
			t.Errorf("stream %d: %v", id, !want)
		}
	}
	if ResetCovers(nil, 0) {
		t.Error("an empty payload covers a stream")
	}
}
