package tests

import (
	"bytes"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/minio/minio-go/v7"
	"github.com/zeebo/blake3"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
	"github.com/ayb-go/ayb/tests/harness"
)

// faultyStore is a server whose object store has injected faults.
type faultyStore struct {
	*harness.Server
	t    *testing.T
	s3   *harness.S3
	m    *s3test.FaultProxy
	user *harness.User
}

func startFaultyStore(t *testing.T, opts ...harness.Option) *faultyStore {
	t.Helper()
	s3 := harness.StartS3(t)
	m := s3.FaultProxy()
	srv := harness.Start(t, harness.AllInOne, append(opts, harness.WithSnapshots(m.Through(s3.Bucket("bucket")), "1s", 6))...)
	return &faultyStore{Server: srv, t: t, s3: s3, m: m, user: srv.Register("ann")}
}

// create creates a database with a row.
func (w *faultyStore) create(name string) {
	w.t.Helper()
	w.user.Create(name)
	w.user.Exec(name, "CREATE TABLE t(x); INSERT INTO t VALUES (hex(randomblob(20000)))")
}

func (w *faultyStore) insert(name string) {
	w.t.Helper()
	w.user.Exec(name, "INSERT INTO t VALUES (hex(randomblob(20000)))")
}

func (w *faultyStore) rows(name string, want int) {
	w.t.Helper()
	if got := w.user.Cell(name, "SELECT count(*) FROM t"); got != strconv.Itoa(want) {
		w.t.Errorf("%s has %s rows instead of %d", name, got, want)
	}
}

// ids returns the snapshots of a database, newest first.
func (w *faultyStore) ids(name string) []string {
	w.t.Helper()
	list, err := w.user.Snapshots(w.t.Context(), "ann", name)
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []string
	for _, s := range list {
		ids = append(ids, s.SnapshotID)
	}
	return ids
}

// become waits until each of the databases has so many snapshots.
func (w *faultyStore) become(n int, names []string) {
	w.t.Helper()
	for _, name := range names {
		harness.Until(w.t, strconv.Itoa(n)+" snapshots of "+name, func() bool { return len(w.ids(name)) == n })
	}
}

// rounds returns how many rounds have begun.
func (w *faultyStore) rounds() int {
	return strings.Count(w.Process("ayb").Output(), "Creating snapshots...\n")
}

// pass waits until so many complete rounds have passed.
func (w *faultyStore) pass(n int) {
	w.t.Helper()
	begin := w.rounds()
	harness.Until(w.t, "rounds to pass", func() bool { return w.rounds() > begin+n })
}

func (w *faultyStore) restore(name, id, to string) error {
	return w.user.RestoreSnapshot(w.t.Context(), "ann", name, httpapi.RestoreRequest{SnapshotID: id, To: to})
}

// sound reads the bucket directly, without faults: all stored objects must match
// their ids.
func (w *faultyStore) sound() {
	w.t.Helper()
	for _, key := range w.s3.Keys("bucket") {
		o, err := w.s3.Admin.GetObject(w.t.Context(), "bucket", key, minio.GetObjectOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		z, err := zstd.NewReader(o)
		if err != nil {
			w.t.Fatal(err)
		}
		h := blake3.New()
		if _, err := io.Copy(h, z); err != nil || hex.EncodeToString(h.Sum(nil)) != path.Base(key) {
			w.t.Errorf("%s has the wrong content: %v", key, err)
		}
		z.Close()
		_ = o.Close() // after reading only
	}
}

// left waits until the node's disk has only databases.
func (w *faultyStore) left() {
	w.t.Helper()
	if homes, err := filepath.Glob(filepath.Join(w.DataPath, "databases/*/*/*-*-*-*")); err != nil || len(homes) == 0 {
		w.t.Fatalf("databases %v, %v: nothing is tested", homes, err)
	}
	harness.Until(w.t, "the disk to be tidy", func() bool {
		var found []string
		for _, pattern := range []string{"outgoing/*", "trash/*", "databases/*/*/*-*-*-*/~tmp/*"} {
			some, err := filepath.Glob(filepath.Join(w.DataPath, pattern))
			if err != nil {
				w.t.Fatal(err)
			}
			found = append(found, some...)
		}
		return len(found) == 0
	})
}

// truncated makes a body end with an error after its first half.
func truncated(b []byte) io.ReadCloser {
	return io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), errorReader{}))
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// uploads are ways to damage uploads about one database.
var uploads = map[string]func(w http.ResponseWriter, r *http.Request) bool{
	"fails": func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			http.Error(w, "no", http.StatusInternalServerError)
		}
		return r.Method == http.MethodPut
	},
	"hangs-up": func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			panic(http.ErrAbortHandler)
		}
		return false
	},
	"loses": func(_ http.ResponseWriter, r *http.Request) bool { // reports success, and stores nothing
		if r.Method == http.MethodPut {
			_, _ = io.Copy(io.Discard, r.Body) // an incomplete body is fine
		}
		return r.Method == http.MethodPut
	},
	"truncates": func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			s3test.ReplaceRequestBody(r, func(b []byte) []byte { return b[:len(b)/2] })
		}
		return false
	},
	"changes": func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			s3test.ReplaceRequestBody(r, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
		}
		return false
	},
	"breaks-off": func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			b, _ := io.ReadAll(r.Body) // an incomplete body is fine
			r.Body = truncated(b)
		}
		return false
	},
}

