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
	// preparedTTL is how long a prepared snapshot waits for its next upload.
	// Its requester may have crashed.
	preparedTTL = 10 * time.Minute
	// transferStall is how long a transfer may make no progress.
	transferStall = time.Minute
	// The node's own work on a database may take workTimeBase, and a second
	// more per workBytesPerSecond bytes. The slowest disk is faster.
	workTimeBase       = 5 * time.Minute
	workBytesPerSecond = 1 << 20
	// maxTokens bounds the change tokens in one answer.
	maxTokens = 1000
)

var _ nodeapi.SnapshotHandler = (*Node)(nil)

// ListChangeTokens implements nodeapi.SnapshotHandler.
func (n *Node) ListChangeTokens(_ context.Context, req nodeapi.ChangeTokensRequest) (nodeapi.ChangeTokensResponse, error) {
	limit := maxTokens
	if req.Limit > 0 {
		limit = min(req.Limit, maxTokens)
	}
	tokens, more, err := n.dir.ChangeTokens(req.After, limit)
	if err != nil {
		return nodeapi.ChangeTokensResponse{}, err
	}
	resp := nodeapi.ChangeTokensResponse{Tokens: make([]nodeapi.ChangeToken, 0, len(tokens)), More: more}
	for _, t := range tokens {
		resp.Tokens = append(resp.Tokens, nodeapi.ChangeToken(t))
	}
	return resp, nil
}

// PrepareSnapshot implements nodeapi.SnapshotHandler. Snapshots of one database
// are prepared one after another.
func (n *Node) PrepareSnapshot(ctx context.Context, req nodeapi.PrepareRequest) (nodeapi.PrepareResponse, error) {
	ctx, cancel := n.untilShutdown(ctx)
	defer cancel()
	var resp nodeapi.PrepareResponse
	unlock, err := n.preparing.LockContext(ctx, req.Path)
	if err != nil {
		return resp, errs.Wrap(errs.Canceled, err, "The request was canceled while it waited for another snapshot of the database")
	}
	defer unlock()
	size, err := n.dir.Size(req.Path)
	if err != nil {
		return resp, err
	}
	token, err := n.dir.ChangeToken(req.Path)
	if err != nil {
		return resp, err
	}
	if token == "" {
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
	return nodeapi.PrepareResponse{Handle: handle, ID: p.ID, Bytes: p.Bytes, Packed: p.Size, ChangeToken: token}, nil
}

// makeCopy lets the daemon of a database make a checked copy. The returned file
// has no name, so its space is free as soon as it is closed.
func (n *Node) makeCopy(ctx context.Context, p ayb.DatabasePath, size int64) (*os.File, error) {
	// Room for the copy and for its compressed form, which is rarely half as large.
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
	// A daemon that was stopped leaves its unfinished copy. A database that was
	// removed has no files left.
	if v, lerr := n.dir.Live(p); lerr == nil {
		if derr := v.RemoveTemp(name); derr != nil {
			n.deps.Log.Warn("could not remove the unfinished copy of a database", "db", p.String(), "err", derr)
		}
	}
	return nil, err
}

// takeOverCopy opens the copy that a daemon has reported, and removes its name.
func (n *Node) takeOverCopy(p ayb.DatabasePath, name string, text []byte) (*os.File, error) {
	v, err := n.dir.Live(p)
	if err != nil {
		return nil, err
	}
	f, err := v.TakeOverTemp(name)
	if err != nil { // the database was restored, renamed or deleted in the meantime, or its daemon ended
		return nil, errs.Wrap(errs.Unavailable, err, "The copy of the database is gone; try again")
	}
	var r daemonapi.CopyResult
	info, serr := f.Stat()
	if jerr := json.Unmarshal(text, &r); jerr != nil || serr != nil || info.Size() != r.Bytes {
		_ = f.Close() // this frees its space
		return nil, errs.E(errs.Engine, "The query daemon sent an answer that is not valid")
	}
	return f, nil
}

// maintenanceLimits are the limits for the node's own work on a database: the
// last requested ones, or wider ones for a database that already exceeds them.
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

// FetchSnapshot implements nodeapi.SnapshotHandler. When the object is
// incomplete or damaged the version is left empty.
func (n *Node) FetchSnapshot(ctx context.Context, req nodeapi.FetchRequest) (nodeapi.FetchResponse, error) {
	ctx, cancel := n.untilShutdown(ctx)
	defer cancel()
	if !snapshotID.MatchString(req.ID) {
		return nodeapi.FetchResponse{}, errs.E(errs.NoSnapshot, "The id of a snapshot has 64 hexadecimal digits")
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

// maxDatabaseBytes is the largest permitted size of the fetched database.
func (n *Node) maxDatabaseBytes(req nodeapi.FetchRequest) int64 {
	if req.DatabaseBytes > 0 {
		return min(max(req.DatabaseBytes, pool.MinDatabaseBytes), pool.MaxDatabaseBytes)
	}
	most := cmp.Or(n.pool.KnownLimits(req.Path).DatabaseBytes, n.cfg.DatabaseBytes, pool.MaxDatabaseBytes)
	if now, err := n.dir.Size(req.Path); err == nil { // a new database has no size
		most = max(most, now.Database)
	}
	return most
}

// loadVersion writes the content of an object to the file of a version, while
// the version has no daemon.
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

// checkVersion lets the daemon of a version check its database.
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
	case errs.Engine: // a crashed daemon does not mean a damaged snapshot
		return errs.Wrap(errs.Engine, err, "The snapshot could not be checked because its query daemon ended; nothing has changed; try again")
	default:
		return errs.Wrap(errs.Snapshot, err, "The snapshot cannot be used: %s", errs.Public(err).Message)
	}
	var r daemonapi.CheckResult
	if err := json.Unmarshal(text, &r); err != nil {
		return errs.Wrap(errs.Engine, err, "The query daemon sent an answer that is not valid")
	}
	return nil
}

// clearVersion removes the files of a version that could not be loaded.
func (n *Node) clearVersion(p ayb.DatabasePath, version string) {
	err := n.pool.Exclusive(func() error {
		v, err := n.dir.Staged(p, version)
		if err != nil {
			return err
		}
		return v.Clear()
	}, pool.InstanceKey{DB: p, Version: version})
	if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Conflict) {
		n.deps.Log.Warn("could not remove the files of a staged version", "db", p.String(), "err", err)
	}
}
