package jobs

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
)

// notes are records in memory.
type notes struct {
	mu  sync.Mutex
	all map[string][]byte
}

func (n *notes) Set(_ context.Context, key string, value []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all[key] = value
	return nil
}

func (n *notes) All(context.Context) (map[string][]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all, nil
}

// bigNode has a database of a given size, and uploads nothing.
type bigNode struct {
	nodeapi.Snapshots
	id     string
	upload func() error
}

func (n *bigNode) PrepareSnapshot(context.Context, nodeapi.NodeID, nodeapi.PrepareRequest) (nodeapi.PrepareResponse, error) {
	return nodeapi.PrepareResponse{Handle: "h", ID: n.id, Bytes: 11 << 20, Packed: 11 << 20, ChangeToken: "now"}, nil
}

func (n *bigNode) UploadSnapshot(context.Context, nodeapi.NodeID, nodeapi.UploadRequest) (nodeapi.UploadResponse, error) {
	return nodeapi.UploadResponse{}, n.upload()
}

func (n *bigNode) ReleaseSnapshot(context.Context, nodeapi.NodeID, nodeapi.ReleaseRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, nil
}

func (n *bigNode) LiveNodes() []nodeapi.NodeStatus { return []nodeapi.NodeStatus{{ID: "n1"}} }

// A repeated job aborts the upload of the worker that died, and no other upload
// of the same database.
func TestRetryFreesOnlyItsOwn(t *testing.T) {
	server := s3test.Start(t)
	cfg := server.Bucket("retry")
	cfg.PartSize = 5 << 20
	store, err := bucket.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	job := Job{Path: ayb.DatabasePath{Entity: "ann", Database: "big.sqlite"}, Node: "n1", Previous: snapshotID('9')}
	unfinished := func() (ids []string) {
		for _, key := range server.Unfinished("retry") {
			ids = append(ids, key[strings.LastIndexByte(key, '/')+1:])
		}
		slices.Sort(ids)
		return ids
	}
	records := &notes{all: map[string][]byte{}}
	noted := func() Record {
		all, err := Load(t.Context(), records)
		if err != nil {
			t.Fatal(err)
		}
		return all[job.Path.String()]
	}
	node := &bigNode{}
	m, err := New(Config{}, Deps{Nodes: node, LiveNodes: node, Store: store, Records: records, Printf: func(string, ...any) {}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	do := func(attempt int) {
		t.Helper()
		data, err := json.Marshal(job)
		if err == nil {
			err = m.doJob(t.Context(), bus.Job{Data: data, Attempt: attempt})
		}
		if err != nil {
			t.Error(err)
		}
	}

	// The first worker dies during the upload, which stays unfinished.
	died := make(chan struct{})
	node.id, node.upload = snapshotID('1'), func() error {
		if rec := noted(); rec.Unfinished == nil || rec.Unfinished.ID != node.id || rec.ChangeToken != "" || rec.ID != job.Previous {
			t.Errorf("noted %+v", rec)
		}
		close(died)
		select {} // until the process of this test ends
	}
	go do(1)
	<-died

	// Another process takes the job over. A third one uploads a snapshot on
	// demand.
	second, err := New(m.cfg, m.deps)
	if err != nil {
		t.Fatal(err)
	}
	m = second
	if _, err := store.Begin(t.Context(), job.Path, snapshotID('2'), 11<<20); err != nil {
		t.Fatal(err)
	}
	next := &bigNode{id: snapshotID('3'), upload: func() error {
		if got := unfinished(); !slices.Equal(got, []string{snapshotID('2'), snapshotID('3')}) {
			t.Errorf("unfinished are %v", got)
		}
		return errs.E(errs.ObjectStore, "it ends here")
	}}
	m.deps.Nodes = next
	do(2)
	if got := unfinished(); !slices.Equal(got, []string{snapshotID('2')}) {
		t.Errorf("at the end %v", got)
	}
	if n, err := store.AbortStale(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}

func snapshotID(digit byte) string { return strings.Repeat(string(digit), 64) }
