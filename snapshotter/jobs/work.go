package jobs

import (
	"context"
	"encoding/json"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

const (
	// workers are how many jobs of one node this process takes at a time. How
	// many all processes take together is counted by the queue.
	workers = 2
	// nodesInterval is how often new nodes are looked for.
	nodesInterval = time.Second
	// attempts are the workers that may die under a job before it is left to
	// the next round.
	attempts = 5
)

// Work does the jobs of all nodes that live, until ctx ends.
func (m *Maker) Work(ctx context.Context, lanes bus.PartitionedQueue) error {
	var group sync.WaitGroup
	defer group.Wait()
	stop := map[nodeapi.NodeID]context.CancelFunc{}
	defer func() {
		for _, cancel := range stop {
			cancel()
		}
	}()
	tick := time.NewTicker(nodesInterval)
	defer tick.Stop()
	for {
		live := map[nodeapi.NodeID]bool{}
		for _, n := range m.deps.LiveNodes.LiveNodes() {
			live[n.ID] = true
			if stop[n.ID] == nil {
				var lane context.Context
				lane, stop[n.ID] = context.WithCancel(ctx)
				for range workers {
					group.Go(func() { m.workForNode(lane, lanes, n.ID) })
				}
			}
		}
		for id, cancel := range stop {
			if !live[id] {
				cancel()
				delete(stop, id)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (m *Maker) workForNode(ctx context.Context, lanes bus.PartitionedQueue, node nodeapi.NodeID) {
	if err := lanes.Work(ctx, string(node), m.doJob); err != nil {
		m.deps.Log.Error("jobs are not taken", logging.Node, string(node), logging.Err, err)
	}
}

// doJob does one job. What fails is not tried again at once: the next round looks
// anew. Only a job that this process cannot finish goes to another.
func (m *Maker) doJob(ctx context.Context, j bus.Job) (again error) {
	var job Job
	if err := json.Unmarshal(j.Data, &job); err != nil || job.Path.Check() != nil {
		m.deps.Log.Error("job cannot be read", "job", j.ID, logging.Err, err)
		return nil
	}
	log := m.deps.Log.With(logging.DB, job.Path.String(), logging.Node, string(job.Node))
	defer func() { // pitfall N5: one database never stops the others
		if p := recover(); p != nil {
			log.Error("snapshot panicked", "panic", p, "stack", string(debug.Stack()))
			again = nil
		}
	}()
	if j.Attempt > attempts {
		log.Error("snapshot given up: all who tried died", "attempts", attempts)
		return nil
	}
	_, err := m.exclusively(ctx, job, func(ctx context.Context) (Result, error) {
		if j.Attempt > 1 {
			if err := m.abortLeftUpload(ctx, job); err != nil {
				log.Warn("unfinished upload not freed", logging.Err, err)
			}
		}
		return m.makeSnapshot(ctx, job, m.recordUpload)
	})
	switch {
	case err == nil, errs.Is(err, errs.NotFound): // never written: nothing to do
	case ctx.Err() != nil:
		return err
	default:
		log.Warn("snapshot failed", logging.Err, err)
	}
	return nil
}

// recordUpload notes an upload that is about to be sent. The state counts as
// changed meanwhile, so that nothing is missed if this is the last that is
// heard of it.
func (m *Maker) recordUpload(ctx context.Context, job Job, u bucket.UnfinishedUpload) {
	if err := Save(ctx, m.deps.Records, job.Path, Record{ID: job.Previous, Unfinished: &u}); err != nil {
		m.deps.Log.Debug("upload not noted; it runs out", logging.DB, job.Path.String(), logging.Err, err)
	}
}

// abortLeftUpload frees what the worker that died under a job has sent, and nothing else:
// others may be sending a snapshot of the same database.
func (m *Maker) abortLeftUpload(ctx context.Context, job Job) error {
	all, err := Load(ctx, m.deps.Records)
	if err != nil {
		return err
	}
	if left := all[job.Path.String()].Unfinished; left != nil {
		return m.deps.Store.Abort(ctx, job.Path, *left)
	}
	return nil
}
