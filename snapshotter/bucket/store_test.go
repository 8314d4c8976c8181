package bucket_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/snapshotter/bucket"
	"github.com/ayb-go/ayb/snapshotter/bucket/s3test"
)

func path(entity, database string) ayb.DatabasePath {
	return ayb.DatabasePath{Entity: ayb.EntitySlug(entity), Database: ayb.DatabaseSlug(database)}
}

// id is the i-th id.
func id(i int) string { return fmt.Sprintf("%064x", i) }

func open(t *testing.T, cfg bucket.Config) *bucket.Store {
	t.Helper()
	s, err := bucket.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// send does what a query node does: PUT each part to its URL.
func send(t *testing.T, u *bucket.Upload, r io.Reader) (etags []string) {
	t.Helper()
	for _, p := range u.Parts {
		req, err := http.NewRequest(http.MethodPut, p.URL, io.LimitReader(r, p.Size))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = p.Size
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK {
			b, _ := io.ReadAll(resp.Body)
			t.Fatalf("PUT: %s %s", resp.Status, b)
		}
		etags = append(etags, resp.Header.Get("ETag"))
		_ = resp.Body.Close()
	}
	return etags
}

func store(t *testing.T, s *bucket.Store, p ayb.DatabasePath, id, content string) {
	t.Helper()
	u, err := s.Begin(t.Context(), p, id, int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Complete(t.Context(), send(t, u, strings.NewReader(content))); err != nil {
		t.Fatal(err)
	}
}

func ids(list []bucket.Object) (out []string) {
	for _, o := range list {
		out = append(out, o.ID)
	}
	return out
}

func fetch(t *testing.T, s *bucket.Store, o bucket.Object) string {
	t.Helper()
	u, err := s.URL(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET: %s %v", resp.Status, err)
	}
	return string(b)
}

// N3, N4: with each configuration, objects are found where they are written,
// with the keys of existing buckets.
func TestStore(t *testing.T) {
	server := s3test.Start(t)
	for i, c := range []struct {
		prefix    string
		pathStyle bool
		key       string
	}{
		{"sqlite", true, "b0/sqlite/a/x.sqlite/"},
		{"sqlite", false, "sqlite/a/x.sqlite/"},
		{"", true, "b2/a/x.sqlite/"},
		{"", false, "a/x.sqlite/"},
		{"backups//ayb", false, "backups/ayb/a/x.sqlite/"},
		{"//backups///ayb/", true, "b5/backups/ayb/a/x.sqlite/"},
	} {
		name := "b" + fmt.Sprint(i)
		t.Run(c.key, func(t *testing.T) {
			cfg := server.Bucket("b" + "uc" + name)
			cfg.Prefix, cfg.PathStyle = c.prefix, c.pathStyle
			key := strings.Replace(c.key, name, cfg.Bucket, 1)
			s := open(t, cfg)
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			p, other := path("a", "x.sqlite"), path("a", "x.sqlite2")
			if l, err := s.List(t.Context(), p); err != nil || len(l) != 0 {
				t.Fatalf("at first %v %v", l, err)
			}
			store(t, s, p, id(1), "one")
			store(t, s, p, id(2), "two")
			store(t, s, other, id(3), "three")
			if got := server.Keys(cfg.Bucket); !slices.Equal(got, []string{key + id(1), key + id(2), strings.Replace(key, "x.sqlite", "x.sqlite2", 1) + id(3)}) {
				t.Errorf("keys %q", got)
			}
			l, err := s.List(t.Context(), p)
			if err != nil || len(l) != 2 || l[0].Size != 3 || time.Since(l[0].ModifiedAt) > time.Minute {
				t.Fatalf("list %v %v", l, err)
			}
			slices.SortFunc(l, func(a, b bucket.Object) int { return strings.Compare(b.ID, a.ID) }) // they may be of the same second
			if got := fetch(t, s, l[1]); got != "one" {
				t.Errorf("fetched %q", got)
			}
			seen := map[string]bool{}
			if err := s.Walk(t.Context(), func(p ayb.DatabasePath, o bucket.Object) { seen[p.String()+" "+o.ID] = true }); err != nil || len(seen) != 3 || !seen["a/x.sqlite2 "+id(3)] {
				t.Errorf("walked over %v, %v", seen, err)
			}
			to := path("a", "moved")
			if err := s.Copy(t.Context(), l[1], to); err != nil {
				t.Fatal(err)
			}
			if err := s.Remove(t.Context(), l[1]); err != nil {
				t.Fatal(err)
			}
			if err := s.Remove(t.Context(), l[1]); err != nil {
				t.Errorf("removed again: %v", err)
			}
			moved, err := s.List(t.Context(), to)
			if err != nil || len(moved) != 1 || fetch(t, s, moved[0]) != "one" {
				t.Errorf("moved %v %v", moved, err)
			}
			if l, err := s.List(t.Context(), p); err != nil || !slices.Equal(ids(l), []string{id(2)}) {
				t.Errorf("left %v %v", l, err)
			}
		})
	}
}

// The bucket has more objects than one answer of the store lists, and objects
// that are not snapshots.
func TestManyObjects(t *testing.T) {
	server := s3test.Start(t)
	cfg := server.Bucket("many")
	p := path("a", "x.sqlite")
	dir := filepath.Join(server.Dir, "many", "many", "sqlite", "a", "x.sqlite")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const many = 2345
	for i := range many {
		if err := os.WriteFile(filepath.Join(dir, id(i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server.Put("many", "many/sqlite/a/x.sqlite/readme.txt", "stray")
	server.Put("many", "many/sqlite/a/x.sqlite/deeper/"+id(1), "stray")
	server.Put("many", "stray", "stray")
	s := open(t, cfg)
	l, err := s.List(t.Context(), p)
	if err != nil || len(l) != many {
		t.Fatalf("%d listed, %v", len(l), err)
	}
	n := 0
	if err := s.Walk(t.Context(), func(ayb.DatabasePath, bucket.Object) { n++ }); err != nil || n != many {
		t.Errorf("%d walked over, %v", n, err)
	}
	if err := s.Remove(t.Context(), l[:many-1]...); err != nil {
		t.Fatal(err)
	}
	if l, err := s.List(t.Context(), p); err != nil || len(l) != 1 {
		t.Errorf("%d left, %v", len(l), err)
	}
}

// endless is an endless reader of one byte.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// A large object is sent in parts, and an unfinished upload is aborted.
func TestUploadInParts(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, server.Bucket("parts"))
	p := path("a", "x.sqlite")
	const size = 64<<20 + 12345
	begin := func(i int) *bucket.Upload {
		t.Helper()
		u, err := s.Begin(t.Context(), p, id(i), size)
		if err != nil || len(u.Parts) != 2 {
			t.Fatalf("%v %v", u, err)
		}
		return u
	}
	u := begin(1)
	if err := u.Complete(t.Context(), send(t, u, endless('x'))); err != nil {
		t.Fatal(err)
	}
	if l, err := s.List(t.Context(), p); err != nil || len(l) != 1 || l[0].Size != size {
		t.Fatalf("%v %v", l, err)
	}
	if err := begin(2).Complete(t.Context(), []string{"only one"}); !errs.Is(err, errs.ObjectStore) {
		t.Errorf("a part is missing: %v", err)
	}
	begin(3).Abort(t.Context())
	if got := server.Unfinished("parts"); len(got) != 1 || !strings.HasSuffix(got[0], id(2)) {
		t.Errorf("unfinished %v", got)
	}
	if n, err := s.AbortStale(t.Context(), time.Now().Add(-time.Hour)); err != nil || n != 0 {
		t.Errorf("%d freed, %v", n, err)
	}
	left, parts := begin(4).Unfinished()
	if !parts || left.ID != id(4) {
		t.Errorf("%v, %v", left, parts)
	}
	if err := s.Abort(t.Context(), path("b", "y"), left); err != nil { // none of that name
		t.Error(err)
	}
	if got := server.Unfinished("parts"); len(got) != 2 {
		t.Errorf("unfinished %v", got)
	}
	for range 2 {
		if err := s.Abort(t.Context(), p, left); err != nil {
			t.Error(err)
		}
		if got := server.Unfinished("parts"); len(got) != 1 || !strings.HasSuffix(got[0], id(2)) {
			t.Errorf("unfinished %v", got)
		}
	}
	for _, bad := range []bucket.UnfinishedUpload{{}, {ID: id(2)}, {ID: "../" + id(2), Upload: left.Upload}} {
		if err := s.Abort(t.Context(), p, bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if n, err := s.AbortStale(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 1 || len(server.Unfinished("parts")) != 0 {
		t.Errorf("%d freed, %v", n, err)
	}
}

// An object that the store holds only half of is removed and not listed.
func TestTruncatedUpload(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, server.Bucket("short"))
	p := path("a", "x.sqlite")
	u, err := s.Begin(t.Context(), p, id(1), 10)
	if err != nil {
		t.Fatal(err)
	}
	u.Parts[0].Size = 5
	if err := u.Complete(t.Context(), send(t, u, endless('x'))); !errs.Is(err, errs.ObjectStore) {
		t.Errorf("half of an object: %v", err)
	}
	if got := server.Keys("short"); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
	if _, err := s.Begin(t.Context(), p, "../"+id(1), 10); !errs.Is(err, errs.Snapshot) {
		t.Errorf("a bad id: %v", err)
	}
}

// The error of Check names the wrong setting. A passing failure of the store is
// no such error.
func TestCheck(t *testing.T) {
	server := s3test.Start(t)
	good := server.Bucket("bucket")
	for _, c := range []struct {
		name   string
		change func(*bucket.Config)
		code   errs.Code
		says   string
	}{
		{"no such bucket", func(c *bucket.Config) { c.Bucket = "nobodys" }, errs.Invalid, "bucket nobodys"},
		{"a name no bucket can have", func(c *bucket.Config) { c.Bucket = "No_Bucket" }, errs.Invalid, "snapshots.bucket"},
		{"unknown key", func(c *bucket.Config) { c.AccessKeyID = "nobody" }, errs.Invalid, "access_key_id"},
		{"wrong secret", func(c *bucket.Config) { c.SecretAccessKey = "wrong" }, errs.Invalid, "secret_access_key"},
		{"nobody there", func(c *bucket.Config) { c.Endpoint = "http://127.0.0.1:1" }, errs.ObjectStore, "try again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			err := open(t, cfg).Check(t.Context())
			if !errs.Is(err, c.code) || !strings.Contains(errs.Public(err).Message, c.says) {
				t.Errorf("%v", err)
			}
			if strings.Contains(fmt.Sprint(err), cfg.SecretAccessKey) {
				t.Errorf("the secret is in %v", err)
			}
		})
	}
	for _, bad := range []string{"s3.example.org", "ftp://s3.example.org", "https://s3.example.org/path", "https://u:p@s3.example.org", "https://"} {
		cfg := good
		cfg.Endpoint = bad
		if _, err := bucket.New(cfg); err == nil {
			t.Errorf("%q is an endpoint", bad)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, good).List(ctx, path("a", "b")); !errs.Is(err, errs.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// N3: other servers wrote BUCKET//ENTITY/… for a blank prefix. Such objects are
// found, and an object under both keys is listed once. The listing is made up
// here, because the store of the other tests rejects two slashes.
func TestDoubleSlash(t *testing.T) {
	keys := []string{"bucket//a/x.sqlite/" + id(1), "bucket//a/x.sqlite/" + id(2), "bucket/a/x.sqlite/" + id(2), "bucket/a/x.sqlite/" + id(3)}
	var removed []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			b, _ := io.ReadAll(r.Body)
			for _, k := range keys {
				if bytes.Contains(b, []byte("<Key>"+k+"</Key>")) {
					removed = append(removed, k)
				}
			}
			fmt.Fprint(w, `<DeleteResult></DeleteResult>`)
			return
		}
		prefix := r.URL.Query().Get("prefix")
		fmt.Fprint(w, `<ListBucketResult><IsTruncated>false</IsTruncated>`)
		for i, k := range keys {
			if strings.HasPrefix(k, prefix) {
				fmt.Fprintf(w, `<Contents><Key>%s</Key><LastModified>2026-01-0%dT00:00:00.000Z</LastModified><Size>%d</Size></Contents>`, k, i+1, i)
			}
		}
		fmt.Fprint(w, `</ListBucketResult>`)
	}))
	defer server.Close()
	s := open(t, bucket.Config{Endpoint: server.URL, Region: "us-east-1", AccessKeyID: "k", SecretAccessKey: "s", Bucket: "bucket", PathStyle: true})
	l, err := s.List(t.Context(), path("a", "x.sqlite"))
	if err != nil || !slices.Equal(ids(l), []string{id(3), id(2), id(1)}) {
		t.Fatalf("%v %v", l, err)
	}
	if l[1].Size != 2 { // the newer of the two
		t.Errorf("%v", l[1])
	}
	if u, err := s.URL(t.Context(), l[2]); err != nil || !strings.Contains(u, "/bucket/bucket//a/x.sqlite/"+id(1)) {
		t.Errorf("%s %v", u, err)
	}
	n := 0
	if err := s.Walk(t.Context(), func(p ayb.DatabasePath, _ bucket.Object) {
		if p == path("a", "x.sqlite") {
			n++
		}
	}); err != nil || n != 4 {
		t.Errorf("%d walked over, %v", n, err)
	}
	if err := s.Remove(t.Context(), l[1]); err != nil || !slices.Equal(removed, []string{keys[1], keys[2]}) {
		t.Errorf("removed %q, %v", removed, err)
	}
}
