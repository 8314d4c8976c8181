package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// statusError gives an error a status that is a matter of HTTP alone.
type statusError struct {
	status int
	err    error
}

func withStatus(status int, err error) error { return &statusError{status, err} }

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// toldError is one of a request whose body the server has stopped to read:
// net/http then takes a client for gone that is still there.
type toldError struct{ error }

func (e *toldError) Unwrap() error { return e.error }

// gone tells whether nobody waits for an answer any more.
func gone(r *http.Request, err error) bool {
	_, told := errors.AsType[*toldError](err)
	return r.Context().Err() != nil && !told
}

// writeError is the one place where an error becomes an answer. Nobody is
// answered who has gone. Failures of ours are logged here, once, and the
// answer names the log entry instead of the cause (S20).
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	if gone(r, err) {
		panic(http.ErrAbortHandler) // else net/http would say 200 to one who only closed its half
	}
	status, body := s.failure(r, err)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	setRetryAfter(w, err)
	// A statement may have run for longer than an answer is usually given.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(stallTime))
	writeJSON(w, status, body)
}

// failure gives the status and the body of an error, after logging it if it is
// one of ours.
func (s *Server) failure(r *http.Request, err error) (status int, body httpapi.ErrorBody) {
	status, body = httpapi.FromError(err)
	if e, ok := errors.AsType[*statusError](err); ok {
		status = e.status
	}
	if status >= http.StatusInternalServerError {
		id := s.logFailure(r, status, err)
		if body.Extra == nil {
			body.Extra = map[string]string{}
		}
		body.Extra["request_id"] = id
	}
	return status, body
}

// logFailure logs an error of ours: a defect as an error, a part that is away
// or full as a warning.
func (s *Server) logFailure(r *http.Request, status int, err error) (id string) {
	id = rand.Text()[:12]
	level := slog.LevelWarn
	if errs.CodeOf(err) == errs.Internal {
		level = slog.LevelError
	}
	s.deps.Log.Log(r.Context(), level, "request failed", "err", err, "req", id, "method", printable(r.Method), "status", status)
	return id
}

// recovered turns a panic of a handler into a logged failure. If the answer
// has begun the connection is given up, which is all that can be said then.
func (s *Server) recovered(w http.ResponseWriter) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	s.deps.Log.Error("request handler panicked", "err", v, "stack", string(debug.Stack()))
	if len(w.Header()["Content-Type"]) > 0 {
		panic(http.ErrAbortHandler)
	}
	status, body := httpapi.FromError(fmt.Errorf("panic: %v", v))
	writeJSON(w, status, body)
}

// writeJSON writes an answer that fits in memory.
func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := httpapi.Marshal(body)
	if err != nil { // bodies are structs of texts: they always encode
		panic(err)
	}
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	// A client that has gone is the only reason to fail.
	_, _ = w.Write(b)
}
