package nodeapi

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// The JSON forms are a contract between processes of different versions.
func TestGoldenMessages(t *testing.T) {
	path := ayb.DatabasePath{Entity: "alice", Database: "shop.sqlite"}
	for name, tt := range map[string]struct {
		message any
		want    string
	}{
		"create":         {CreateRequest{Path: path, Type: ayb.SQLite}, `{"path":{"entity":"alice","database":"shop.sqlite"},"type":"sqlite"}`},
		"discard":        {DiscardRequest{path}, `{"path":{"entity":"alice","database":"shop.sqlite"}}`},
		"delete":         {DeleteRequest{path}, `{"path":{"entity":"alice","database":"shop.sqlite"}}`},
		"usage":          {UsageRequest{path}, `{"path":{"entity":"alice","database":"shop.sqlite"}}`},
		"used":           {UsageResponse{4096, 0, 2}, `{"database_bytes":4096,"wal_bytes":0,"requests":2}`},
		"version":        {VersionRequest{Path: path, Version: "v"}, `{"path":{"entity":"alice","database":"shop.sqlite"},"version":"v"}`},
		"stage":          {StageRequest{Path: path}, `{"path":{"entity":"alice","database":"shop.sqlite"}}`},
		"staged":         {StageResponse{Version: "v"}, `{"version":"v"}`},
		"rename":         {RenameRequest{From: path, To: path}, `{"from":{"entity":"alice","database":"shop.sqlite"},"to":{"entity":"alice","database":"shop.sqlite"}}`},
		"soft delete":    {SoftDeleteRequest{Path: path, Key: "k"}, `{"path":{"entity":"alice","database":"shop.sqlite"},"key":"k"}`},
		"change tokens":  {ChangeTokensRequest{After: "a/b", Limit: 9}, `{"after":"a/b","limit":9}`},
		"a page of them": {ChangeTokensResponse{Tokens: []ChangeToken{{Path: path, Token: "t"}}, More: true}, `{"tokens":[{"path":{"entity":"alice","database":"shop.sqlite"},"token":"t"}],"more":true}`},
		"prepare":        {PrepareRequest{Path: path}, `{"path":{"entity":"alice","database":"shop.sqlite"}}`},
		"prepared":       {PrepareResponse{Handle: "h", ID: "0a", Bytes: 4096, Packed: 100, ChangeToken: "t"}, `{"handle":"h","id":"0a","bytes":4096,"packed":100,"change_token":"t"}`},
		"upload":         {UploadRequest{Handle: "h", Parts: []UploadPart{{URL: "u", Size: 100}}}, `{"handle":"h","parts":[{"url":"u","size":100}]}`},
		"uploaded":       {UploadResponse{ETags: []string{"e"}}, `{"etags":["e"]}`},
		"release":        {ReleaseRequest{Handle: "h"}, `{"handle":"h"}`},
		"fetch":          {FetchRequest{Path: path, Version: "v", URL: "u", ID: "0a", DatabaseBytes: 8}, `{"path":{"entity":"alice","database":"shop.sqlite"},"version":"v","url":"u","id":"0a","database_bytes":8}`},
		"fetched":        {FetchResponse{Bytes: 4096}, `{"bytes":4096}`},
		"status":         {NodeStatus{"n1", 3, 1000, []ayb.DatabaseType{ayb.SQLite}, false, 0}, `{"id":"n1","databases":3,"free_bytes":1000,"engines":["sqlite"]}`},
		"full":           {NodeStatus{"n1", 3, 1000, []ayb.DatabaseType{ayb.SQLite}, true, 5}, `{"id":"n1","databases":3,"free_bytes":1000,"engines":["sqlite"],"disk_full":true,"temp_bytes":5}`},
	} {
		got, err := json.Marshal(tt.message)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, tt.want)
		}
	}
}

// local answers as a node does, without daemons.
type local struct{ created chan CreateRequest }

func (l *local) CreateDatabase(_ context.Context, r CreateRequest) (Done, error) {
	l.created <- r
	return Done{}, nil
}

func (l *local) DiscardDatabase(context.Context, DiscardRequest) (Done, error) {
	return Done{}, errs.E(errs.Conflict, "It has been written")
}

func (l *local) DeleteDatabase(context.Context, DeleteRequest) (Done, error) {
	return Done{}, nil
}

func (l *local) DatabaseUsage(_ context.Context, req UsageRequest) (UsageResponse, error) {
	return UsageResponse{DatabaseBytes: int64(len(req.Path.Database)), Requests: 1}, nil
}

