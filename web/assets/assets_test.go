package assets_test

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/web/assets"
)

func TestAssets(t *testing.T) {
	a, err := assets.New()
	if err != nil {
		t.Fatal(err)
	}
	url := a.URL(assets.StyleSheet)
	for _, c := range []struct {
		path, accept  string
		status        int
		packed        bool
		cache, inBody string
	}{
		{url, "", 200, false, "immutable", "body {"},
		{url, "br, gzip;q=0.5", 200, true, "immutable", "body {"},
		{url, "gzip;q=0", 200, false, "immutable", "body {"},
		{"/assets/style.css", "", 200, false, "max-age=300", "body {"},
		{"/assets/style.other.css", "", 404, false, "", ""},
		{"/assets/../assets.go", "", 404, false, "", ""},
		{"/assets/", "", 404, false, "", ""},
	} {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		req.URL.Path = c.path
		req.Header.Set("Accept-Encoding", c.accept)
		rec := httptest.NewRecorder()
		a.ServeHTTP(rec, req)
		var body io.Reader = rec.Body
		if packed := rec.Header().Get("Content-Encoding") == "gzip"; packed != c.packed {
			t.Errorf("%s for %q: packed %v", c.path, c.accept, packed)
		} else if packed {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if err != nil || rec.Code != c.status || !strings.Contains(string(text), c.inBody) || !strings.Contains(rec.Header().Get("Cache-Control"), c.cache) {
			t.Errorf("%s for %q: %d %v %v", c.path, c.accept, rec.Code, rec.Header(), err)
		}
	}
	if a.URL("nothing.js") != "" {
		t.Error("a file that is not there has an address")
	}
}
