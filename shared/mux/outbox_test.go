package mux

import (
	"sync"
	"testing"
)

func TestBatchesHoldWholeFramesInOrder(t *testing.T) {
	var mu sync.Mutex
	next := map[uint32]byte{}
	batches := 0
	o := NewOutbox(func(batch []byte) bool {
		mu.Lock()
		defer mu.Unlock()
		batches++
		if len(batch) > MaxFrame {
			t.Errorf("batch of %d bytes", len(batch))
		}
		err := EachFrame(batch, func(f Frame) {
			if f.Payload[0] != next[f.Stream] {
				t.Errorf("stream %d: frame %d came when %d was due", f.Stream, f.Payload[0], next[f.Stream])
			}
			next[f.Stream]++
		})
		if err != nil {
			t.Error(err)
		}
		return false
	})
	var wg sync.WaitGroup
	for g := range uint32(16) {
		wg.Go(func() {
			for i := range 200 {
				o.Send(Data, g, append([]byte{byte(i)}, make([]byte, 5000)...))
			}
		})
	}
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	for g, n := range next {
		if n != 200 {
			t.Errorf("stream %d: %d frames", g, n)
		}
	}
}

func TestFullChannelIsFinishedInTheBackground(t *testing.T) {
	var got []byte
	gate := make(chan struct{})
	done := make(chan struct{})
	first := true
	o := NewWaitingOutbox(
		func(b []byte) []byte {
			if first { // takes two bytes and is full
				first = false
				got = append(got, b[:2]...)
				return b[2:]
			}
			got = append(got, b...)
			close(done)
			return nil
		},
		func(b []byte) {
			<-gate
			got = append(got, b...)
		})
	o.Send(Data, 1, []byte("one"))
	o.Send(Data, 2, []byte("two")) // returns while the first is still being written
	close(gate)
	<-done
	var order []uint32
	if err := EachFrame(got, func(f Frame) { order = append(order, f.Stream) }); err != nil || len(order) != 2 || order[0] != 1 {
		t.Errorf("order %v, %v", order, err)
	}
}

// PendingBytes counts waiting batches, and the outbox keeps none of them after
// they are written.
func TestJamIsForgottenWhenItIsOver(t *testing.T) {
	gate, done := make(chan struct{}), make(chan struct{})
	jammed, batches := true, 0
	o := NewWaitingOutbox(
		func(b []byte) []byte {
			if jammed {
				return b
			}
			if batches++; batches == 10 {
				close(done)
			}
			return nil
		},
		func([]byte) { <-gate; jammed = false })
	for range 11 {
		o.Send(Data, 1, make([]byte, MaxPayload))
	}
	if got := o.PendingBytes(); got != 10*MaxFrame {
		t.Errorf("%d bytes wait", got)
	}
	o.mu.Lock()
	jam := o.complete[:9:9]
	o.mu.Unlock()
	close(gate)
	<-done
	if got := o.PendingBytes(); got != 0 {
		t.Errorf("%d bytes wait after the jam", got)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, b := range jam {
		if b != nil {
			t.Fatal("a written batch is still held")
		}
	}
}

func TestClosedBoxDrops(t *testing.T) {
	o := NewOutbox(func([]byte) bool { t.Error("written after Close"); return false })
	o.Close()
	o.Send(Data, 1, []byte("x"))
}

// Frames sent during a Cork are written together at its end, also those of
// other goroutines.
func TestCork(t *testing.T) {
	var batches [][]byte
	o := NewOutbox(func(batch []byte) bool {
		batches = append(batches, batch)
		return true
	})
	o.Cork()
	o.Cork()
	o.Send(Data, 1, []byte("a"))
	o.Send(Data, 2, []byte("b"))
	o.Uncork()
	o.Send(Data, 3, []byte("c"))
	if len(batches) != 0 {
		t.Fatalf("%d batches while one holds", len(batches))
	}
	o.Uncork()
	var streams []uint32
	if len(batches) != 1 {
		t.Fatalf("%d batches", len(batches))
	}
	if err := EachFrame(batches[0], func(f Frame) { streams = append(streams, f.Stream) }); err != nil || len(streams) != 3 {
		t.Errorf("streams %v, %v", streams, err)
	}
	o.Cork()
	o.Uncork()
	if o.Send(Data, 4, nil); len(batches) != 2 {
		t.Errorf("%d batches after the hold", len(batches))
	}
}