func (l *local) StageVersion(_ context.Context, req StageRequest) (StageResponse, error) {
	return StageResponse{"stage " + req.Path.String()}, nil
}

func (l *local) UnstageVersion(_ context.Context, req VersionRequest) (Done, error) {
	return Done{}, told("unstage", req.Path, req.Version)
}

func (l *local) PublishVersion(_ context.Context, req VersionRequest) (Done, error) {
	return Done{}, told("publish", req.Path, req.Version)
}

func (l *local) RenameDatabase(_ context.Context, req RenameRequest) (Done, error) {
	return Done{}, told("rename", req.From, req.To.String())
}

func (l *local) SoftDeleteDatabase(_ context.Context, req SoftDeleteRequest) (Done, error) {
	return Done{}, told("softdelete", req.Path, req.Key)
}

func (l *local) UndeleteDatabase(_ context.Context, req SoftDeleteRequest) (Done, error) {
	return Done{}, told("undelete", req.Path, req.Key)
}

func (l *local) PurgeDatabase(_ context.Context, req SoftDeleteRequest) (Done, error) {
	return Done{}, told("purge", req.Path, req.Key)
}

func (l *local) ListChangeTokens(_ context.Context, req ChangeTokensRequest) (ChangeTokensResponse, error) {
	return ChangeTokensResponse{Tokens: []ChangeToken{{Token: req.After}}, More: req.Limit == 7}, nil
}

func (l *local) PrepareSnapshot(_ context.Context, req PrepareRequest) (PrepareResponse, error) {
	return PrepareResponse{Handle: req.Path.String()}, nil
}

func (l *local) UploadSnapshot(_ context.Context, req UploadRequest) (UploadResponse, error) {
	return UploadResponse{ETags: []string{req.Handle, req.Parts[0].URL}}, nil
}

func (l *local) ReleaseSnapshot(_ context.Context, req ReleaseRequest) (Done, error) {
	return Done{}, told("release", ayb.DatabasePath{}, req.Handle)
}

func (l *local) FetchSnapshot(_ context.Context, req FetchRequest) (FetchResponse, error) {
	return FetchResponse{Bytes: int64(len(req.ID))}, told("fetch", req.Path, req.Version)
}

// told is an error that says what arrived.
func told(verb string, p ayb.DatabasePath, what string) error {
	return errs.E(errs.Snapshot, "%s %s %s", verb, p, what)
}

func (l *local) AcceptLink(link mux.Link) bus.Peer {
	return peer{mux.NewServer(link, mux.Limits{MaxOpen: 10, MaxRequest: 1 << 20, MaxBuffered: 1 << 20}, func(c *mux.Call) {
		r, err := daemonapi.Parse(c.Request())
		if err != nil {
			c.Fail(err)
			return
		}
		_ = c.Write([]byte(r.Path.String()+" "+string(r.Mode)+" "+string(r.Body)), true) // a failure shows at the client
	})}
}

type peer struct{ s *mux.Server }

func (p peer) Frames(b []byte) { _ = mux.EachFrame(b, p.s.Handle) }
func (p peer) Busy() bool      { return false }
func (p peer) Down(error)      { p.s.CancelAll() }

func TestClientAndServe(t *testing.T) {
	s := bustest.Start(t)
	l := &local{make(chan CreateRequest, 1)}
	stop, err := Serve(bustest.Role(t, s, natsbus.QueryNode), "n1", Handlers{Links: l, Databases: l, Versions: l, Deleted: l, Snapshots: l})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	conn := bustest.Role(t, s, natsbus.ControlPlane)
	c := NewClient(conn, conn)
	defer c.Close()
	path := ayb.DatabasePath{Entity: "a", Database: "B.sqlite"}
	if _, err := c.CreateDatabase(t.Context(), "n1", CreateRequest{Path: path, Type: ayb.SQLite}); err != nil {
		t.Error(err)
	}
	if got := <-l.created; got.Path != path {
		t.Errorf("created %v", got)
	}
	if _, err := c.DiscardDatabase(t.Context(), "n1", DiscardRequest{path}); !errs.Is(err, errs.Conflict) {
		t.Errorf("discard: %v", err)
	}
	if used, err := c.DatabaseUsage(t.Context(), "n1", UsageRequest{path}); err != nil || used.DatabaseBytes != int64(len(path.Database)) || used.Requests != 1 {
		t.Errorf("usage: %+v, %v", used, err)
	}
	a, err := c.Query(t.Context(), "n1", QueryRequest{Path: path, Type: ayb.SQLite, Mode: ayb.QueryReadOnly, Format: FormatCompat, Body: []byte("SELECT 1")})
	if err != nil {
		t.Fatal(err)
	}
	got, last, err := a.Next(t.Context())
	if err != nil || !last || string(got) != "a/B.sqlite read-only SELECT 1" {
		t.Errorf("answer %q, %v, %v", got, last, err)
	}
	if _, err := c.CreateDatabase(t.Context(), "n2", CreateRequest{Path: path, Type: ayb.SQLite}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a node that is not there: %v", err)
	}
}

