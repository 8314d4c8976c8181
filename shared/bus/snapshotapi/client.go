package snapshotapi

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
)

// dataTimeout is the longest time of a call that transfers data.
const dataTimeout = 2 * time.Hour

func subject(verb string) string { return "ayb.v1.snapshot." + verb }

// Client calls snapshotters over the bus. It is safe for concurrent use.
type Client struct{ calls bus.Requester }

var _ Snapshots = (*Client)(nil)

// NewClient returns a client on a bus connection.
func NewClient(calls bus.Requester) *Client { return &Client{calls} }

// ListSnapshots implements Snapshots.
func (c *Client) ListSnapshots(ctx context.Context, req ListRequest) (ListResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return bus.Call[ListRequest, ListResponse](ctx, c.calls, subject("list"), req)
}

// TakeSnapshot implements Snapshots.
func (c *Client) TakeSnapshot(ctx context.Context, req TakeRequest) (TakeResponse, error) {
	return callLong[TakeRequest, TakeResponse](ctx, c, "take", req)
}

// LoadSnapshot implements Snapshots.
func (c *Client) LoadSnapshot(ctx context.Context, req LoadRequest) (LoadResponse, error) {
	return callLong[LoadRequest, LoadResponse](ctx, c, "load", req)
}

// MoveSnapshots implements Snapshots.
func (c *Client) MoveSnapshots(ctx context.Context, req MoveRequest) (Done, error) {
	return callLong[MoveRequest, Done](ctx, c, "move", req)
}

// PurgeSnapshots implements Snapshots.
func (c *Client) PurgeSnapshots(ctx context.Context, req PurgeRequest) (Done, error) {
	return callLong[PurgeRequest, Done](ctx, c, "purge", req)
}

func callLong[Req, Resp any](ctx context.Context, c *Client, verb string, req Req) (Resp, error) {
	ctx, cancel := context.WithTimeout(ctx, dataTimeout)
	defer cancel()
	return bus.Call[Req, Resp](ctx, c.calls, subject(verb), req)
}
