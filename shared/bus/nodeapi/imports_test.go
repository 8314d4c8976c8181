package nodeapi

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// importing is a node that counts imported bytes and refuses data that begins
// with an x.
type importing struct{}

func (importing) AcceptLink(link mux.Link) bus.Peer {
	limits := mux.Limits{MaxOpen: 10, MaxRequest: 1 << 20, MaxBuffered: 1 << 20, StreamsBody: func(first []byte) bool {
		r, err := daemonapi.Parse(first)
		return err == nil && r.Kind == daemonapi.KindImport
	}}
	return peer{mux.NewServer(link, limits, func(c *mux.Call) {
		r, err := daemonapi.Parse(c.Request())
		if err != nil || c.Body() == nil {
			c.Fail(errs.E(errs.Internal, "not an import: %v", err))
			return
		}
		first := make([]byte, 1)
		if _, err := io.ReadFull(c.Body(), first); err != nil || first[0] == 'x' {
			c.Fail(errs.E(errs.Invalid, "It begins with an x"))
			return
		}
		n, err := io.Copy(io.Discard, c.Body())
		if err != nil {
			c.Fail(err)
			return
		}
		_ = c.Write(fmt.Appendf(nil, "%s %s %s %d", r.Path, r.Version, r.Options, n+1), true) // a failure shows at the client
	})}
}

func TestImport(t *testing.T) {
	s := bustest.Start(t)
	stop, err := Serve(bustest.Role(t, s, natsbus.QueryNode), "n1", Handlers{Links: importing{}})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	conn := bustest.Role(t, s, natsbus.ControlPlane)
	c := NewClient(conn, conn)
	defer c.Close()
	req := QueryRequest{Path: ayb.DatabasePath{Entity: "a", Database: "b"}, Type: ayb.SQLite, Kind: daemonapi.KindImport,
		Mode: ayb.QueryReadWrite, Version: "v1", Options: []byte(`{"format":"csv"}`)}
	begin := func() Upload {
		t.Helper()
		u, err := c.Import(t.Context(), "n1", req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(u.Close)
		return u
	}
	const pieces, size = 100, 50_000 // more than any window
	u := begin()
	for i := range pieces {
		if err := u.Send(t.Context(), bytes.Repeat([]byte{'a'}, size), i == pieces-1); err != nil {
			t.Fatal(err)
		}
	}
	got, last, err := u.Next(t.Context())
	if want := fmt.Sprintf(`a/b v1 {"format":"csv"} %d`, pieces*size); err != nil || !last || string(got) != want {
		t.Errorf("%q, %v, %v", got, last, err)
	}

	refused := begin()
	for err = nil; err == nil; {
		err = refused.Send(t.Context(), bytes.Repeat([]byte{'x'}, size), false)
	}
	if _, _, err := refused.Next(t.Context()); !errs.Is(err, errs.Invalid) {
		t.Errorf("a refused import: %v", err)
	}
	req.Options = make([]byte, daemonapi.MaxOptions+1)
	if _, err := c.Import(t.Context(), "n1", req); !errs.Is(err, errs.TooLarge) {
		t.Errorf("long options: %v", err)
	}
}
