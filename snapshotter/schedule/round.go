package schedule

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/directoryapi"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging"
	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/jobs"
)

const (
	// pageSize is the number of databases in one answer. It is far below the
	// size limit of a message.
	pageSize = 1000
	// nodesAtOnce is how many nodes are asked at the same time.
	nodesAtOnce = 8
)

// databaseState is what a round knows about a database.
type databaseState struct {
	directoryapi.Database
	changeToken string // of the present state; empty if unknown or never written
	record      jobs.Record
	stored      bool // the recorded snapshot is in the bucket
}

// due reports whether the present state may be missing in the store.
func (e *databaseState) due() bool {
	return e.changeToken != "" && (e.changeToken != e.record.ChangeToken || !e.stored)
}

// Round checks all databases once and queues those that are due. It costs one
// call for 1 000 databases and one request to the store for 1 000 snapshots. An
// unchanged database costs no call of its own.
func (s *Schedule) Round(ctx context.Context) error {
	all, err := s.databases(ctx)
	if err != nil {
		return err
	}
	if err := s.askNodes(ctx, all); err != nil {
		return err
	}
	if err := s.addRecords(ctx, all); err != nil {
		return err
	}
	// A snapshot that was deleted from the bucket is stored again.
	err = s.deps.Store.Walk(ctx, func(p ayb.DatabasePath, o bucket.Object) {
		if e := all[p]; e != nil && e.record.ID == o.ID && jobs.IsVisible(o, e.CreatedAt) {
			e.stored = true
		}
	})
	if err != nil {
		return err
	}
	if err := s.enqueue(ctx, all); err != nil {
		return err
	}
	return s.abortStale(ctx)
}

func (s *Schedule) databases(ctx context.Context) (map[ayb.DatabasePath]*databaseState, error) {
	all := map[ayb.DatabasePath]*databaseState{}
	var after int64
	for {
		page, err := s.deps.Directory.ListDatabases(ctx, directoryapi.ListRequest{After: after, Limit: pageSize})
		if err != nil {
			return nil, err
		}
		for _, d := range page.Databases {
			after = max(after, d.Number)
			if d.Node != "" {
				all[d.Path] = &databaseState{Database: d}
			}
		}
		if !page.More {
			return all, nil
		}
		if len(page.Databases) == 0 {
			return nil, errs.E(errs.Internal, "The list of databases does not end")
		}
	}
}

// askNodes fetches the change tokens from the live nodes. A node that does not
// answer is left to the next round and delays only its own databases.
func (s *Schedule) askNodes(ctx context.Context, all map[ayb.DatabasePath]*databaseState) error {
	wanted := map[nodeapi.NodeID]bool{}
	for _, e := range all {
		wanted[e.Node] = true
	}
	var mu sync.Mutex // guards all
	var group sync.WaitGroup
	slots := make(chan struct{}, nodesAtOnce)
	for _, n := range s.deps.LiveNodes.LiveNodes() {
		if !wanted[n.ID] {
			continue
		}
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			err := s.askNode(ctx, n.ID, func(m nodeapi.ChangeToken) {
				mu.Lock()
				defer mu.Unlock()
				// A node may have files of a database that has moved away or is
				// unknown. These are not stored.
				if e := all[m.Path]; e != nil && e.Node == n.ID {
					e.changeToken = m.Token
				}
			})
			if err != nil && ctx.Err() == nil {
				s.deps.Log.Warn("could not fetch change tokens from query node", logging.Node, string(n.ID), logging.Err, err)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}

func (s *Schedule) askNode(ctx context.Context, node nodeapi.NodeID, seen func(nodeapi.ChangeToken)) error {
	after := ""
	for {
		page, err := s.deps.Nodes.ListChangeTokens(ctx, node, nodeapi.ChangeTokensRequest{After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		for _, m := range page.Tokens {
			seen(m)
		}
		if !page.More {
			return nil
		}
		if len(page.Tokens) == 0 {
			return errs.E(errs.Internal, "The list of change tokens does not end")
		}
		after = page.Tokens[len(page.Tokens)-1].Path.String()
	}
}

// addRecords adds the records of stored snapshots and removes the records of
// databases that do not exist.
func (s *Schedule) addRecords(ctx context.Context, all map[ayb.DatabasePath]*databaseState) error {
	known, err := jobs.Load(ctx, s.deps.Records)
	if err != nil {
		return err
	}
	for p, e := range all {
		e.record = known[p.String()]
		delete(known, p.String())
	}
	for gone := range known {
		if err := s.deps.Records.Set(ctx, gone, nil); err != nil {
			return err
		}
	}
	return nil
}

// enqueue queues the databases that are due, in random order, so that no
// database is always the last. A job that is still queued stays once.
func (s *Schedule) enqueue(ctx context.Context, all map[ayb.DatabasePath]*databaseState) error {
	var due []*databaseState
	for _, e := range all {
		if e.due() {
			due = append(due, e)
		}
	}
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, e := range due {
		s.deps.Log.Debug("snapshot due", logging.DB, e.Path.String(), "change_token", e.changeToken, "recorded", e.record.ChangeToken, "stored", e.stored)
		b, err := json.Marshal(jobs.Job{Path: e.Path, Node: e.Node, CreatedAt: e.CreatedAt, Previous: e.record.ID})
		if err != nil {
			return errs.Wrap(errs.Internal, err, "The job of a snapshot could not be encoded")
		}
		if err := s.deps.Queue.Put(ctx, string(e.Node), e.Path.String(), b); err != nil {
			return err
		}
	}
	return nil
}

// abortStale aborts uploads that cannot be finished because their URLs have
// expired.
func (s *Schedule) abortStale(ctx context.Context) error {
	if time.Since(s.lastSweep) < sweepInterval {
		return nil
	}
	n, err := s.deps.Store.AbortStale(ctx, time.Now().Add(-bucket.URLLife))
	if err != nil {
		return err
	}
	s.lastSweep = time.Now()
	if n > 0 {
		s.deps.Log.Info("unfinished uploads aborted", "count", n)
	}
	return nil
}
