package bus

import (
	"context"
	"encoding/json"

	"github.com/ayb-go/ayb/shared/errs"
)

// Call makes a typed call: the request and the answer travel as JSON.
func Call[Req, Resp any](ctx context.Context, r Requester, subject string, req Req) (resp Resp, err error) {
	data, err := json.Marshal(req)
	if err != nil {
		return resp, errs.Wrap(errs.Internal, err, "A request between two parts of the server could not be encoded")
	}
	out, err := r.Request(ctx, subject, data)
	if err != nil {
		return resp, err
	}
	if err := json.Unmarshal(out, &resp); err != nil {
		return resp, errs.Wrap(errs.Internal, err, "An answer between two parts of the server could not be read")
	}
	return resp, nil
}

// Handle makes a Handler of a typed function. It is the other end of Call.
func Handle[Req, Resp any](fn func(ctx context.Context, req Req) (Resp, error)) Handler {
	return func(ctx context.Context, data []byte) ([]byte, error) {
		var req Req
		if err := json.Unmarshal(data, &req); err != nil {
			return nil, errs.Wrap(errs.Invalid, err, "A request between two parts of the server could not be read")
		}
		resp, err := fn(ctx, req)
		if err != nil {
			return nil, err
		}
		return json.Marshal(resp)
	}
}
