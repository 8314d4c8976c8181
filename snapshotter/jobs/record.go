package jobs

import (
	"context"
	"encoding/json"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/snapshotter/bucket"
)

// Record is kept for a database: the state that was stored last. Fields are
// only added.
type Record struct {
	// ChangeToken is the node's change token of that state.
	ChangeToken string `json:"mark"`
	ID          string `json:"id"`
	// Unfinished is the upload that a job has begun, or nil. Another worker
	// aborts it if this one dies.
	Unfinished *bucket.UnfinishedUpload `json:"sending,omitempty"`
}

// Save stores a record.
func Save(ctx context.Context, r bus.KeyValue, p ayb.DatabasePath, rec Record) error {
	b, err := json.Marshal(rec)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "A record of a snapshot could not be encoded")
	}
	return r.Set(ctx, p.String(), b)
}

// Load returns all records by path. Records that cannot be parsed are left out.
func Load(ctx context.Context, r bus.KeyValue) (map[string]Record, error) {
	all, err := r.All(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Record, len(all))
	for path, b := range all {
		var rec Record
		if json.Unmarshal(b, &rec) == nil {
			out[path] = rec
		}
	}
	return out, nil
}