// Each method reaches its handler with its request.
func TestMethodsReachTheirHandlers(t *testing.T) {
	s := bustest.Start(t)
	l := &local{}
	stop, err := Serve(bustest.Role(t, s, natsbus.QueryNode), "n1", Handlers{Databases: l, Versions: l, Deleted: l, Snapshots: l})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	conn := bustest.Role(t, s, natsbus.Snapshotter)
	c := NewClient(conn, conn)
	defer c.Close()
	ctx, path := t.Context(), ayb.DatabasePath{Entity: "a", Database: "b"}
	if got, err := c.StageVersion(ctx, "n1", StageRequest{Path: path}); err != nil || got.Version != "stage a/b" {
		t.Errorf("stage: %+v, %v", got, err)
	}
	if got, err := c.ListChangeTokens(ctx, "n1", ChangeTokensRequest{After: "x", Limit: 7}); err != nil || !got.More || got.Tokens[0].Token != "x" {
		t.Errorf("marks: %+v, %v", got, err)
	}
	if got, err := c.PrepareSnapshot(ctx, "n1", PrepareRequest{path}); err != nil || got.Handle != "a/b" {
		t.Errorf("prepare: %+v, %v", got, err)
	}
	if got, err := c.UploadSnapshot(ctx, "n1", UploadRequest{"h", []UploadPart{{URL: "u"}}}); err != nil || len(got.ETags) != 2 || got.ETags[1] != "u" {
		t.Errorf("upload: %+v, %v", got, err)
	}
	for want, call := range map[string]func() error{
		"unstage a/b v":    func() error { _, err := c.UnstageVersion(ctx, "n1", VersionRequest{path, "v"}); return err },
		"publish a/b v":    func() error { _, err := c.PublishVersion(ctx, "n1", VersionRequest{path, "v"}); return err },
		"rename a/b a/b":   func() error { _, err := c.RenameDatabase(ctx, "n1", RenameRequest{path, path}); return err },
		"softdelete a/b k": func() error { _, err := c.SoftDeleteDatabase(ctx, "n1", SoftDeleteRequest{path, "k"}); return err },
		"undelete a/b k":   func() error { _, err := c.UndeleteDatabase(ctx, "n1", SoftDeleteRequest{path, "k"}); return err },
		"purge a/b k":      func() error { _, err := c.PurgeDatabase(ctx, "n1", SoftDeleteRequest{path, "k"}); return err },
		"release / h":      func() error { _, err := c.ReleaseSnapshot(ctx, "n1", ReleaseRequest{"h"}); return err },
		"fetch a/b v": func() error {
			_, err := c.FetchSnapshot(ctx, "n1", FetchRequest{Path: path, Version: "v"})
			return err
		},
	} {
		if err := call(); !errs.Is(err, errs.Snapshot) || err.Error() != want {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestPresence(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := NewPresence(func() time.Time { return now })
	status := func(id NodeID) []byte {
		b, err := json.Marshal(NodeStatus{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	p.update("b", status("b"))
	p.update("a", status("a"))
	p.update("c", status("forged"))
	p.update("d", []byte("{"))
	if got := p.LiveNodes(); len(got) != 2 || got[0].ID != "a" || got[1].ID != "b" {
		t.Errorf("live %v", got)
	}
	now = now.Add(statusTTL / 2)
	p.update("a", status("a"))
	now = now.Add(statusTTL/2 + time.Second)
	if got := p.LiveNodes(); len(got) != 1 || got[0].ID != "a" {
		t.Errorf("live %v after b went silent", got)
	}
	p.update("a", nil)
	if got := p.LiveNodes(); len(got) != 0 {
		t.Errorf("live %v after a left", got)
	}
}
