package snapshotter_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

func connect(t *testing.T, w *world) *natsbus.Conn {
	t.Helper()
	return bustest.Role(t, w.bus, natsbus.QueryNode)
}

// A store that is down makes snapshots late: no copy stays behind (N8), and
// the round after its return stores what there is.
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

// mischief stands before the store and spoils requests.
type mischief struct {
	*httptest.Server
	spoil atomic.Pointer[func(w http.ResponseWriter, r *http.Request) (done bool)]
	// bend changes answers.
	bend atomic.Pointer[func(*http.Response) error]
}

func (w *world) mischief() *mischief {
	w.t.Helper()
	target, err := url.Parse(w.s3.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	m := &mischief{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }, // the host is signed
		ModifyResponse: func(r *http.Response) error {
			return m.bent(r)
		},
		ErrorLog: nil,
	}
	m.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if spoil := m.spoil.Load(); spoil != nil && (*spoil)(rw, r) {
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(m.Close)
	w.store.Endpoint = m.URL
	return m
}

func (m *mischief) bent(r *http.Response) error {
	bend := m.bend.Load() //nolint:bodyclose // the proxy closes it
	if bend == nil {
		return nil
	}
	return (*bend)(r)
}

// Whatever the store does to an upload, nothing wrong is listed, and the next
// round mends it.
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
				b, _ := io.ReadAll(r.Body)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b[:len(b)/2])), int64(len(b)/2)
				r.Header.Del("Content-Length")
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
			m := w.mischief()
			d := w.create("ann", "shop.sqlite")
			r := w.start(nil)
			m.spoil.Store(&spoil)
			w.node.write(d.Path, "x")
			w.pass(r, 2)
			for _, key := range w.s3.Keys("bucket") { // asked without the mischief
				if strings.Contains(key, hashOf("x")) {
					t.Errorf("stored: %s", key)
				}
			}
			m.spoil.Store(nil)
			w.stored(d, "x")
			if err := w.load(d, hashOf("x")); err != nil {
				t.Error(err)
			}
			bustest.Until(t, "copies to be released", func() bool { return w.node.released.Load() == w.node.prepared.Load() })
		})
	}
}

// A restore of bytes that are not those that were stored is refused.
func TestStoreGivesWrongBytes(t *testing.T) {
	w := newWorld(t)
	m := w.mischief()
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
		f := func(r *http.Response) error {
			if r.Request.Method != http.MethodGet || !strings.HasSuffix(r.Request.URL.Path, id) {
				return nil
			}
			b, err := io.ReadAll(r.Body)
			b = bend(b)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
			r.Header.Del("Content-Length")
			return err
		}
		m.bend.Store(&f)
		if err := w.load(d, id); err == nil || w.node.read(d.Path) != "present" {
			t.Errorf("%s: %v, %q", name, err, w.node.read(d.Path))
		}
	}
	m.bend.Store(nil)
	if err := w.load(d, id); err != nil || w.node.read(d.Path) != content+" restored" {
		t.Errorf("%v", err)
	}
}

// A slow store is waited for.
func TestSlowStore(t *testing.T) {
	w := newWorld(t)
	m := w.mischief()
	slow := func(http.ResponseWriter, *http.Request) bool {
		<-time.After(300 * time.Millisecond)
		return false
	}
	m.spoil.Store(&slow)
	d := w.create("ann", "shop.sqlite")
	w.node.write(d.Path, "x")
	w.start(nil)
	w.stored(d, "x")
	if err := w.load(d, hashOf("x")); err != nil && !errs.Is(err, errs.NoSnapshot) {
		t.Error(err)
	}
}
