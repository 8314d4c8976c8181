package api

import (
	"crypto/rand"
	"log/slog"
	"net/http"

	"github.com/ayb-go/ayb/controlplane/front/body"
	"github.com/ayb-go/ayb/controlplane/front/stream"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// clientGone reports whether the client of a failed request has gone away.
func clientGone(r *http.Request, err error) bool {
	return r.Context().Err() != nil && !body.Stopped(err)
}

// writeError is the only place where an error becomes an answer, apart from OAuth.
// It logs failures of the server once, and the answer names the log entry instead
// of the cause.
func (a *API) writeError(w http.ResponseWriter, r *http.Request, err error) {
	if clientGone(r, err) {
		panic(http.ErrAbortHandler) // or net/http answers 200 to a client that closed only its half
	}
	status, answer := a.failure(r, err)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	httpapi.SetRetryAfter(w.Header(), err)
	writeLate(w, status, answer) // a statement may have run for longer than the usual deadline
}

// failure returns the status and the body of an error. It logs a failure of the
// server.
func (a *API) failure(r *http.Request, err error) (status int, body httpapi.ErrorBody) {
	status, body = httpapi.FromError(err)
	if status >= http.StatusInternalServerError {
		id := a.logFailure(r, status, err)
		if body.Extra == nil {
			body.Extra = map[string]string{}
		}
		body.Extra["request_id"] = id
	}
	return status, body
}

// logFailure logs a failure of the server and returns the id of the log entry. A
// defect is an error; a part that is unavailable or full is a warning.
func (a *API) logFailure(r *http.Request, status int, err error) (id string) {
	id = rand.Text()[:12]
	level := slog.LevelWarn
	if errs.CodeOf(err) == errs.Internal {
		level = slog.LevelError
	}
	a.deps.Log.Log(r.Context(), level, "request failed", "err", err, "req", id, "method", httpapi.Printable(r.Method), "status", status)
	return id
}

// writeLate writes a small answer after any time: it extends the write deadline.
func writeLate(w http.ResponseWriter, status int, body any) {
	stream.ExtendDeadline(w)
	writeJSON(w, status, body)
}

// writeJSON writes a small answer.
func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := httpapi.Marshal(body)
	if err != nil { // bodies consist of texts, which always encode
		panic(err)
	}
	w.Header()["Content-Type"] = stream.JSON
	w.WriteHeader(status)
	_, _ = w.Write(b) // it fails only when the client has gone
}
