package controlplane_test

import (
	"context"
	"slices"
	"sync"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Node is a query node without a bus: it records its calls and answers as the test
// sets. Its fields are set before use; its methods may be called concurrently.
type Node struct {
	ID nodeapi.NodeID
	// Answer makes the answer of a query. Nil stands for an empty result.
	Answer func(ctx context.Context, req nodeapi.QueryRequest) (nodeapi.Answer, error)
	// OnCreate is called when a database is created, and may refuse it.
	OnCreate func(req nodeapi.CreateRequest) error

	// disks has the files of the databases.
	*disks

	mu        sync.Mutex
	down      bool
	full      bool // its disk
	created   []ayb.DatabasePath
	discarded []ayb.DatabasePath
	deleted   []ayb.DatabasePath
	queries   []nodeapi.QueryRequest
}

var (
	_ nodeapi.Queries          = (*Node)(nil)
	_ nodeapi.Databases        = (*Node)(nil)
	_ nodeapi.Nodes            = (*Node)(nil)
	_ nodeapi.Versions         = (*Node)(nil)
	_ nodeapi.DeletedDatabases = (*Node)(nil)
	_ nodeapi.Imports          = (*Node)(nil)

	_ snapshotapi.Snapshots = (*Node)(nil)
)

// SetDown stops the node, or starts it again.
func (n *Node) SetDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// Created lists the databases of CreateDatabase calls.
func (n *Node) Created() []ayb.DatabasePath {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.created)
}

// Discarded lists the databases of DiscardDatabase calls.
func (n *Node) Discarded() []ayb.DatabasePath {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.discarded)
}

// Queries lists the queries that reached the node.
func (n *Node) Queries() []nodeapi.QueryRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.queries)
}

func (n *Node) reach(id nodeapi.NodeID) error {
	if n.down || id != n.ID {
		return errs.E(errs.Unavailable, "The query node does not answer")
	}
	return nil
}

// Query implements nodeapi.Queries.
func (n *Node) Query(ctx context.Context, id nodeapi.NodeID, req nodeapi.QueryRequest) (nodeapi.Answer, error) {
	n.mu.Lock()
	err := n.reach(id)
	if err == nil {
		n.queries = append(n.queries, req)
	}
	n.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if n.Answer == nil && req.Kind == daemonapi.KindExport {
		return n.export(req), nil
	}
	if n.Answer == nil {
		return Chunks(`{"fields":[],"rows":[]}`), nil
	}
	return n.Answer(ctx, req)
}

// CreateDatabase implements nodeapi.Databases.
func (n *Node) CreateDatabase(_ context.Context, id nodeapi.NodeID, req nodeapi.CreateRequest) (nodeapi.Done, error) {
	n.mu.Lock()
	err := n.reach(id)
	if err == nil {
		n.created = append(n.created, req.Path)
	}
	n.mu.Unlock()
	if err == nil && n.OnCreate != nil {
		err = n.OnCreate(req)
	}
	if err == nil {
		err = n.create(req)
	}
	return nodeapi.Done{}, err
}

// DiscardDatabase implements nodeapi.Databases.
func (n *Node) DiscardDatabase(_ context.Context, id nodeapi.NodeID, req nodeapi.DiscardRequest) (nodeapi.Done, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.reach(id)
	if err == nil {
		n.discarded = append(n.discarded, req.Path)
	}
	return nodeapi.Done{}, err
}

// DeleteDatabase implements nodeapi.Databases.
func (n *Node) DeleteDatabase(_ context.Context, id nodeapi.NodeID, req nodeapi.DeleteRequest) (nodeapi.Done, error) {
	n.mu.Lock()
	err := n.reach(id)
	if err == nil {
		n.deleted = append(n.deleted, req.Path)
	}
	n.mu.Unlock()
	if err == nil {
		err = n.remove(req.Path)
	}
	return nodeapi.Done{}, err
}

// DatabaseUsage implements nodeapi.Databases.
func (n *Node) DatabaseUsage(_ context.Context, id nodeapi.NodeID, _ nodeapi.UsageRequest) (nodeapi.UsageResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return nodeapi.UsageResponse{DatabaseBytes: 8192, WALBytes: 512, Requests: 1}, n.reach(id)
}

// Deleted are the databases that were removed.
func (n *Node) Deleted() []ayb.DatabasePath {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.deleted)
}

// LiveNodes implements nodeapi.Nodes.
func (n *Node) LiveNodes() []nodeapi.NodeStatus {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return nil
	}
	return []nodeapi.NodeStatus{{ID: n.ID, FreeBytes: 1 << 30, Engines: []ayb.DatabaseType{ayb.SQLite}, DiskFull: n.full}}
}

// Step is one step of an Answer.
type Step struct {
	// The step waits for Wait, when it is set, or for the context.
	Wait  <-chan struct{}
	Chunk []byte
	Last  bool
	Err   error
}

// Answer is a nodeapi.Answer that returns its steps in order, and repeats the last
// one.
type Answer struct {
	steps  []Step
	closed chan struct{}
	once   sync.Once
}

// Steps makes an answer.
func Steps(steps ...Step) *Answer { return &Answer{steps: steps, closed: make(chan struct{})} }

// Chunks makes an answer of these chunks.
func Chunks(chunks ...string) *Answer {
	steps := make([]Step, len(chunks))
	for i, c := range chunks {
		steps[i] = Step{Chunk: []byte(c), Last: i == len(chunks)-1}
	}
	return Steps(steps...)
}

// Failure makes an answer that is an error.
func Failure(err error) *Answer { return Steps(Step{Err: err}) }

// Next implements nodeapi.Answer.
func (a *Answer) Next(ctx context.Context) ([]byte, bool, error) {
	s := a.steps[0]
	if s.Wait != nil {
		select {
		case <-s.Wait:
		case <-ctx.Done():
			return nil, false, errs.Wrap(errs.Canceled, ctx.Err(), "The query was canceled")
		}
	}
	if len(a.steps) > 1 {
		a.steps = a.steps[1:]
	}
	return s.Chunk, s.Last, s.Err
}

// Close implements nodeapi.Answer.
func (a *Answer) Close() { a.once.Do(func() { close(a.closed) }) }

// Closed is closed by Close.
func (a *Answer) Closed() <-chan struct{} { return a.closed }
