package querynode_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd" //nolint:depguard // an object as others make it
	"github.com/zeebo/blake3"            //nolint:depguard // as above

	"github.com/ayb-go/ayb/querynode"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// bucket keeps what is put to it.
type bucket struct {
	url string

	mu      sync.Mutex
	objects map[string][]byte
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{objects: map[string][]byte{}}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	b.url = s.URL
	return b
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch body, ok := b.objects[r.URL.Path]; {
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		b.objects[r.URL.Path] = body
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = w.Write(body)
	}
}

// put stores a content as a snapshot and returns its id.
func (b *bucket) put(t *testing.T, content []byte) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }() // it frees memory
	sum := blake3.Sum256(content)
	id := hex.EncodeToString(sum[:])
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects["/"+id] = z.EncodeAll(content, nil)
	return id
}

// snapshot stores the present state and returns its id and change token.
func (n *node) snapshot(b *bucket, name string) (id, token string) {
	n.t.Helper()
	p, err := n.client.PrepareSnapshot(n.t.Context(), n.id, nodeapi.PrepareRequest{Path: path(name)})
	if err != nil {
		n.t.Fatal(err)
	}
	first := p.Packed / 2
	_, err = n.client.UploadSnapshot(n.t.Context(), n.id, nodeapi.UploadRequest{Handle: p.Handle, Parts: []nodeapi.UploadPart{
		{URL: b.url + "/1", Size: first}, {URL: b.url + "/2", Size: p.Packed - first},
	}})
	if err != nil {
		n.t.Fatal(err)
	}
	b.mu.Lock()
	b.objects["/"+p.ID] = append(bytes.Clone(b.objects["/1"]), b.objects["/2"]...)
	b.mu.Unlock()
	if _, err := n.client.ReleaseSnapshot(n.t.Context(), n.id, nodeapi.ReleaseRequest{Handle: p.Handle}); err != nil {
		n.t.Fatal(err)
	}
	return p.ID, p.ChangeToken
}

// stage stages a version of a database.
func (n *node) stage(name string) nodeapi.VersionRequest {
	n.t.Helper()
	s, err := n.client.StageVersion(n.t.Context(), n.id, nodeapi.StageRequest{Path: path(name)})
	if err != nil {
		n.t.Fatal(err)
	}
	return nodeapi.VersionRequest{Path: path(name), Version: s.Version}
}

func (n *node) fetch(b *bucket, v nodeapi.VersionRequest, id string) error {
	_, err := n.client.FetchSnapshot(n.t.Context(), n.id, nodeapi.FetchRequest{Path: v.Path, Version: v.Version, URL: b.url + "/" + id, ID: id})
	return err
}

// restore makes a snapshot the state of a database.
func (n *node) restore(b *bucket, name, id string) {
	n.t.Helper()
	v := n.stage(name)
	if err := n.fetch(b, v, id); err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.client.PublishVersion(n.t.Context(), n.id, v); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) token(name string) string {
	n.t.Helper()
	resp, err := n.client.ListChangeTokens(n.t.Context(), n.id, nodeapi.ChangeTokensRequest{})
	if err != nil {
		n.t.Fatal(err)
	}
	for _, m := range resp.Tokens {
		if m.Path == path(name) {
			return m.Token
		}
	}
	n.t.Fatalf("%s has no token", name)
	return ""
}

// stableToken is the change token of a database whose last change is some time
// ago.
func (n *node) stableToken(name string) (token string) {
	n.t.Helper()
	bustest.Until(n.t, "the last change to be some time ago", func() bool {
		before := token
		token = n.token(name)
		return token == before
	})
	return token
}

// wantNoLeftovers checks that there are no files besides those of databases and
// snapshots.
func (n *node) wantNoLeftovers() {
	n.t.Helper()
	var left []string
	for _, pattern := range []string{"outgoing/*", "trash/*", "databases/*/*/*-*-*-*/~tmp/*"} {
		found, err := filepath.Glob(filepath.Join(n.data, pattern))
		if err != nil {
			n.t.Fatal(err)
		}
		left = append(left, found...)
	}
	versions, err := filepath.Glob(filepath.Join(n.data, "databases/*/*/*-*-*-*"))
	if err != nil {
		n.t.Fatal(err)
	}
	homes, err := filepath.Glob(filepath.Join(n.data, "databases/*/*"))
	if err != nil || len(homes) != len(versions) {
		left = append(left, versions...)
	}
	if len(left) > 0 {
		n.t.Errorf("left: %v", left)
	}
}

