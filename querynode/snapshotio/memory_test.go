package snapshotio

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// P11: neither the copy nor the object is held in memory, in either direction,
// and the connection is reused.
func TestSmallMemoryP11(t *testing.T) {
	const size, times = 96 << 20, 2
	object := filepath.Join(t.TempDir(), "object")
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.ServeFile(w, r, object)
			return
		}
		f, err := os.Create(object)
		if err == nil {
			_, err = io.Copy(f, r.Body)
			_ = f.Close() // the next reader finds out
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	file := fileOf(t, noise(size))
	s, _ := store(t, time.Hour)
	x := transfer(t, time.Minute)
	runtime.GC() // what made the file goes
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		handle, p, err := s.Pack(t.Context(), file)
		if err != nil || p.Bytes != size {
			t.Fatalf("%+v, %v", p, err)
		}
		if _, err := x.Send(t.Context(), s, handle, []Part{{server.URL, p.Size}}); err != nil {
			t.Fatal(err)
		}
		if n, err := x.Fetch(t.Context(), server.URL, p.ID, size, io.Discard); err != nil || n != size {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if err := s.Release(handle); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	// The sum of all allocations, including those of the server in this process.
	if got := int64(after.TotalAlloc - before.TotalAlloc); got > size {
		t.Errorf("%d MiB were allocated for %d times %d MiB", got>>20, times, size>>20)
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections", opened.Load())
	}
}
