package api

import (
	"net/http"
	"strings"
	"time"
)

// statusWriter remembers the status of an answer. It is used only while
// access is logged.
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

// logAccess gives the function that logs a request when it is done. Only
// paths of the API are shown, for those of other pages may hold log-in tokens
// (S18); headers, queries and bodies never are.
func (s *Server) logAccess(w *statusWriter, r *http.Request) func() {
	begun, path := time.Now(), r.URL.Path
	if path != "/health" && !strings.HasPrefix(path, "/v1/") {
		path = "other"
	}
	return func() {
		s.deps.Log.Debug("request", "method", printable(r.Method), "path", path, "status", w.status, "took", time.Since(begun))
	}
}
