package controlplane_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// home has the files of a database: versions with their data, one of them live. A
// database that was never written has a live version without data.
type home struct {
	live     string
	versions map[string]string
}

// disks are the files of a node, and the object store with its snapshots.
type disks struct {
	mu      sync.Mutex
	homes   map[ayb.DatabasePath]*home
	deleted map[string]*home
	last    int
	stored  map[ayb.DatabasePath][]stored
	now     func() time.Time
	imports []nodeapi.QueryRequest
	loads   []snapshotapi.LoadRequest
	// before and after are called around every call that changes files. Their error
	// makes it fail, before or after it was carried out.
	before, after func(verb string) error
}

type stored struct {
	id, data string
	at       time.Time
}

func newDisks() *disks {
	nothing := func(string) error { return nil }
	return &disks{homes: map[ayb.DatabasePath]*home{}, deleted: map[string]*home{}, stored: map[ayb.DatabasePath][]stored{},
		before: nothing, after: nothing, now: time.Now}
}

// change carries a call out between the hooks.
func (d *disks) change(verb string, do func() error) error {
	if err := d.before(verb); err != nil {
		return err
	}
	d.mu.Lock()
	err := do()
	d.mu.Unlock()
	if err != nil {
		return err
	}
	return d.after(verb)
}

func (d *disks) at(path ayb.DatabasePath) *home {
	h := d.homes[path]
	if h == nil {
		h = &home{versions: map[string]string{}}
		d.homes[path] = h
	}
	return h
}

// create makes a database, of a version or without data.
func (d *disks) create(req nodeapi.CreateRequest) error {
	return d.change("create", func() error {
		h := d.at(req.Path)
		if req.Version == "" {
			if h.live == "" {
				h.live = "empty"
				h.versions["empty"] = ""
			}
			return nil
		}
		if _, ok := h.versions[req.Version]; !ok {
			return errs.E(errs.NotFound, "There is no such version")
		}
		if h.live != "" && h.live != req.Version {
			return errs.E(errs.Conflict, "There is a database already")
		}
		h.live = req.Version
		return nil
	})
}

func (d *disks) remove(path ayb.DatabasePath) error {
	return d.change("delete", func() error {
		delete(d.homes, path)
		return nil
	})
}

// data returns the live data of a database; false when there is no file.
func (d *disks) data(path ayb.DatabasePath) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.homes[path]
	if h == nil || h.live == "" {
		return "", false
	}
	return h.versions[h.live], true
}

// write sets the live data of a database.
func (d *disks) write(path ayb.DatabasePath, data string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.homes[path]
	h.versions[h.live] = data
}

// paths lists the databases that have files.
func (d *disks) paths() (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for p := range d.homes {
		out = append(out, p.String())
	}
	slices.Sort(out)
	return out
}

func (d *disks) keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.deleted))
}

func (d *disks) StageVersion(_ context.Context, _ nodeapi.NodeID, req nodeapi.StageRequest) (out nodeapi.StageResponse, err error) {
	err = d.change("stage", func() error {
		d.last++
		out.Version = fmt.Sprint("v", d.last)
		d.at(req.Path).versions[out.Version] = ""
		return nil
	})
	return out, err
}

func (d *disks) UnstageVersion(_ context.Context, _ nodeapi.NodeID, req nodeapi.VersionRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, d.change("unstage", func() error {
		h := d.homes[req.Path]
		if h == nil || h.live == req.Version {
			return nil
		}
		delete(h.versions, req.Version)
		return nil
	})
}

func (d *disks) PublishVersion(_ context.Context, _ nodeapi.NodeID, req nodeapi.VersionRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, d.change("publish", func() error {
		h := d.homes[req.Path]
		if h == nil {
			return errs.E(errs.NotFound, "There is no such database")
		}
		data, ok := h.versions[req.Version]
		if !ok {
			return errs.E(errs.NotFound, "There is no such version")
		}
		h.live, h.versions = req.Version, map[string]string{req.Version: data}
		return nil
	})
}

