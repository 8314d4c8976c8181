package snapshotter_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/blake3"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
)

// testNode is a query node whose databases are plain bytes. Its copies, uploads
// and downloads are real.
type testNode struct {
	id nodeapi.NodeID

	mu      sync.Mutex
	content map[ayb.DatabasePath][]byte
	version map[ayb.DatabasePath]int // grows with every write
	packed  map[string][]byte
	strange []nodeapi.ChangeToken // told besides

	prepared, released atomic.Int64
	// onUpload is called before an upload is sent.
	onUpload atomic.Pointer[func(context.Context)]
	// onPrepare is called before a copy is made.
	onPrepare atomic.Pointer[func(context.Context)]
}

func newNode(id nodeapi.NodeID) *testNode {
	return &testNode{id: id, content: map[ayb.DatabasePath][]byte{}, version: map[ayb.DatabasePath]int{}, packed: map[string][]byte{}}
}

// start answers calls to the node and sends heartbeats until leave.
func (n *testNode) start(t *testing.T, s *natsbus.Server, conn *natsbus.Conn) (leave func()) {
	t.Helper()
	stop, err := nodeapi.Serve(conn, n.id, nodeapi.Handlers{Snapshots: n})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		status := func() nodeapi.NodeStatus { return nodeapi.NodeStatus{ID: n.id} }
		if err := nodeapi.Announce(ctx, conn.NodeRegistry(), status, s3log(t)); err != nil {
			t.Error(err)
		}
	})
	_ = s
	leave = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(func() { leave(); stop() })
	return leave
}

// write makes a new state with a change token of its own.
func (n *testNode) write(p ayb.DatabasePath, content string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.content[p] = []byte(content)
	n.version[p]++
}

func (n *testNode) read(p ayb.DatabasePath) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return string(n.content[p])
}

func (n *testNode) tokenOf(p ayb.DatabasePath) string {
	if n.version[p] == 0 {
		return ""
	}
	return fmt.Sprint("token-", n.version[p])
}

func (n *testNode) ListChangeTokens(_ context.Context, req nodeapi.ChangeTokensRequest) (resp nodeapi.ChangeTokensResponse, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := slices.Clone(n.strange)
	for p := range n.content {
		all = append(all, nodeapi.ChangeToken{Path: p, Token: n.tokenOf(p)})
	}
	slices.SortFunc(all, func(a, b nodeapi.ChangeToken) int { return cmp.Compare(a.Path.String(), b.Path.String()) })
	for _, m := range all {
		if m.Path.String() <= req.After {
			continue
		}
		if len(resp.Tokens) == req.Limit {
			resp.More = true
			break
		}
		resp.Tokens = append(resp.Tokens, m)
	}
	return resp, nil
}

func (n *testNode) PrepareSnapshot(ctx context.Context, req nodeapi.PrepareRequest) (nodeapi.PrepareResponse, error) {
	if hook := n.onPrepare.Load(); hook != nil {
		(*hook)(ctx)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.version[req.Path] == 0 {
		return nodeapi.PrepareResponse{}, errs.E(errs.NotFound, "never written")
	}
	copied := n.content[req.Path]
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		return nodeapi.PrepareResponse{}, err
	}
	packed := enc.EncodeAll(copied, nil)
	handle := fmt.Sprint("h", n.prepared.Add(1))
	n.packed[handle] = packed
	return nodeapi.PrepareResponse{Handle: handle, ID: hashOf(string(copied)), Bytes: int64(len(copied)), Packed: int64(len(packed)), ChangeToken: n.tokenOf(req.Path)}, nil
}

func hashOf(content string) string {
	sum := blake3.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func (n *testNode) UploadSnapshot(ctx context.Context, req nodeapi.UploadRequest) (resp nodeapi.UploadResponse, err error) {
	if hook := n.onUpload.Load(); hook != nil {
		(*hook)(ctx)
	}
	n.mu.Lock()
	rest := n.packed[req.Handle]
	n.mu.Unlock()
	for _, p := range req.Parts {
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, p.URL, bytes.NewReader(rest[:p.Size]))
		if err != nil {
			return resp, err
		}
		rest = rest[p.Size:]
		got, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return resp, errs.Wrap(errs.ObjectStore, err, "not sent")
		}
		_ = got.Body.Close()
		if got.StatusCode != http.StatusOK {
			return resp, errs.E(errs.ObjectStore, "not taken: %s", got.Status)
		}
		resp.ETags = append(resp.ETags, got.Header.Get("ETag"))
	}
	return resp, nil
}

func (n *testNode) ReleaseSnapshot(_ context.Context, req nodeapi.ReleaseRequest) (nodeapi.Done, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, there := n.packed[req.Handle]; there {
		delete(n.packed, req.Handle)
		n.released.Add(1)
	}
	return nodeapi.Done{}, nil
}

// FetchSnapshot loads and publishes in one step. Like VACUUM INTO, it changes the bytes
// of a restored state slightly.
func (n *testNode) FetchSnapshot(ctx context.Context, req nodeapi.FetchRequest) (nodeapi.FetchResponse, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, req.URL, nil)
	if err != nil {
		return nodeapi.FetchResponse{}, err
	}
	got, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nodeapi.FetchResponse{}, errs.Wrap(errs.ObjectStore, err, "not fetched")
	}
	defer func() { _ = got.Body.Close() }()
	dec, err := zstd.NewReader(got.Body)
	if err != nil {
		return nodeapi.FetchResponse{}, err
	}
	defer dec.Close()
	b, err := io.ReadAll(dec)
	if err != nil || hashOf(string(b)) != req.ID {
		return nodeapi.FetchResponse{}, errs.Wrap(errs.Snapshot, err, "not what it should be")
	}
	n.write(req.Path, string(b)+" restored")
	return nodeapi.FetchResponse{Bytes: int64(len(b))}, nil
}

var _ nodeapi.SnapshotHandler = (*testNode)(nil)

func s3(t *testing.T) *s3test.Server { t.Helper(); return s3test.Start(t) }
