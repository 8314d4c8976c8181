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
	// workers is the number of jobs of one node that this process does at a
	// time. The queue limits the number over all processes.
	workers = 2
	// nodesInterval is how often new nodes are looked for.
	nodesInterval = time.Second
	// attempts is how many workers may die during a job before it is left to
	// the next round.
	attempts = 5
)

// Work does the jobs of all live nodes until ctx ends.
func (m *Maker) Work(ctx context.Context, queue bus.PartitionedQueue) error {
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
				var nodeCtx context.Context
				nodeCtx, stop[n.ID] = context.WithCancel(ctx)
				for range workers {
					group.Go(func() { m.workForNode(nodeCtx, queue, n.ID) })
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

func (m *Maker) workForNode(ctx context.Context, queue bus.PartitionedQueue, node nodeapi.NodeID) {
	if err := queue.Work(ctx, string(node), m.doJob); err != nil {
		m.deps.Log.Error("could not work on jobs", logging.Node, string(node), logging.Err, err)
	}
}

// doJob does one job. A failed snapshot is left to the next round. An error is
// returned only when this process cannot finish the job, so that another one
// does.
func (m *Maker) doJob(ctx context.Context, j bus.Job) (again error) {
	var job Job
	if err := json.Unmarshal(j.Data, &job); err != nil || job.Path.Check() != nil {
		m.deps.Log.Error("could not parse job", "job", j.ID, logging.Err, err)
		return nil
	}
	log := m.deps.Log.With(logging.DB, job.Path.String(), logging.Node, string(job.Node))
	defer func() { // one database never stops the others
		if p := recover(); p != nil {
			log.Error("snapshot panicked", "panic", p, "stack", string(debug.Stack()))
			again = nil
		}
	}()
	if j.Attempt > attempts {
		log.Error("could not make snapshot: all workers died", "attempts", attempts)
		return nil
	}
	_, err := m.exclusively(ctx, job, func(ctx context.Context) (Result, error) {
		if j.Attempt > 1 {
			if err := m.abortLeftUpload(ctx, job); err != nil {
				log.Warn("could not abort unfinished upload", logging.Err, err)
			}
		}
		return m.makeSnapshot(ctx, job, m.recordUpload)
	})
	switch {
	case err == nil, errs.Is(err, errs.NotFound): // never written, so there is no snapshot to make
	case ctx.Err() != nil:
		return err
	default:
		log.Warn("could not make snapshot", logging.Err, err)
	}
	return nil
}

// recordUpload records an upload before it begins. It leaves out the change
// token, so that the database still counts as changed if this process dies.
func (m *Maker) recordUpload(ctx context.Context, job Job, u bucket.UnfinishedUpload) {
	if err := Save(ctx, m.deps.Records, job.Path, Record{ID: job.Previous, Unfinished: &u}); err != nil {
		m.deps.Log.Debug("could not record upload; it expires", logging.DB, job.Path.String(), logging.Err, err)
	}
}

// abortLeftUpload aborts the upload of the worker that died during a job. Other
// uploads of the same database are left alone.
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
