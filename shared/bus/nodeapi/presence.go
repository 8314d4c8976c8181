package nodeapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
)

// Nodes lists the query nodes that are alive.
type Nodes interface {
	// LiveNodes returns the nodes with a recent heartbeat, sorted by id. It
	// answers from memory.
	LiveNodes() []NodeStatus
}

// NodeStatus is a heartbeat of a query node.
type NodeStatus struct {
	ID NodeID `json:"id"`
	// Databases is the number of databases on the node.
	Databases int `json:"databases"`
	// FreeBytes is the free space of the node's file system.
	FreeBytes uint64 `json:"free_bytes"`
	// Engines are the database types that the node can run.
	Engines []ayb.DatabaseType `json:"engines"`
	// DiskFull reports that only the reserve of the file system is free: the
	// node makes no databases, and none grows.
	DiskFull bool `json:"disk_full,omitempty"`
	// TempBytes is the size of all temporary files.
	TempBytes int64 `json:"temp_bytes,omitempty"`
}

const (
	// heartbeatInterval is the interval at which a node announces its status.
	heartbeatInterval = 3 * time.Second
	// statusTTL is how long a status counts.
	statusTTL = 10 * time.Second
)

// Announce publishes the node's status until ctx ends, at once and then
// regularly. When the bus refuses it, the next attempt follows sooner.
func Announce(ctx context.Context, b bus.Registry, status func() NodeStatus, log *slog.Logger) error {
	for {
		wait := heartbeatInterval
		if err := announceOnce(ctx, b, status()); err != nil {
			log.Debug("could not publish the heartbeat", "err", err)
			wait = heartbeatInterval / 10
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			withdraw(b, status().ID, log)
			return nil
		case <-t.C:
		}
	}
}

// withdraw removes the status, so that the node does not look alive.
func withdraw(b bus.Registry, id NodeID, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := b.Set(ctx, string(id), nil); err != nil {
		log.Debug("could not withdraw the heartbeat", "err", err)
	}
}

func announceOnce(ctx context.Context, b bus.Registry, s NodeStatus) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, heartbeatInterval)
	defer cancel()
	return b.Set(ctx, string(s.ID), data)
}

// Presence holds the latest status of all nodes. It implements Nodes and is
// safe for concurrent use.
type Presence struct {
	now func() time.Time

	mu    sync.Mutex
	nodes map[NodeID]lastStatus
}

type lastStatus struct {
	status NodeStatus
	at     time.Time
}

var _ Nodes = (*Presence)(nil)

// NewPresence makes an empty Presence. Follow fills it.
func NewPresence(now func() time.Time) *Presence {
	return &Presence{now: now, nodes: map[NodeID]lastStatus{}}
}

// Follow watches the registry until ctx ends.
func (p *Presence) Follow(ctx context.Context, b bus.Registry) error {
	return b.Watch(ctx, p.update)
}

func (p *Presence) update(key string, value []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s NodeStatus
	if len(value) == 0 || json.Unmarshal(value, &s) != nil || s.ID != NodeID(key) {
		delete(p.nodes, NodeID(key))
		return
	}
	p.nodes[s.ID] = lastStatus{s, p.now()}
}

// LiveNodes implements Nodes.
func (p *Presence) LiveNodes() []NodeStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	oldest := p.now().Add(-statusTTL)
	var out []NodeStatus
	for _, id := range slices.Sorted(maps.Keys(p.nodes)) {
		if s := p.nodes[id]; s.at.After(oldest) {
			out = append(out, s.status)
		}
	}
	return out
}
