package controlplane_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkWarmQuery measures what the control plane adds to a query, without
// a connection and a node.
func BenchmarkWarmQuery(b *testing.B) {
	w := newWorld(b)
	w.quiet.Store(true)
	auth := w.account("alice")
	w.mustCreate(auth, "alice/db")
	handler := w.cp.Handler()
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest(http.MethodPost, "/v1/alice/db/query", strings.NewReader("SELECT 1"))
		req.Header.Set("Authorization", auth)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code, rec.Body)
		}
	}
}
