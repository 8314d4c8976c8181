package front

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// named is a handler that answers with its name.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
}

// The longest path wins, whatever the order of the mounts.
func TestMounts(t *testing.T) {
	f, err := New(Config{}, Deps{Log: slog.New(slog.DiscardHandler), Mounts: []Mount{
		{Paths: []string{"/pages/"}, Handler: named("pages")},
		{Paths: []string{"/v1", "/v1/", "/health", "/pages/feed"}, Handler: named("api")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/v1": "api", "/v1/a/b/query": "api", "/health": "api", "/pages/": "pages", "/pages/x": "pages", "/pages/feed": "api",
		"/pages/feed/x": "pages", "/healthy": "", "/v10": "", "/pages": "", "/": "",
	} {
		rec := httptest.NewRecorder()
		f.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if want != "" && rec.Body.String() != want || want == "" && (rec.Code != 404 || !strings.Contains(rec.Body.String(), `"type":"Other"`)) {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
}
