package socketpair

import (
	"sync"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
	"github.com/ayb-go/ayb/shared/mux/muxtest"
)

func pair(t *testing.T) (a, b *Conn) {
	t.Helper()
	fa, fb, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = New(fa); err != nil {
		t.Fatal(err)
	}
	if b, err = New(fb); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestSuite(t *testing.T) {
	muxtest.Run(t, func(t *testing.T, serve func(*mux.Call)) *mux.Client {
		near, far := pair(t)
		server := mux.NewServer(far, muxtest.Limits(), serve)
		client := mux.NewClient(near)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := far.Run(server.Handle); err != nil {
				t.Error(err)
			}
			server.CancelAll()
		})
		wg.Go(func() {
			err := near.Run(func(f mux.Frame) {
				f.Payload = append([]byte(nil), f.Payload...) // a client keeps what it gets
				client.Handle(f)
			})
			if err != nil {
				t.Error(err)
			}
			client.FailAll(errs.E(errs.Engine, "gone"))
		})
		t.Cleanup(func() {
			near.Close()
			wg.Wait()
		})
		return client
	})
}

func TestGarbageEndsTheChannel(t *testing.T) {
	a, b := pair(t)
	defer b.Close()
	if _, err := a.file.Write([]byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5}); err != nil {
		t.Fatal(err)
	}
	if err := b.Run(func(mux.Frame) { t.Error("a frame was made of garbage") }); err == nil {
		t.Error("no error")
	}
	a.Close()
}

func TestCloseEndsBothSides(t *testing.T) {
	a, b := pair(t)
	done := make(chan error, 1)
	go func() { done <- b.Run(func(mux.Frame) {}) }()
	a.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	b.Send(mux.Data, 1, make([]byte, 1<<18)) // into the void, without a crash
	b.Close()
	b.Close()
}

// A stream of chunks reuses one buffer. The buffer of a huge frame, and that of
// an idle channel, are freed.
func TestBufferFollowsTheTraffic(t *testing.T) {
	var c Conn
	for _, test := range []struct {
		name           string
		cap, len, rest int
		want           int
	}{
		{"streaming", 2 * readSize, 2 * readSize, 100, 2 * readSize},
		{"huge frame", 2 * keepSize, 2 * keepSize, 100, readSize},
		{"quiet", 2 * readSize, 50, 0, readSize},
		{"usual", readSize, 50, 0, readSize},
		{"frame does not fit", readSize, readSize, readSize, 2 * readSize},
		{"frame is arriving", 4 * readSize, 3 * readSize, 3 * readSize, 4 * readSize},
	} {
		buf := make([]byte, test.len, test.cap)
		rest := buf[test.len-test.rest:]
		for i := range rest {
			rest[i] = byte(i)
		}
		got := c.growBuffer(buf, rest)
		if cap(got) != test.want || len(got) != test.rest {
			t.Errorf("%s: %d bytes of %d, want %d of %d", test.name, len(got), cap(got), test.rest, test.want)
		}
		for i, b := range got {
			if b != byte(i) {
				t.Errorf("%s: byte %d is %d", test.name, i, b)
				break
			}
		}
	}
}
