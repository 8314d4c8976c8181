package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Snapshots is the service that lists, takes and restores snapshots. It checks
// permissions, and its errors carry codes.
type Snapshots interface {
	ListSnapshots(ctx context.Context, actor authz.Actor, entity, database string) ([]databases.Snapshot, error)
	TakeSnapshot(ctx context.Context, actor authz.Actor, entity, database, message string) (databases.SnapshotTaken, error)
	Restore(ctx context.Context, actor authz.Actor, entity, database, id, to string) error
}

func (a *API) listSnapshots(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	list, err := a.deps.Snapshots.ListSnapshots(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	var body httpapi.Snapshots
	for _, one := range list {
		entry := httpapi.Snapshot{LastModifiedAt: httpapi.TimeText(one.ModifiedAt), SnapshotID: one.ID, Bytes: one.Bytes, BeforeRestore: one.BeforeRestore}
		if one.Message != "" {
			entry.Message = new(one.Message)
		}
		body.Snapshots = append(body.Snapshots, entry)
	}
	writeLate(w, http.StatusOK, body)
	return nil
}

func (a *API) takeSnapshot(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	p, err := a.readParams(w, r, actor)
	if err != nil {
		return err
	}
	message, _, err := p.fromBody("message")
	if err != nil {
		return err
	}
	taken, err := a.deps.Snapshots.TakeSnapshot(r.Context(), actor, entity, database, message)
	if err != nil {
		return err
	}
	writeLate(w, http.StatusCreated, httpapi.SnapshotTaken{SnapshotID: taken.ID, Created: taken.Created})
	return nil
}

// restoreSnapshot accepts the bare id as its body, or JSON.
func (a *API) restoreSnapshot(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	raw, release, err := a.bodyOf(w, r, actor, min(a.deps.Bodies.RequestBytes(), maxParamBytes))
	if err != nil {
		return err
	}
	defer release()
	raw = bytes.TrimSpace(raw)
	req := httpapi.RestoreRequest{SnapshotID: string(raw)}
	if isJSON(r) || bytes.HasPrefix(raw, []byte("{")) {
		req = httpapi.RestoreRequest{}
		if err := json.Unmarshal(raw, &req); err != nil {
			return errs.Wrap(errs.Invalid, err, "The body must be the id of a snapshot, or a JSON object with `snapshot_id`")
		}
	}
	if err := a.deps.Snapshots.Restore(r.Context(), actor, entity, database, req.SnapshotID, req.To); err != nil {
		return err
	}
	writeLate(w, http.StatusOK, httpapi.Empty{})
	return nil
}
