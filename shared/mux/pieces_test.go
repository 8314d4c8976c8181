package mux

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
)

// Pieces of one byte arrive in batches that are far larger. At both ends,
// waiting bytes must cost about their own size.
func TestTinyPiecesKeepNoBatches(t *testing.T) {
	link := &record{}
	c := NewClient(link)
	s := c.Begin(nil)
	b := newRequestBody(link, 1)
	const pieces = 1000
	before := heap()
	for range pieces {
		batch := make([]byte, MaxFrame) // most of it is for others
		c.Handle(Frame{Data, s.id, batch[7:8:8]})
		if !b.push(batch[7:8], false) {
			t.Fatal("no credit")
		}
	}
	if grown := heap() - before; grown > 4*MaxFrame {
		t.Errorf("%d bytes keep %d alive", 2*pieces, grown)
	}
	if len(s.queue) > 2 || len(b.queue) > 2 {
		t.Errorf("%d and %d pieces", len(s.queue), len(b.queue))
	}
	runtime.KeepAlive(s)
	b.fail(errs.E(errs.Canceled, "over"))
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Pieces of any size come out complete and in order. The batches in which they
// arrived do not change, and the number of pieces stays small.
func TestPiecesKeepWhatTheyWereGiven(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var q pieceQueue
		var want, got, batches, as []byte
		left := Window
		for left > 0 {
			n := min(left, 1+r.IntN([]int{3, 100, mergeLimit, Chunk}[r.IntN(4)]))
			left -= n
			batch := bytes.Repeat([]byte{byte(r.Uint32())}, n+8)
			batches, as = append(batches, batch[n:]...), append(as, bytes.Repeat(batch[:1], 8)...)
			want = append(want, batch[:n]...)
			q.add(batch[:n])
			if !bytes.Equal(batch[n:], as[len(as)-8:]) {
				t.Fatal("the rest of a batch was overwritten")
			}
			if r.IntN(50) == 0 {
				got = append(got, q.pop()...)
			}
			if most := 2*Window/mergeLimit + 1; len(q) > most {
				t.Fatalf("%d pieces wait", len(q))
			}
		}
		for len(q) > 0 {
			got = append(got, q.pop()...)
		}
		if !bytes.Equal(got, want) || !bytes.Equal(batches, as) {
			t.Fatal("what came out is not what went in")
		}
	}
}

// The last piece is marked as last also when it is merged with another.
func TestLastPieceJoins(t *testing.T) {
	c := NewClient(&record{})
	s := c.Begin(nil)
	c.Handle(Frame{Data, s.id, []byte("a")})
	c.Handle(Frame{Data, s.id, []byte("b")})
	c.Handle(Frame{Final, s.id, []byte("c")})
	if piece, last, err := s.Next(t.Context()); string(piece) != "abc" || !last || err != nil {
		t.Errorf("%q, %v, %v", piece, last, err)
	}
	b := newRequestBody(&record{}, 1)
	for _, p := range []string{"a", "", "b"} {
		b.push([]byte(p), p == "b")
	}
	if all, err := io.ReadAll(b); string(all) != "ab" || err != nil {
		t.Errorf("%q, %v", all, err)
	}
}