// N13: an unchanged database has the same id each time, a changed one another,
// and a restored one exactly one more.
func TestSnapshotAndRestoreN13(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	if _, err := n.client.PrepareSnapshot(t.Context(), n.id, nodeapi.PrepareRequest{Path: path("a")}); !errs.Is(err, errs.NotFound) {
		t.Errorf("never written: %v", err)
	}
	n.exec("a", "CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)")
	first, _ := n.snapshot(b, "a")
	if again, _ := n.snapshot(b, "a"); again != first {
		t.Error("an unchanged database has another id")
	}
	n.exec("a", "INSERT INTO t VALUES (3)")
	second, _ := n.snapshot(b, "a")
	if second == first {
		t.Error("a changed database has the same id")
	}
	n.restore(b, "a", first)
	if got := n.cell("a", "SELECT count(*) FROM t"); got != "2" {
		t.Errorf("%s rows were restored", got)
	}
	third, _ := n.snapshot(b, "a")
	if third == first || third == second {
		t.Error("a restored database has an old id")
	}
	n.exec("a", "SELECT * FROM t")
	if again, _ := n.snapshot(b, "a"); again != third {
		t.Error("a restored database changes its id by itself")
	}
	n.restore(b, "a", second)
	if got := n.cell("a", "SELECT count(*) FROM t"); got != "3" {
		t.Errorf("%s rows were restored", got)
	}
	n.wantNoLeftovers()
}

// A snapshot can become another database.
func TestRestoreIntoANewDatabase(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); INSERT INTO t VALUES (7)")
	id, _ := n.snapshot(b, "a")
	v := n.stage("b")
	if err := n.fetch(b, v, id); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := n.client.CreateDatabase(t.Context(), n.id, nodeapi.CreateRequest{Path: path("b"), Type: ayb.SQLite, Version: v.Version}); err != nil {
			t.Fatal(err)
		}
	}
	if got := n.cell("b", "SELECT x FROM t"); got != "7" {
		t.Errorf("got %s", got)
	}
}

// N2, N11: an object that is damaged, or is not a database despite its correct
// hash, is never published. The database stays, and no file is left.
func TestBrokenSnapshotsAreRefusedN2(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) INSERT INTO t SELECT hex(randomblob(20)) FROM c; CREATE INDEX i ON t(x)")
	good, _ := n.snapshot(b, "a")
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	file, err := z.DecodeAll(b.objects["/"+good], nil)
	if err != nil {
		t.Fatal(err)
	}
	holed := bytes.Clone(file)
	clear(holed[len(holed)/2 : len(holed)/2+8192])
	swapped := bytes.Clone(b.objects["/"+good])
	b.mu.Lock()
	b.objects["/"+strings.Repeat("0", 64)] = swapped // another id's content
	b.mu.Unlock()
	for what, tt := range map[string]struct {
		id   string
		want errs.Code
	}{
		"no database":       {b.put(t, []byte(strings.Repeat("This is a letter. ", 1000))), errs.Snapshot},
		"nothing":           {b.put(t, nil), errs.Snapshot},
		"cut off":           {b.put(t, file[:len(file)/2]), errs.Snapshot},
		"a hole":            {b.put(t, holed), errs.Snapshot},
		"larger than may":   {b.put(t, make([]byte, 65<<20)), errs.TooLarge},
		"another's content": {strings.Repeat("0", 64), errs.Snapshot},
		"not stored":        {strings.Repeat("a", 64), errs.NoSnapshot},
		"no id":             {"../" + good, errs.NoSnapshot},
		"upper case":        {strings.ToUpper(good), errs.NoSnapshot},
	} {
		v := n.stage("a")
		if err := n.fetch(b, v, tt.id); !errs.Is(err, tt.want) || strings.Contains(err.Error(), n.data) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := n.client.PublishVersion(t.Context(), n.id, v); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: published: %v", what, err)
		}
		if _, err := n.client.UnstageVersion(t.Context(), n.id, v); err != nil {
			t.Error(err)
		}
	}
	if got := n.cell("a", "SELECT count(*) FROM t"); got != "2000" {
		t.Errorf("%s rows", got)
	}
	n.wantNoLeftovers()
}

