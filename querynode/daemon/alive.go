package daemon

import (
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/shared/mux"
)

// aliveEvery is how often work that takes long shows that it goes on. The node
// takes a daemon for stuck that shows nothing for a few seconds longer than its
// statements may take.
const aliveEvery = 2 * time.Second

// alive does work that takes long. While quiet, which may be nil, holds,
// nothing is shown: there is something else to be seen, or the client is to
// blame.
func alive(c *mux.Call, quiet *atomic.Bool, work func() error) error {
	t := time.NewTicker(aliveEvery)
	defer t.Stop()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-t.C:
				if quiet == nil || !quiet.Load() {
					c.KeepAlive()
				}
			case <-stop:
				return
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	return work()
}
