package nodeapi

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// captured is a bus that only records the served endpoints.
type captured struct{ bus.Service }

func (c *captured) Serve(s bus.Service) (func(), error) {
	c.Service = s
	return func() {}, nil
}

// fuzzed accepts uploads without parts.
type fuzzed struct{ *local }

func (fuzzed) UploadSnapshot(context.Context, UploadRequest) (UploadResponse, error) {
	return UploadResponse{}, nil
}

// For any message on a node's subjects, the answer is an error about the
// message or valid JSON. An invalid status does not make a node alive.
func FuzzMessages(f *testing.F) {
	for _, s := range []string{
		`{"path":{"entity":"alice","database":"shop.sqlite"},"type":"sqlite"}`, `{"path":{"entity":"..","database":"/"},"type":7}`,
		`{"from":{"entity":"a"},"to":null,"key":"../x","version":"v","handle":"h","parts":[{"url":"\\u0000"}],"after":"x","limit":-1,"id":[]}`,
		`{"path":null}`, `{"path":[]}`, "", "null", "{}{}", `{"PATH":{"Entity":"a"}}`, `{"id":"n","databases":1e400}`,
		`{"id":"n","databases":-1,"free_bytes":-1,"engines":["sqlite"]}`, `{"id":"n","engines":null}`, "{\"id\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var served captured
		l := fuzzed{&local{make(chan CreateRequest, 1)}}
		if _, err := Serve(&served, "n", Handlers{Links: l, Databases: l, Versions: l, Deleted: l, Snapshots: l}); err != nil {
			t.Fatal(err)
		}
		for _, e := range served.Endpoints {
			if e.Handle == nil {
				continue
			}
			out, err := e.Handle(context.Background(), data)
			if code := errs.CodeOf(err); err != nil && code != errs.Invalid && code != errs.Conflict && code != errs.Snapshot {
				t.Fatalf("%s: %v", e.Name, err)
			}
			if err == nil && !json.Valid(out) {
				t.Fatalf("%s answered %q", e.Name, out)
			}
		}
		p := NewPresence(time.Now)
		p.update("n", data)
		for _, n := range p.LiveNodes() {
			if n.ID != "n" {
				t.Fatalf("%+v lives", n)
			}
		}
	})
}

// For any frames on a link, the control plane's streams end, and the node
// answers the readable ones.
func FuzzFrames(f *testing.F) {
	r := daemonapi.Request{Path: ayb.DatabasePath{Entity: "a", Database: "b"}, Type: ayb.SQLite, Mode: ayb.QueryReadOnly, Format: FormatCompat}
	f.Add(mux.Append(nil, mux.OpenFinal, 1, append(daemonapi.AppendHead(nil, &r), "SELECT 1"...)))
	f.Add(mux.Append(mux.Append(nil, mux.Data, 1, []byte("part")), mux.Final, 1, nil))
	f.Add(mux.Append(nil, mux.Fail, 1, errs.Marshal(errs.E(errs.SQL, "x"))))
	f.Add(mux.Append(nil, mux.Credit, 1, []byte{255, 255, 255, 255}))
	f.Add([]byte{0, 0, 0, 5, 4, 0, 0, 0, 1, 0, 0}) // cut short
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, batch []byte) {
		l := &nodeLink{ready: make(chan struct{}), closeLink: func() {}}
		l.streams = mux.NewClient(nowhere{})
		close(l.ready)
		s, err := l.streams.Open(t.Context(), nil, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		l.Frames(append([]byte(nil), batch...))
		l.Down(errs.E(errs.Unavailable, "gone"))
		for last := false; !last && err == nil; {
			_, last, err = s.Next(t.Context())
		}
		if err != nil && errs.CodeOf(err) == "" {
			t.Fatalf("the stream ended with %v", err)
		}
		p := (&local{}).AcceptLink(nowhere{})
		p.Frames(batch)
		p.Down(errs.E(errs.Canceled, "gone"))
		if p.Busy() || l.Busy() {
			t.Fatal("a stream is left")
		}
	})
}

// nowhere is a link that drops what is sent.
type nowhere struct{}

func (nowhere) Send(mux.Kind, uint32, []byte) {}
