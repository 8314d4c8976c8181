package daemon

import (
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/shared/mux"
)

// keepAliveEvery is the interval of keep-alives during long work. If a daemon sends
// nothing for twice the time limit of a statement and some seconds, the node
// considers it stuck.
const keepAliveEvery = 2 * time.Second

// keepAlive does long work and sends keep-alives meanwhile. While quiet is set, it
// sends none: the work itself sends data, or waits for its client. quiet may be nil.
func keepAlive(c *mux.Call, quiet *atomic.Bool, work func() error) error {
	t := time.NewTicker(keepAliveEvery)
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
