package relay_test

import (
	"context"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/querynode/relay"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// routes records which daemon was requested.
type routes struct {
	none
	asked string
}

func (r *routes) Get(ayb.DatabasePath, daemonapi.Limits) (*pool.Daemon, error) {
	r.asked = "live"
	return nil, errs.E(errs.Unavailable, "no place")
}

func (r *routes) GetStaged(_ ayb.DatabasePath, version string, _ daemonapi.Limits) (*pool.Daemon, error) {
	r.asked = "staged " + version
	return nil, errs.E(errs.Unavailable, "no place")
}

// Statements of tenants never reach a staged version, and no database file
// replaces the live one.
func TestRequestsReachTheirVersion(t *testing.T) {
	for _, tt := range []struct {
		kind    daemonapi.Kind
		options string
		version string
		want    string // whose daemon, or the code of a refusal
	}{
		{daemonapi.KindQuery, "", "", "live"},
		{daemonapi.KindQuery, "", "v", "invalid"},
		{daemonapi.KindSchema, "", "v", "invalid"},
		{daemonapi.KindExport, `{"format":"sqlite"}`, "", "live"},
		{daemonapi.KindExport, `{"format":"sqlite"}`, "v", "invalid"},
		{daemonapi.KindCopy, `{"name":"c"}`, "v", "invalid"},
		{daemonapi.KindImport, `{"format":"csv","table":"t"}`, "", "live"},
		{daemonapi.KindImport, `{"format":"csv","table":"t"}`, "v", "invalid"},
		{daemonapi.KindImport, `{"format":"sqlite"}`, "v", "staged v"},
		{daemonapi.KindImport, `{"format":"sqlite"}`, "", "invalid"},
		{daemonapi.KindImport, `{`, "v", "invalid"},
		{daemonapi.KindImport, "", "", "invalid"},
		{daemonapi.KindCheck, "", "v", "staged v"},
		{daemonapi.KindCheck, "", "", "invalid"},
	} {
		r, c := &routes{}, &caller{data: map[uint32]int{}, last: map[uint32]string{}, fail: map[uint32]errs.Code{}}
		p := relay.New(r).Accept(c)
		head := daemonapi.AppendHead(nil, &daemonapi.Request{
			Path: ayb.DatabasePath{Entity: "a", Database: "b"}, Type: ayb.SQLite, Kind: tt.kind, Mode: ayb.QueryReadWrite,
			Version: tt.version, Options: []byte(tt.options),
		})
		p.Frames(mux.Append(nil, mux.OpenFinal, 1, head))
		got := r.asked
		if _, code := c.got(1); got == "" {
			got = string(code)
		}
		if got != tt.want || p.Busy() {
			t.Errorf("kind %d %s version %q: %s, want %s", tt.kind, tt.options, tt.version, got, tt.want)
		}
	}
}

// A request of the node's own accepts only a short answer, and ends with its
// context.
func TestCallEnds(t *testing.T) {
	_, p, _ := setup(t)
	req := daemonapi.Request{Path: ayb.DatabasePath{Entity: "a", Database: "b"}, Type: ayb.SQLite, Kind: daemonapi.KindCopy, Mode: ayb.QueryReadOnly}
	get := func() (*pool.Daemon, error) { return p.Get(req.Path, daemonapi.Limits{}) }
	if text, err := relay.Call(t.Context(), get, req); !errs.Is(err, errs.Engine) { // the daemon's answer never ends
		t.Errorf("%d bytes, %v", len(text), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := relay.Call(ctx, get, req); !errs.Is(err, errs.Timeout) && !errs.Is(err, errs.Engine) {
		t.Errorf("out of time: %v", err)
	}
	until(t, "nothing to be asked any more", func() bool { return p.Requests(req.Path) == 0 })
	full := func() (*pool.Daemon, error) { return nil, errs.E(errs.Unavailable, "no place") }
	if _, err := relay.Call(t.Context(), full, req); !errs.Is(err, errs.Unavailable) {
		t.Errorf("no daemon: %v", err)
	}
}
