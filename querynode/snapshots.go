package querynode

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/querynode/relay"
	"github.com/ayb-go/ayb/querynode/snapshotio"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// preparedTTL is how long a prepared snapshot waits to be uploaded, or to
	// be uploaded again: whoever asked for it may have died.
	preparedTTL = 10 * time.Minute
	// transferStall is how long a transfer may make no progress.
	transferStall = time.Minute
	// A daemon may take this long for its own work on a database, and a second
	// more for each so many bytes. The slowest disk is faster.
	workTimeBase       = 5 * time.Minute
	workBytesPerSecond = 1 << 20
	// maxTokens is how many marks one answer has.
	maxTokens = 1000
)

var _ nodeapi.SnapshotHandler = (*Node)(nil)

// ListChangeTokens implements nodeapi.SnapshotHandler.
func (n *Node) ListChangeTokens(_ context.Context, req nodeapi.ChangeTokensRequest) (nodeapi.ChangeTokensResponse, error) {
	limit := maxTokens
	if req.Limit > 0 {
		limit = min(req.Limit, maxTokens)
	}
	marks, more, err := n.dir.ChangeTokens(req.After, limit)
	if err != nil {
		return nodeapi.ChangeTokensResponse{}, err
	}
	resp := nodeapi.ChangeTokensResponse{Tokens: make([]nodeapi.ChangeToken, 0, len(marks)), More: more}
	for _, m := range marks {
		resp.Tokens = append(resp.Tokens, nodeapi.ChangeToken(m))
	}
	return resp, nil
}

// PrepareSnapshot implements nodeapi.SnapshotHandler. N14: one at a time for a database.
func (n *Node) PrepareSnapshot(ctx context.Context, req nodeapi.PrepareRequest) (nodeapi.PrepareResponse, error) {
	ctx, cancel := n.untilShutdown(ctx)
	defer cancel()
	var resp nodeapi.PrepareResponse
	unlock, err := n.preparing.LockContext(ctx, req.Path)
	if err != nil {
		return resp, errs.Wrap(errs.Canceled, err, "The request was given up while it waited for another snapshot of the database")
	}
	defer unlock()
	size, err := n.dir.Size(req.Path)
	if err != nil {
		return resp, err
	}
	mark, err := n.dir.ChangeToken(req.Path)
	if err != nil {
		return resp, err
	}
	if mark == "" {
		return resp, errs.E(errs.NotFound, "Nothing was ever written to database %s", req.Path)
	}
	copied, err := n.makeCopy(ctx, req.Path, size.Database+size.WAL)
	if err != nil {
		return resp, err
	}
	defer copied.Close()
	handle, p, err := n.prepared.Pack(ctx, copied)
	if err != nil {
		return resp, err
	}
	return nodeapi.PrepareResponse{Handle: handle, ID: p.ID, Bytes: p.Bytes, Packed: p.Size, ChangeToken: mark}, nil
}

// makeCopy has the daemon of a database make a checked copy. The file has no name
// any more, so that nothing of it stays when it is closed (N8).
func (n *Node) makeCopy(ctx context.Context, p ayb.DatabasePath, size int64) (*os.File, error) {
	// The copy, and what it is packed to, which is seldom half of it.
	if err := n.checkSpace(size + size/2); err != nil {
		return nil, err
	}
	name := "copy-" + strings.ToLower(rand.Text())
	options, err := json.Marshal(daemonapi.CopyOptions{Name: name})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, workTime(size))
	defer cancel()
	own := n.maintenanceLimits(p, size)
	text, err := relay.Call(ctx, func() (*pool.Daemon, error) { return n.pool.GetForMaintenance(p, own) }, daemonapi.Request{
		Path: p, Type: n.dir.Kind(p).Type, Kind: daemonapi.KindCopy, Mode: ayb.QueryReadOnly, Limits: own, Options: options,
	})
	if err == nil {
		var f *os.File
		if f, err = n.takeOverCopy(p, name, text); err == nil {
			return f, nil
		}
	}
	// A daemon that was ended has left what it had (N8). Where the database is
	// not any more, nothing is.
	if v, lerr := n.dir.Live(p); lerr == nil {
		if derr := v.RemoveTemp(name); derr != nil {
			n.deps.Log.Warn("copy not removed", "db", p.String(), "err", derr)
		}
	}
	return nil, err
}

// takeOverCopy takes the file of a copy over from the daemon that has told of it.
func (n *Node) takeOverCopy(p ayb.DatabasePath, name string, text []byte) (*os.File, error) {
	v, err := n.dir.Live(p)
	if err != nil {
		return nil, err
	}
	f, err := v.TakeOverTemp(name)
	if err != nil { // the database was restored, moved or deleted meanwhile, or its daemon ended
		return nil, errs.Wrap(errs.Unavailable, err, "The copy of the database is gone; try again")
	}
	var r daemonapi.CopyResult
	info, serr := f.Stat()
	if jerr := json.Unmarshal(text, &r); jerr != nil || serr != nil || info.Size() != r.Bytes {
		_ = f.Close() // it has no name any more
		return nil, errs.E(errs.Engine, "The query daemon gave an answer that could not be used")
	}
	return f, nil
}

// maintenanceLimits are the limits for the node's own work on a database of this size:
// those that its statements come with, if they let it be so large.
func (n *Node) maintenanceLimits(p ayb.DatabasePath, size int64) daemonapi.Limits {
	own := n.pool.KnownLimits(p)
	if limit := cmp.Or(own.DatabaseBytes, n.cfg.DatabaseBytes); limit > 0 && limit < size {
		own.DatabaseBytes = size + size/4
	}
	return own
}