// slow is a database whose store is slow.
const slow = "slow"

// faultyUploads injects faults into uploads, and counts how often each fault
// occurred.
type faultyUploads struct {
	mu   sync.Mutex
	done map[string]int
}

func (s *faultyUploads) spoil(w http.ResponseWriter, r *http.Request) bool {
	parts := strings.Split(r.URL.Path, "/")
	name := parts[max(0, len(parts)-2)]
	f := uploads[name]
	if name == slow {
		f = func(http.ResponseWriter, *http.Request) bool { <-time.After(500 * time.Millisecond); return false }
	}
	if f == nil {
		return false
	}
	if r.Method == http.MethodPut {
		s.mu.Lock()
		s.done[name]++
		s.mu.Unlock()
	}
	return f(w, r)
}

func (s *faultyUploads) times(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done[name]
}

// An object store that refuses, loses, changes or delays data makes snapshots
// late and never wrong, and does not disturb queries. When it works again, all
// snapshots are stored.
func TestStoreDamagesSnapshots(t *testing.T) {
	t.Parallel()
	srv := startFaultyStore(t)
	victims := slices.Sorted(maps.Keys(uploads))
	all := append(slices.Clone(victims), slow)
	for _, name := range all {
		srv.create(name)
	}
	srv.become(1, all)

	s := &faultyUploads{done: map[string]int{}}
	srv.m.OnRequest(s.spoil)
	for _, name := range all {
		srv.insert(name)
	}
	for _, name := range victims {
		harness.Until(t, "two tries to spoil "+name, func() bool { return s.times(name) >= 2 })
	}
	srv.become(2, []string{slow})
	for _, name := range victims {
		if ids := srv.ids(name); len(ids) != 1 {
			t.Errorf("%s: listed %v", name, ids)
		}
		srv.rows(name, 2)
		if _, err := srv.user.TakeSnapshot(t.Context(), "ann", name, ""); !errs.Is(err, errs.ObjectStore) {
			t.Errorf("%s: taken by hand: %v", name, err)
		}
	}
	srv.sound()

	srv.m.Restore()
	srv.become(2, all)
	srv.sound()
	for _, name := range all {
		to := name + ".copy"
		if err := srv.restore(name, srv.ids(name)[0], "ann/"+to); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		srv.rows(to, 2)
	}
	srv.left()
}

// If the store accepts no connections, queries work, operations that need it get
// a clear error, and nothing is changed.
func TestStoreIsDown(t *testing.T) {
	t.Parallel()
	srv := startFaultyStore(t)
	srv.create("shop")
	srv.become(1, []string{"shop"})
	first := srv.ids("shop")[0]
	srv.m.Disconnect()
	srv.insert("shop")
	srv.pass(1)
	_, listed := srv.user.Snapshots(t.Context(), "ann", "shop")
	_, taken := srv.user.TakeSnapshot(t.Context(), "ann", "shop", "")
	for what, err := range map[string]error{"list": listed, "take": taken, "restore": srv.restore("shop", first, ""), "into a new one": srv.restore("shop", first, "ann/new")} {
		if !errs.Is(err, errs.ObjectStore) {
			t.Errorf("%s: %v", what, err)
		}
	}
	srv.rows("shop", 2)
	srv.m.Restore()
	srv.become(2, []string{"shop"})
	srv.sound()
	if err := srv.restore("shop", first, ""); err != nil {
		t.Fatal(err)
	}
	srv.rows("shop", 1)
	srv.become(3, []string{"shop"}) // N13
	srv.left()
}

