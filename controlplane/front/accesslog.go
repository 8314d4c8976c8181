package front

import (
	"net/http"
	"strings"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// statusWriter records the status of an answer for the access log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// logAccess returns the function that logs a request at its end. The log contains
// only paths of the API, because the path of a page may hold a log-in token. It
// never contains headers, queries or bodies.
func (f *Front) logAccess(w *statusWriter, r *http.Request) func() {
	start, path := time.Now(), r.URL.Path
	if path != "/health" && !strings.HasPrefix(path, "/v1/") {
		path = "other"
	}
	return func() {
		f.deps.Log.Debug("request", "method", httpapi.Printable(r.Method), "path", path, "status", w.status, "took", time.Since(start))
	}
}
