package relay_test

import (
	"testing"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/querynode/relay"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// none is a node without slots for daemons.
type none struct{}

func (none) Get(ayb.DatabasePath, daemonapi.Limits) (*pool.Daemon, error) {
	return nil, errs.E(errs.Unavailable, "no place")
}

func (none) GetStaged(ayb.DatabasePath, string, daemonapi.Limits) (*pool.Daemon, error) {
	return nil, errs.E(errs.Unavailable, "no place")
}

func (none) Running(ayb.DatabasePath) *pool.Daemon { return nil }

// counter counts the ends of streams.
type counter struct{ ends int }

func (c *counter) Send(k mux.Kind, _ uint32, _ []byte) {
	if k == mux.Final || k == mux.Fail {
		c.ends++
	}
}

// For any bytes from a control plane, every request in them is answered once,
// and no state is kept for ended requests.
func FuzzFrames(f *testing.F) {
	f.Add(open(1))
	f.Add(append(open(1), open(1)...))
	f.Add(append(ask(1, daemonapi.KindRunning, ""), ask(2, daemonapi.KindCancel, "1f")...))
	f.Add(append(mux.Append(open(3), mux.Credit, 3, []byte{0, 1, 0, 0}), mux.Append(nil, mux.Cancel, 3, nil)...))
	f.Add(append(mux.Append(nil, mux.Reset, 0, []byte{0, 0, 0, 1}), mux.Append(nil, mux.Check, 0, []byte{0, 0, 0, 1, 0, 0, 0, 2, 9})...))
	f.Add(append(open(1), 0xff, 0xff, 0xff, 0xff))
	f.Add(mux.Append(nil, mux.Open, 1, []byte("\x00\x04\x04\x00\x01\x01")))
	f.Add(mux.Append(nil, mux.Kind(200), 1, nil))
	f.Fuzz(func(t *testing.T, batch []byte) {
		var c counter
		p := relay.New(none{}).Accept(&c)
		want := 0
		_ = mux.EachFrame(batch, func(f mux.Frame) { // what follows a malformed frame is not looked at
			switch f.Kind {
			case mux.Open, mux.OpenFinal:
				want++
			case mux.Check:
				want += len(f.Payload) / 4
			}
		})
		p.Frames(batch)
		if c.ends != want || p.Busy() {
			t.Fatalf("%d ends, want %d; busy %v", c.ends, want, p.Busy())
		}
	})
}
