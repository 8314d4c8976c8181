package snapshotio

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the protocol's checksum
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/blake3"

	"github.com/ayb-go/ayb/shared/errs"
)

// content is a file like a database: some of it compresses well.
func content(size int) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < size/2; i++ {
		b[i] = byte(r.Uint32())
	}
	return b
}

func idOf(b []byte) string {
	sum := blake3.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func packed(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }() // it frees memory
	return z.EncodeAll(b, nil)
}

func fileOf(t *testing.T, b []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func store(t *testing.T, keep time.Duration) (*Store, string) {
	t.Helper()
	dir := t.TempDir()
	s := NewStore(dir, keep)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
	return s, dir
}

func transfer(t *testing.T, stall time.Duration) *Transfer {
	t.Helper()
	x := NewTransfer(stall)
	t.Cleanup(x.Close)
	return x
}

// bucket stores PUTs as an object store does.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodGet {
		body, ok := b.objects[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
			return
		}
		_, _ = w.Write(body)
		return
	}
	body, err := io.ReadAll(r.Body)
	sum := md5.Sum(body) //nolint:gosec // the protocol's checksum
	if err != nil || r.ContentLength != int64(len(body)) || r.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(sum[:]) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "<Error><Code>BadDigest</Code></Error>")
		return
	}
	b.objects[r.URL.Path] = body
	w.Header().Set("ETag", strconv.Quote(hex.EncodeToString(sum[:])))
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestThereAndBack(t *testing.T) {
	b := &bucket{objects: map[string][]byte{}}
	url := serve(t, b)
	s, _ := store(t, time.Hour)
	x := transfer(t, time.Minute)
	for _, size := range []int{0, 1, 4096, 3<<20 + 7} {
		data := content(size)
		handle, p, err := s.Pack(t.Context(), fileOf(t, data))
		if err != nil || p.ID != idOf(data) || p.Bytes != int64(size) {
			t.Fatalf("%d bytes: %+v, %v", size, p, err)
		}
		first := p.Size / 3
		tags, err := x.Send(t.Context(), s, handle, []Part{{url + "/1?signed", first}, {url + "/2?signed", p.Size - first}})
		if err != nil || len(tags) != 2 || tags[1] == "" {
			t.Fatalf("%d bytes: tags %q, %v", size, tags, err)
		}
		b.objects["/complete"] = append(bytes.Clone(b.objects["/1"]), b.objects["/2"]...)
		var back bytes.Buffer
		n, err := x.Fetch(t.Context(), url+"/complete", p.ID, int64(size), &back)
		if err != nil || n != int64(size) || !bytes.Equal(back.Bytes(), data) {
			t.Errorf("%d bytes: %d came back, %v", size, n, err)
		}
		if err := errors.Join(s.Release(handle), s.Release(handle)); err != nil {
			t.Error(err)
		}
		if _, err := x.Send(t.Context(), s, handle, []Part{{url + "/1", p.Size}}); !errs.Is(err, errs.NotFound) {
			t.Errorf("sent after its release: %v", err)
		}
	}
}

func TestPartsMustBeComplete(t *testing.T) {
	s, _ := store(t, time.Hour)
	handle, p, err := s.Pack(t.Context(), fileOf(t, content(10000)))
	if err != nil {
		t.Fatal(err)
	}
	asked := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	for _, parts := range [][]Part{
		nil, {{asked, p.Size - 1}}, {{asked, p.Size + 1}}, {{asked, -1}, {asked, p.Size + 1}}, {{asked, p.Size}, {asked, 1}}, {{asked, 1 << 62}, {asked, 1 << 62}, {asked, 1 << 62}},
		{{"file:///etc/passwd", p.Size}}, {{"ftp://x/y", p.Size}}, {{"http:///y", p.Size}}, {{"\x00", p.Size}},
	} {
		if _, err := transfer(t, time.Minute).Send(t.Context(), s, handle, parts); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", parts, err)
		}
	}
}

// N2: whatever a store sends, content that does not match its id is refused,
// and the error names the cause.
func TestFetchOfBrokenObjectsN2(t *testing.T) {
	data := content(1 << 20)
	complete := packed(t, data)
	damaged := bytes.Clone(complete)
	damaged[len(damaged)/2] ^= 1
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	gives := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b) }
	}
	for name, tt := range map[string]struct {
		store http.HandlerFunc
		want  errs.Code
	}{
		"complete":      {gives(complete), ""},
		"damaged":       {gives(damaged), errs.Snapshot},
		"shorter":       {gives(complete[:len(complete)/2]), errs.Snapshot},
		"empty":         {gives(nil), errs.Snapshot},
		"other content": {gives(packed(t, content(5000))), errs.Snapshot},
		"not packed":    {gives(data), errs.Snapshot},
		"more after it": {gives(append(bytes.Clone(complete), complete...)), errs.Snapshot},
		"bomb":          {gives(packed(t, make([]byte, 64<<20))), errs.Snapshot},
		"huge window":   {gives(hugeWindow(t)), errs.Snapshot},
		"missing":       {status(404, "<Error><Code>NoSuchKey</Code></Error>"), errs.NoSnapshot},
		"no bucket":     {status(404, "<Error><Code>NoSuchBucket</Code></Error>"), errs.ObjectStore},
		"forbidden":     {status(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>"), errs.ObjectStore},
		"down":          {status(503, "try later"), errs.ObjectStore},
		"partial":       {status(206, string(complete)), errs.ObjectStore},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, errs.ObjectStore},
		"broken off":     {cutOff(complete), errs.ObjectStore},
		"never ends":     {endless(t), errs.Snapshot},
		"stops half-way": {stops(complete), errs.ObjectStore},
	} {
		t.Run(name, func(t *testing.T) {
			stall := time.Minute
			if name == "stops half-way" {
				stall = 100 * time.Millisecond
			}
			var out bytes.Buffer
			_, err := transfer(t, stall).Fetch(t.Context(), serve(t, tt.store)+"/x?signature=secret", idOf(data), 2<<20, &out)
			if errs.CodeOf(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the address: %v", err)
			}
			if err == nil && !bytes.Equal(out.Bytes(), data) || out.Len() > 2<<20 {
				t.Errorf("%d bytes were written", out.Len())
			}
		})
	}
}