func workTime(size int64) time.Duration {
	return workTimeBase + time.Duration(size/workBytesPerSecond)*time.Second
}

// UploadSnapshot implements nodeapi.SnapshotHandler.
func (n *Node) UploadSnapshot(ctx context.Context, req nodeapi.UploadRequest) (nodeapi.UploadResponse, error) {
	ctx, cancel := n.untilShutdown(ctx)
	defer cancel()
	parts := make([]snapshotio.Part, 0, len(req.Parts))
	for _, p := range req.Parts {
		parts = append(parts, snapshotio.Part(p))
	}
	tags, err := n.transfers.Send(ctx, n.prepared, req.Handle, parts)
	return nodeapi.UploadResponse{ETags: tags}, err
}

// ReleaseSnapshot implements nodeapi.SnapshotHandler.
func (n *Node) ReleaseSnapshot(_ context.Context, req nodeapi.ReleaseRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, n.prepared.Release(req.Handle)
}

var snapshotID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// FetchSnapshot implements nodeapi.SnapshotHandler. What does not come whole and sound
// leaves the version empty (N2, N11).
func (n *Node) FetchSnapshot(ctx context.Context, req nodeapi.FetchRequest) (nodeapi.FetchResponse, error) {
	ctx, cancel := n.untilShutdown(ctx)
	defer cancel()
	if !snapshotID.MatchString(req.ID) {
		return nodeapi.FetchResponse{}, errs.E(errs.NoSnapshot, "This is no id of a snapshot")
	}
	if err := n.checkSpace(0); err != nil {
		return nodeapi.FetchResponse{}, err
	}
	own := daemonapi.Limits{DatabaseBytes: n.maxDatabaseBytes(req)}
	bytes, err := n.loadVersion(ctx, req, own.DatabaseBytes)
	if err == nil {
		err = n.checkVersion(ctx, req, bytes, own)
	}
	if err != nil {
		n.clearVersion(req.Path, req.Version)
		return nodeapi.FetchResponse{}, err
	}
	return nodeapi.FetchResponse{Bytes: bytes}, nil
}

// maxDatabaseBytes is the largest size that the fetched database may have.
func (n *Node) maxDatabaseBytes(req nodeapi.FetchRequest) int64 {
	if req.DatabaseBytes > 0 {
		return min(max(req.DatabaseBytes, pool.MinDatabaseBytes), pool.MaxDatabaseBytes)
	}
	most := cmp.Or(n.pool.KnownLimits(req.Path).DatabaseBytes, n.cfg.DatabaseBytes, pool.MaxDatabaseBytes)
	if now, err := n.dir.Size(req.Path); err == nil { // a new one has none
		most = max(most, now.Database)
	}
	return most
}

// loadVersion writes the content of an object to the file of a version, while no
// daemon of it runs.
func (n *Node) loadVersion(ctx context.Context, req nodeapi.FetchRequest, most int64) (bytes int64, err error) {
	err = n.pool.Exclusive(func() error {
		v, err := n.dir.Staged(req.Path, req.Version)
		if err != nil {
			return err
		}
		if err := v.Clear(); err != nil {
			return err
		}
		f, err := v.NewFile()
		if err != nil {
			return err
		}
		bytes, err = n.transfers.Fetch(ctx, req.URL, req.ID, most, f)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		return err
	}, pool.InstanceKey{DB: req.Path, Version: req.Version})
	return bytes, err
}

// checkVersion has the daemon of a version look at its database.
func (n *Node) checkVersion(ctx context.Context, req nodeapi.FetchRequest, bytes int64, own daemonapi.Limits) error {
	ctx, cancel := context.WithTimeout(ctx, workTime(bytes))
	defer cancel()
	text, err := relay.Call(ctx, func() (*pool.Daemon, error) { return n.pool.GetStaged(req.Path, req.Version, own) }, daemonapi.Request{
		Path: req.Path, Type: n.dir.Kind(req.Path).Type, Kind: daemonapi.KindCheck, Mode: ayb.QueryReadOnly, Version: req.Version, Limits: own,
	})
	switch errs.CodeOf(err) {
	case "":
	case errs.Unavailable, errs.Timeout, errs.Canceled, errs.Full, errs.DiskFull, errs.NotFound, errs.Conflict:
		return err
	case errs.Engine: // its daemon died, which says nothing of the snapshot
		return errs.Wrap(errs.Engine, err, "The snapshot could not be checked because its query daemon ended; nothing has changed; try again")
	default:
		return errs.Wrap(errs.Snapshot, err, "The snapshot cannot be used: %s", errs.Public(err).Message)
	}
	var r daemonapi.CheckResult
	if err := json.Unmarshal(text, &r); err != nil {
		return errs.Wrap(errs.Engine, err, "The query daemon gave an answer that could not be used")
	}
	return nil
}

// clearVersion leaves nothing in a version that could not be loaded.
func (n *Node) clearVersion(p ayb.DatabasePath, version string) {
	err := n.pool.Exclusive(func() error {
		v, err := n.dir.Staged(p, version)
		if err != nil {
			return err
		}
		return v.Clear()
	}, pool.InstanceKey{DB: p, Version: version})
	if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Conflict) {
		n.deps.Log.Warn("version not emptied", "db", p.String(), "err", err)
	}
}