func (d *disks) RenameDatabase(_ context.Context, _ nodeapi.NodeID, req nodeapi.RenameRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, d.change("rename", func() error {
		from, to := d.homes[req.From], d.homes[req.To]
		switch {
		case from == nil && to == nil:
			return errs.E(errs.NotFound, "There are no files")
		case from == nil:
			return nil
		case to != nil:
			return errs.E(errs.Conflict, "There are files already")
		}
		d.homes[req.To] = from
		delete(d.homes, req.From)
		return nil
	})
}

func (d *disks) SoftDeleteDatabase(_ context.Context, _ nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, d.change("softdelete", func() error {
		if h := d.homes[req.Path]; h != nil {
			d.deleted[req.Key] = h
			delete(d.homes, req.Path)
		}
		return nil
	})
}

func (d *disks) UndeleteDatabase(_ context.Context, _ nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, d.change("undelete", func() error {
		h := d.deleted[req.Key]
		switch {
		case h == nil && d.homes[req.Path] == nil:
			return errs.E(errs.NotFound, "There are no files")
		case h == nil:
			return nil
		case d.homes[req.Path] != nil:
			return errs.E(errs.Conflict, "There are files already")
		}
		d.homes[req.Path] = h
		delete(d.deleted, req.Key)
		return nil
	})
}

func (d *disks) PurgeDatabase(_ context.Context, _ nodeapi.NodeID, req nodeapi.SoftDeleteRequest) (nodeapi.Done, error) {
	return nodeapi.Done{}, d.change("purge", func() error {
		delete(d.deleted, req.Key)
		return nil
	})
}

// Import implements nodeapi.Imports.
func (d *disks) Import(_ context.Context, _ nodeapi.NodeID, req nodeapi.QueryRequest) (nodeapi.Upload, error) {
	if err := d.before("import"); err != nil {
		return nil, err
	}
	return &upload{disks: d, req: req, known: make(chan struct{})}, nil
}

// upload accepts data that does not begin with "bad".
type upload struct {
	disks  *disks
	req    nodeapi.QueryRequest
	data   []byte
	known  chan struct{} // closed when there is an answer
	answer *Answer
}

func (u *upload) tell(a *Answer) {
	u.answer = a
	close(u.known)
}

func (u *upload) Next(ctx context.Context) ([]byte, bool, error) {
	select {
	case <-u.known:
		return u.answer.Next(ctx)
	case <-ctx.Done():
		return nil, false, errs.Wrap(errs.Canceled, context.Cause(ctx), "The request was canceled")
	}
}

func (u *upload) Close() {}

func (u *upload) Send(_ context.Context, p []byte, last bool) error {
	u.data = append(u.data, p...)
	if len(u.data) >= 3 && string(u.data[:3]) == "bad" {
		u.tell(Failure(errs.E(errs.Invalid, "It is not a database")))
		return errs.E(errs.Canceled, "The other side has ended the stream")
	}
	if !last {
		return nil
	}
	u.tell(u.done())
	return nil
}

func (u *upload) done() *Answer {
	u.disks.mu.Lock()
	u.disks.imports = append(u.disks.imports, u.req)
	h := u.disks.homes[u.req.Path]
	ok := h != nil
	if ok && u.req.Version != "" {
		_, ok = h.versions[u.req.Version]
		h.versions[u.req.Version] = string(u.data)
	} else if ok {
		h.versions[h.live] += string(u.data)
	}
	u.disks.mu.Unlock()
	if !ok {
		return Failure(errs.E(errs.NotFound, "There is no such version"))
	}
	if err := u.disks.after("import"); err != nil {
		return Failure(err)
	}
	text, err := json.Marshal(daemonapi.ImportResult{Format: daemonapi.TransferSQLite, Bytes: int64(len(u.data))})
	if err != nil {
		return Failure(err)
	}
	return Chunks(string(text))
}

