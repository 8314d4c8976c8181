package controlplane

import (
	"context"
	"time"
)

// sweepEvery is how often records that have ended are deleted; the store
// knows how long it keeps which.
const sweepEvery = time.Hour

// sweep deletes codes and tokens that ended long ago, at once and then every
// hour until ctx ends (S27). Several control planes may do so: what one has
// deleted the next does not find.
func (c *ControlPlane) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := c.store.DeleteExpired(ctx, c.deps.Now()); err != nil && ctx.Err() == nil {
			c.deps.Log.Warn("ended records are not deleted", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
