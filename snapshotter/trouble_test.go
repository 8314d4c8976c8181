package snapshotter_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
)

func connect(t *testing.T, w *world) *natsbus.Conn {
	t.Helper()
	return bustest.Role(t, w.bus, natsbus.QueryNode)
}

// N8: while the store is down, no copy stays on a node. The round after its
// return stores all that is due.
func TestStoreDown(t *testing.T) {
	w := newWorld(t)
	d := w.create("ann", "shop.sqlite")
	w.node.write(d.Path, "before")
	r := w.start(nil)
	w.stored(d, "before")
	w.s3.Stop()
	w.node.write(d.Path, "during")
	w.pass(r, 2)
	w.s3.StartAgain()
	w.node.write(d.Path, "after")
	bustest.Until(t, "the newest state to be stored", func() bool {
		return slices.ContainsFunc(w.list(d), func(s snapshotapi.Snapshot) bool { return s.ID == hashOf("after") })
	})
	bustest.Until(t, "copies to be released", func() bool { return w.node.released.Load() == w.node.prepared.Load() })
}

// faults puts a proxy that injects faults between the world and its store.
func (w *world) faults() *s3test.FaultProxy {
	w.t.Helper()
	m := w.s3.FaultProxy()
	w.store = m.Through(w.store)
	return m
}

// With each fault of an upload, no wrong object is listed, and the next round
// stores the snapshot.
func TestStoreSpoilsUploads(t *testing.T) {
	for name, spoil := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"says it failed": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut {
				http.Error(w, "no", http.StatusInternalServerError)
			}
			return r.Method == http.MethodPut
		},
		"loses it": func(_ http.ResponseWriter, r *http.Request) bool { // says yes, and keeps nothing
			if r.Method == http.MethodPut {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			return r.Method == http.MethodPut
		},
		"truncates it": func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut {
				s3test.ReplaceRequestBody(r, func(b []byte) []byte { return b[:len(b)/2] })
			}
			return false
		},
		"cannot list": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet && r.URL.Query().Has("list-type") {
				http.Error(w, "no", http.StatusServiceUnavailable)
				return true
			}
			return false
		},
		"hangs up": func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.faults()
			d := w.create("ann", "shop.sqlite")
			r := w.start(nil)
			m.OnRequest(spoil)
			w.node.write(d.Path, "x")
			w.pass(r, 2)
			for _, key := range w.s3.Keys("bucket") { // asked without the proxy
				if strings.Contains(key, hashOf("x")) {
					t.Errorf("stored: %s", key)
				}
			}
			m.OnRequest(nil)
			w.stored(d, "x")
			if err := w.load(d, hashOf("x")); err != nil {
				t.Error(err)
			}
			bustest.Until(t, "copies to be released", func() bool { return w.node.released.Load() == w.node.prepared.Load() })
		})
	}
}

// A restore fails if the bytes differ from those that were stored.
func TestStoreGivesWrongBytes(t *testing.T) {
	w := newWorld(t)
	m := w.faults()
	w.start(byHand)
	d := w.create("ann", "shop.sqlite")
	content := strings.Repeat("some text ", 1000)
	w.node.write(d.Path, content)
	id := w.take(d).ID
	w.node.write(d.Path, "present")
	for name, bend := range map[string]func([]byte) []byte{
		"another byte": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut off":      func(b []byte) []byte { return b[:len(b)-3] },
		"nothing":      func([]byte) []byte { return nil },
		"an error":     func([]byte) []byte { return []byte("<Error/>") },
	} {
		m.OnResponse(func(r *http.Response) error {
			if r.Request.Method != http.MethodGet || !strings.HasSuffix(r.Request.URL.Path, id) {
				return nil
			}
			return s3test.ReplaceResponseBody(r, bend)
		})
		if err := w.load(d, id); err == nil || w.node.read(d.Path) != "present" {
			t.Errorf("%s: %v, %q", name, err, w.node.read(d.Path))
		}
	}
	m.OnResponse(nil)
	if err := w.load(d, id); err != nil || w.node.read(d.Path) != content+" restored" {
		t.Errorf("%v", err)
	}
}

// A slow store delays a snapshot and does not fail it.
func TestSlowStore(t *testing.T) {
	w := newWorld(t)
	m := w.faults()
	slow := func(http.ResponseWriter, *http.Request) bool {
		<-time.After(300 * time.Millisecond)
		return false
	}
	m.OnRequest(slow)
	d := w.create("ann", "shop.sqlite")
	w.node.write(d.Path, "x")
	w.start(nil)
	w.stored(d, "x")
	if err := w.load(d, hashOf("x")); err != nil && !errs.Is(err, errs.NoSnapshot) {
		t.Error(err)
	}
}