// Every commit changes the token, even when commits follow at once or the log
// starts over. Reading and time do not change it. No daemon is started.
func TestChangeTokensFollowCommits(t *testing.T) {
	n := start(t, func(c *querynode.Config) { c.IdleTimeout = 300 * time.Millisecond })
	n.create("a")
	if n.token("a") != "" {
		t.Errorf("never written: %q", n.token("a"))
	}
	n.exec("a", "CREATE TABLE t(x)")
	seen := map[string]bool{n.token("a"): true}
	for i := range 200 {
		sql := "INSERT INTO t VALUES (1)"
		if i%20 == 0 { // a log of some length is copied and begun again
			sql = "INSERT INTO t VALUES (zeroblob(3000000)); DELETE FROM t"
		}
		n.exec("a", sql)
		m := n.token("a")
		if seen[m] {
			t.Fatalf("commit %d has an old token", i)
		}
		seen[m] = true
	}
	bustest.Until(t, "the daemon to end", func() bool { return len(daemons(t)) == 0 })
	still := n.stableToken("a")
	n.cell("a", "SELECT count(*) FROM t")
	if n.token("a") != still {
		t.Error("reading changed the token")
	}
	bustest.Until(t, "the daemon to end", func() bool { return len(daemons(t)) == 0 })
	if n.token("a") != still || len(daemons(t)) != 0 {
		t.Error("the end of a daemon that only read changed the token, or asking started one")
	}
}

// A copy opens the log, which changes the owner of the log on a server of root.
// That is not a commit: otherwise each round would copy every database again.
func TestCopiesKeepTheChangeToken(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
	logs, err := filepath.Glob(filepath.Join(n.data, "databases/alice/a/*-*-*-*/a-wal"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %v, %v: nothing is tested", logs, err)
	}
	still := n.stableToken("a")
	for range 3 {
		if _, token := n.snapshot(b, "a"); token != still || n.token("a") != still {
			t.Fatalf("the token was %s, that of the copy %s, and now it is %s", still, token, n.token("a"))
		}
	}
	// A server of root does this.
	info, err := os.Stat(logs[0])
	if err != nil || info.Size() == 0 {
		t.Fatalf("%v, %v: nothing is tested", info, err)
	}
	if err := os.Chmod(logs[0], info.Mode()); err != nil {
		t.Fatal(err)
	}
	if n.token("a") != still {
		t.Error("setting the mode of the log changed the token")
	}
	n.exec("a", "INSERT INTO t VALUES (2)")
	if n.token("a") == still {
		t.Error("a commit after copies has the old token")
	}
}

// N14: snapshots, statements and restores can run at the same time, and each
// snapshot is one of the states of the database.
func TestSnapshotsAndRestoresAtOnceN14(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
	first, _ := n.snapshot(b, "a")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 4 {
				p, err := n.client.PrepareSnapshot(ctx, n.id, nodeapi.PrepareRequest{Path: path("a")})
				if err != nil && !errs.Is(err, errs.Unavailable) && !errs.Is(err, errs.Engine) { // a restore came between
					t.Error(err)
				}
				if err == nil {
					if _, err := n.client.ReleaseSnapshot(ctx, n.id, nodeapi.ReleaseRequest{Handle: p.Handle}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 20 {
			_, err := n.query(ctx, "a", ayb.QueryReadWrite, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
			if err != nil && !errs.Is(err, errs.Engine) {
				t.Error(err)
			}
		}
	})
	for range 4 {
		n.restore(b, "a", first)
	}
	wg.Wait()
	if got := n.cell("a", "PRAGMA integrity_check"); got != "ok" {
		t.Errorf("integrity: %s", got)
	}
	n.wantNoLeftovers()
}

// N8: a daemon that is killed during a copy fails its snapshot, and no file
// stays on the disk.
func TestKilledCopyN8(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30000) INSERT INTO t SELECT randomblob(1000) FROM c")
	failed := make(chan error, 1)
	go func() {
		_, err := n.client.PrepareSnapshot(t.Context(), n.id, nodeapi.PrepareRequest{Path: path("a")})
		failed <- err
	}()
	bustest.Until(t, "a copy to be made", func() bool {
		found, err := filepath.Glob(filepath.Join(n.data, "databases/*/*/*-*-*-*/~tmp/copy-*"))
		return err == nil && len(found) > 0
	})
	if err := syscall.Kill(n.daemonOf("a"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errs.Is(err, errs.Engine) {
		t.Errorf("told %v", err)
	}
	n.wantNoLeftovers()
	n.snapshot(b, "a")
}

// The node's own work uses the limits of the database, and no other daemon is
// started for it.
func TestSnapshotKeepsTheDaemon(t *testing.T) {
	n, b := start(t, nil), newBucket(t)
	n.create("a")
	own := daemonapi.Limits{Queries: 2, DatabaseBytes: 128 << 20}
	if _, err := n.limited(t.Context(), "a", own, 0, "CREATE TABLE t(x)"); err != nil {
		t.Fatal(err)
	}
	before := n.daemonOf("a")
	n.snapshot(b, "a")
	if after := n.daemonOf("a"); after != before {
		t.Errorf("daemon %d became %d", before, after)
	}
}
