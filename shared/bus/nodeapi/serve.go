package nodeapi

import (
	"context"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/mux"
)

// Local is what a query node does for calls about its databases.
type Local interface {
	// Create is Databases.CreateDatabase on this node.
	Create(ctx context.Context, req CreateRequest) (CreateResponse, error)
	// Discard is Databases.DiscardDatabase on this node.
	Discard(ctx context.Context, req DiscardRequest) (DeleteResponse, error)
	// Delete is Databases.DeleteDatabase on this node.
	Delete(ctx context.Context, req DeleteDatabaseRequest) (DeleteDatabaseResponse, error)
	// Usage is Databases.DatabaseUsage on this node.
	Usage(ctx context.Context, req UsageRequest) (UsageResponse, error)
	// Accept takes a new link with queries.
	Accept(link mux.Link) bus.Peer
}

// LocalVersions is the part of Files that is about versions, on this node.
type LocalVersions interface {
	// Stage is Files.StageVersion, and so on.
	Stage(ctx context.Context, req StageRequest) (StageResponse, error)
	Unstage(ctx context.Context, req VersionRequest) (Done, error)
	Publish(ctx context.Context, req VersionRequest) (Done, error)
}

// LocalPlaces is the part of Files that moves databases, on this node.
type LocalPlaces interface {
	// Rename is Files.RenameDatabase, and so on.
	Rename(ctx context.Context, req RenameRequest) (Done, error)
	SoftDelete(ctx context.Context, req SoftDeleteRequest) (Done, error)
	Undelete(ctx context.Context, req SoftDeleteRequest) (Done, error)
	Purge(ctx context.Context, req SoftDeleteRequest) (Done, error)
}

// LocalSnapshots is Snapshots on this node.
type LocalSnapshots interface {
	// Marks is Snapshots.DatabaseMarks, and so on.
	Marks(ctx context.Context, req MarksRequest) (MarksResponse, error)
	Prepare(ctx context.Context, req PrepareRequest) (PrepareResponse, error)
	Upload(ctx context.Context, req UploadRequest) (UploadResponse, error)
	Release(ctx context.Context, req ReleaseRequest) (Done, error)
	Fetch(ctx context.Context, req FetchRequest) (FetchResponse, error)
}

// Handlers are all that a query node answers. A part that is nil is not
// served.
type Handlers struct {
	Databases Local
	Versions  LocalVersions
	Places    LocalPlaces
	Snapshots LocalSnapshots
}

// Serve answers for a node until stop is called.
func Serve(r bus.Responder, node NodeID, h Handlers) (stop func(), err error) {
	return r.Serve(bus.Service{
		Name: "ayb-querynode", Version: "1.0.0", Description: "runs SQL on the databases of node " + string(node),
		Endpoints: h.endpoints(node),
	})
}

func (h Handlers) endpoints(node NodeID) []bus.Endpoint {
	var list []bus.Endpoint
	add := func(verb string, handle bus.Handler) {
		list = append(list, bus.Endpoint{Name: verb, Subject: databaseSubject(node, verb), Handle: handle})
	}
	if d := h.Databases; d != nil {
		list = append(list, bus.Endpoint{Name: "query", Subject: querySubject(node), Link: d.Accept})
		add("create", bus.Handle(d.Create))
		add("discard", bus.Handle(d.Discard))
		add("delete", bus.Handle(d.Delete))
		add("usage", bus.Handle(d.Usage))
	}
	if v := h.Versions; v != nil {
		add("stage", bus.Handle(v.Stage))
		add("unstage", bus.Handle(v.Unstage))
		add("publish", bus.Handle(v.Publish))
	}
	if p := h.Places; p != nil {
		add("rename", bus.Handle(p.Rename))
		add("softdelete", bus.Handle(p.SoftDelete))
		add("undelete", bus.Handle(p.Undelete))
		add("purge", bus.Handle(p.Purge))
	}
	if s := h.Snapshots; s != nil {
		add("marks", bus.Handle(s.Marks))
		add("prepare", bus.Handle(s.Prepare))
		add("upload", bus.Handle(s.Upload))
		add("release", bus.Handle(s.Release))
		add("fetch", bus.Handle(s.Fetch))
	}
	return list
}