// A complete snapshot that is larger than the database may be is reported with
// the limit. It is not called damaged, and not written beyond the limit. An
// object that only begins like it is damaged.
func TestFetchOfTooLargeSnapshot(t *testing.T) {
	const most = 1 << 20
	for name, data := range map[string][]byte{
		"one byte":          content(most + 1),
		"does not compress": noise(8 << 20), // longer than the limit as it comes, too
		"compresses well":   make([]byte, 64<<20),
	} {
		complete := packed(t, data)
		cut := complete[:len(complete)-5]
		damaged := bytes.Clone(complete)
		damaged[len(damaged)-len(damaged)/3] ^= 1
		for what, tt := range map[string]struct {
			object []byte
			want   errs.Code
		}{"complete": {complete, errs.TooLarge}, "cut off": {cut, errs.Snapshot}, "damaged": {damaged, errs.Snapshot}} {
			t.Run(name+"/"+what, func(t *testing.T) {
				url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(tt.object) }))
				var out bytes.Buffer
				_, err := transfer(t, time.Minute).Fetch(t.Context(), url, idOf(data), most, &out)
				if errs.CodeOf(err) != tt.want || out.Len() > most {
					t.Errorf("got %v, want %s; %d bytes were written", err, tt.want, out.Len())
				}
				if tt.want == errs.TooLarge && !strings.Contains(err.Error(), fmt.Sprintf("has %d bytes, and the database may have %d (limits.database_bytes", len(data), most)) {
					t.Errorf("it says %v", err)
				}
			})
		}
	}
}

// A database beyond the bound for verification is restored when its limit
// permits that. Larger content is not read without end.
func TestUnpackVeryLarge(t *testing.T) {
	for most, want := range map[int64]error{2 * maxContent: nil, 1 << 20: errTooLong} {
		src := &source{r: bytes.NewReader(packed(t, content(5000))), made: maxContent - 1}
		if got, err := unpack(io.Discard, src, most); !errors.Is(err, want) || err == nil && got.bytes != maxContent+4999 {
			t.Errorf("at most %d: %+v, %v", most, got, err)
		}
	}
}

// noise does not compress.
func noise(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(b) // it cannot fail
	return b
}

// hugeWindow wants more memory than it is given.
func hugeWindow(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithWindowSize(128<<20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func cutOff(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b[:len(b)/2])
		panic(http.ErrAbortHandler)
	}
}

// endless is a frame that holds nothing, again and again.
func endless(t *testing.T) http.HandlerFunc {
	t.Helper()
	skipped := append([]byte{0x50, 0x2a, 0x4d, 0x18, 0x00, 0x10, 0, 0}, make([]byte, 4096)...)
	return func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(skipped); err != nil {
				return
			}
		}
	}
}

func stops(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(b[:len(b)/2])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

// A transfer to a store that does not read stops, the error of a refusing store
// is quoted, and a canceled caller ends the transfer.
func TestSendToBrokenStores(t *testing.T) {
	s, _ := store(t, time.Hour)
	handle, p, err := s.Pack(t.Context(), fileOf(t, content(32<<20)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	type handler func(w http.ResponseWriter, r *http.Request, over <-chan struct{})
	deaf := func(_ http.ResponseWriter, _ *http.Request, over <-chan struct{}) { <-over }
	for name, tt := range map[string]struct {
		store handler
		ctx   context.Context
		want  errs.Code
		says  string
	}{
		"denied": {func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(403)
			_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Key>secret</Key></Error>")
		}, t.Context(), errs.ObjectStore, "403 AccessDenied"},
		"failing": {func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(500)
		}, t.Context(), errs.ObjectStore, "(500)"},
		"deaf": {deaf, t.Context(), errs.ObjectStore, "no progress"},
		"given up": {func(w http.ResponseWriter, r *http.Request, over <-chan struct{}) {
			cancel()
			deaf(w, r, over)
		}, ctx, errs.Canceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			stall := 300 * time.Millisecond
			if name != "deaf" {
				stall = time.Minute
			}
			over := make(chan struct{})
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tt.store(w, r, over) }))
			defer close(over)
			_, err := transfer(t, stall).Send(tt.ctx, s, handle, []Part{{url + "/x?signature=secret", p.Size}})
			if errs.CodeOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// N8: no file stays on the disk when packing fails, or when the requester does
// not return.
func TestNothingStaysN8(t *testing.T) {
	s, dir := store(t, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Pack(ctx, fileOf(t, content(1<<20))); !errs.Is(err, errs.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if _, _, err := s.Pack(t.Context(), shrinking(t)); !errs.Is(err, errs.Engine) {
		t.Errorf("a file that changes: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	brief, dir := store(t, time.Millisecond)
	if _, _, err := brief.Pack(t.Context(), fileOf(t, content(100))); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(20 * time.Second)
	for {
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			break
		}
		select {
		case <-deadline:
			t.Fatal("what nobody came for is still there")
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := brief.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := brief.Pack(t.Context(), fileOf(t, content(100))); !errs.Is(err, errs.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
}

// shrinking is a file whose end is not where it says.
func shrinking(t *testing.T) *os.File {
	t.Helper()
	f := fileOf(t, content(1<<20))
	if _, err := f.Seek(1000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f
}