// export answers a request for the data of a database.
func (d *disks) export(req nodeapi.QueryRequest) *Answer {
	data, ok := d.data(req.Path)
	if !ok || data == "" {
		return Failure(errs.E(errs.NotFound, "The database was never written"))
	}
	return Chunks(data[:len(data)/2], data[len(data)/2:])
}

func idOf(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

func (d *disks) visible(of snapshotapi.Database) (out []stored) {
	for _, s := range d.stored[of.Path] {
		if !s.at.Before(of.CreatedAt) {
			out = append(out, s)
		}
	}
	return out
}

// ListSnapshots implements snapshotapi.Snapshots.
func (d *disks) ListSnapshots(_ context.Context, req snapshotapi.ListRequest) (out snapshotapi.ListResponse, err error) {
	if err := d.before("list"); err != nil {
		return out, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range slices.Backward(d.visible(req.Database)) {
		out.Snapshots = append(out.Snapshots, snapshotapi.Snapshot{ID: s.id, ModifiedAt: s.at, Bytes: int64(len(s.data))})
	}
	return out, nil
}

// TakeSnapshot implements snapshotapi.Snapshots.
func (d *disks) TakeSnapshot(_ context.Context, req snapshotapi.TakeRequest) (out snapshotapi.TakeResponse, err error) {
	data, ok := d.data(req.Database.Path)
	if !ok || data == "" {
		return out, errs.E(errs.NotFound, "The database was never written")
	}
	err = d.change("take", func() error {
		out.ID = idOf(data)
		if out.Created = !slices.ContainsFunc(d.visible(req.Database), func(s stored) bool { return s.id == out.ID }); out.Created {
			d.stored[req.Database.Path] = append(d.stored[req.Database.Path], stored{out.ID, data, d.now()})
		}
		return nil
	})
	return out, err
}

// LoadSnapshot implements snapshotapi.Snapshots.
func (d *disks) LoadSnapshot(_ context.Context, req snapshotapi.LoadRequest) (out snapshotapi.LoadResponse, err error) {
	err = d.change("load", func() error {
		d.loads = append(d.loads, req)
		i := slices.IndexFunc(d.visible(req.Source), func(s stored) bool { return s.id == req.ID })
		if i < 0 {
			return errs.E(errs.NoSnapshot, "No snapshot has this id")
		}
		s := d.visible(req.Source)[i]
		d.homes[req.Target].versions[req.Version] = s.data
		out.Bytes = int64(len(s.data))
		return nil
	})
	return out, err
}

// MoveSnapshots implements snapshotapi.Snapshots.
func (d *disks) MoveSnapshots(_ context.Context, req snapshotapi.MoveRequest) (snapshotapi.Done, error) {
	return snapshotapi.Done{}, d.change("move", func() error {
		var stay []stored
		for _, s := range d.stored[req.From] {
			if s.at.After(req.Before) || s.at.Before(req.Since) {
				stay = append(stay, s)
				continue
			}
			s.at = d.now()
			d.stored[req.To] = append(d.stored[req.To], s)
		}
		d.keep(req.From, stay)
		return nil
	})
}

// PurgeSnapshots implements snapshotapi.Snapshots.
func (d *disks) PurgeSnapshots(_ context.Context, req snapshotapi.PurgeRequest) (snapshotapi.Done, error) {
	return snapshotapi.Done{}, d.change("purge snapshots", func() error {
		d.keep(req.Path, slices.DeleteFunc(slices.Clone(d.stored[req.Path]), func(s stored) bool { return !s.at.After(req.Before) && !s.at.Before(req.Since) }))
		return nil
	})
}

func (d *disks) keep(path ayb.DatabasePath, list []stored) {
	delete(d.stored, path)
	if len(list) > 0 {
		d.stored[path] = list
	}
}
