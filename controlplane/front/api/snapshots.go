package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/databases"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// Snapshots is the service behind snapshots. It checks rights and its errors
// carry codes.
type Snapshots interface {
	ListSnapshots(ctx context.Context, actor authz.Actor, entity, database string) ([]databases.Snapshot, error)
	TakeSnapshot(ctx context.Context, actor authz.Actor, entity, database, message string) (snapshotapi.TakeResponse, error)
	Restore(ctx context.Context, actor authz.Actor, entity, database, id, to string) error
}

func (s *Server) listSnapshots(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	list, err := s.deps.Snapshots.ListSnapshots(r.Context(), actor, entity, database)
	if err != nil {
		return err
	}
	var body httpapi.Snapshots
	for _, one := range list {
		told := httpapi.Snapshot{LastModifiedAt: httpapi.TimeText(one.ModifiedAt), SnapshotID: one.ID, Bytes: one.Bytes, BeforeRestore: one.BeforeRestore}
		if one.Message != "" {
			told.Message = new(one.Message)
		}
		body.Snapshots = append(body.Snapshots, told)
	}
	writeLate(w, http.StatusOK, body)
	return nil
}

func (s *Server) takeSnapshot(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	p, err := s.readParams(w, r, actor)
	if err != nil {
		return err
	}
	message, _, err := p.fromBody("message")
	if err != nil {
		return err
	}
	taken, err := s.deps.Snapshots.TakeSnapshot(r.Context(), actor, entity, database, message)
	if err != nil {
		return err
	}
	writeLate(w, http.StatusCreated, httpapi.SnapshotTaken{SnapshotID: taken.ID, Created: taken.Created})
	return nil
}

// restoreSnapshot takes the id alone as its body, or JSON.
func (s *Server) restoreSnapshot(w http.ResponseWriter, r *http.Request, actor authz.Actor) error {
	entity, database, err := databaseParams(r)
	if err != nil {
		return err
	}
	raw, release, err := s.bodyOf(w, r, actor, min(s.cfg.RequestBytes, maxParamBytes))
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
	if err := s.deps.Snapshots.Restore(r.Context(), actor, entity, database, req.SnapshotID, req.To); err != nil {
		return err
	}
	writeLate(w, http.StatusOK, httpapi.Empty{})
	return nil
}