// downloads are ways to damage an object in a download.
var downloads = map[string]func(r *http.Response, other []byte) error{
	"another byte": func(r *http.Response, _ []byte) error {
		return s3test.ReplaceResponseBody(r, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	},
	"an end too early": func(r *http.Response, _ []byte) error {
		return s3test.ReplaceResponseBody(r, func(b []byte) []byte { return b[:len(b)-3] })
	},
	"a part of it": func(r *http.Response, _ []byte) error {
		return s3test.ReplaceResponseBody(r, func(b []byte) []byte { return b[:len(b)/2] })
	},
	"nothing": func(r *http.Response, _ []byte) error {
		return s3test.ReplaceResponseBody(r, func([]byte) []byte { return nil })
	},
	"it twice": func(r *http.Response, _ []byte) error {
		return s3test.ReplaceResponseBody(r, func(b []byte) []byte { return append(b, b...) })
	},
	"another snapshot": func(r *http.Response, other []byte) error {
		return s3test.ReplaceResponseBody(r, func([]byte) []byte { return other })
	},
	"a sentence": func(r *http.Response, _ []byte) error {
		return s3test.ReplaceResponseBody(r, func([]byte) []byte { return []byte("It works!") })
	},
	"half of it": func(r *http.Response, _ []byte) error { // and then the connection ends
		b, err := io.ReadAll(r.Body)
		r.Body = truncated(b)
		return err
	},
	"a failure": func(r *http.Response, _ []byte) error {
		r.StatusCode = http.StatusInternalServerError
		return nil
	},
	"a redirect": func(r *http.Response, _ []byte) error {
		r.StatusCode = http.StatusFound
		r.Header.Set("Location", "http://127.0.0.1:1/")
		return nil
	},
}

// slowReader is a body that arrives in small pieces.
type slowReader struct{ io.ReadCloser }

func (s slowReader) Read(p []byte) (int, error) {
	<-time.After(20 * time.Millisecond)
	return s.ReadCloser.Read(p[:min(len(p), 2000)])
}

// N2: a restore of an incomplete or changed object is refused, in place and into
// a new database, and nothing changes.
func TestStoreDamagesRestoresN2(t *testing.T) {
	t.Parallel()
	srv := startFaultyStore(t)
	srv.create("shop")
	srv.become(1, []string{"shop"})
	first := srv.ids("shop")[0]
	srv.insert("shop")
	srv.become(2, []string{"shop"})
	ids := srv.ids("shop")
	var other []byte
	for _, key := range srv.s3.Keys("bucket") {
		if path.Base(key) == ids[0] {
			o, err := srv.s3.Admin.GetObject(t.Context(), "bucket", key, minio.GetObjectOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if other, err = io.ReadAll(o); err != nil || len(other) == 0 {
				t.Fatalf("%d bytes, %v", len(other), err)
			}
		}
	}
	for what, bend := range downloads {
		t.Run(what, func(t *testing.T) {
			srv := &faultyStore{srv.Server, t, srv.s3, srv.m, srv.user}
			srv.m.OnResponse(func(r *http.Response) error {
				if r.Request.Method != http.MethodGet || path.Base(r.Request.URL.Path) != first {
					return nil
				}
				return bend(r, other)
			})
			for _, to := range []string{"", "ann/new"} {
				if err := srv.restore("shop", first, to); !errs.Is(err, errs.Snapshot) && !errs.Is(err, errs.ObjectStore) {
					t.Errorf("restored: %v", err)
				}
			}
			srv.rows("shop", 2)
			if got := srv.ids("shop"); !slices.Equal(got, ids) {
				t.Errorf("listed %v", got)
			}
			if _, err := srv.user.DatabaseDetails(t.Context(), "ann", "new"); !errs.Is(err, errs.NotFound) {
				t.Errorf("the new database: %v", err)
			}
		})
	}
	srv.m.Restore()
	srv.m.OnResponse(func(r *http.Response) error { // a slow download is not refused
		r.Body = slowReader{r.Body}
		return nil
	})
	for _, to := range []string{"ann/new", ""} {
		if err := srv.restore("shop", first, to); err != nil {
			t.Fatal(err)
		}
	}
	srv.rows("new", 1)
	srv.rows("shop", 1)
	if got := srv.user.Cell("shop", "PRAGMA integrity_check"); got != "ok" {
		t.Errorf("integrity: %s", got)
	}
	srv.left()
}
