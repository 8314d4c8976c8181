package web

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// The titles of error pages. Test suites look for them.
const (
	titleLogIn         = "Login error"
	titleConfirmation  = "Confirmation error"
	titleAuthorization = "Authorization Error"
)

// errorView is the data of the error page.
type errorView struct {
	Title, Heading, Message string
	// LogIn shows a link to the log-in page.
	LogIn bool
	// Code is the OAuth code, for authors of applications.
	Code httpapi.OAuthCode
	// RequestID names the entry in the log; empty when there is no entry.
	RequestID string
}

// renderError shows an error as a page. The title is one of the constants, or
// empty for a general one. Errors of the server are logged with their causes;
// the page shows the public message only.
func (p *Pages) renderError(w http.ResponseWriter, r *http.Request, title string, err error) {
	if r.Context().Err() != nil { // the browser is gone
		return
	}
	public := errs.Public(err)
	status := errorStatus(title, err)
	view := errorView{Title: title, Heading: title, Message: public.Message, LogIn: title == titleLogIn || title == titleConfirmation}
	if title == "" {
		view.Title, view.Heading = "Error", "That did not work"
	}
	if title == titleAuthorization {
		view.Code = httpapi.OAuthCodeOf(err)
	}
	if status >= http.StatusInternalServerError {
		view.RequestID = rand.Text()[:12]
		level := slog.LevelWarn
		if errs.Is(err, errs.Internal) {
			level = slog.LevelError
		}
		p.deps.Log.Log(r.Context(), level, "could not answer a page", "err", err, "req", view.RequestID, "status", status)
	}
	httpapi.SetRetryAfter(w.Header(), err)
	p.render(w, r, status, "error", view)
}

// errorStatus returns the HTTP status of an error. OAuth errors are 400, except
// for failures of the server and for too many requests.
func errorStatus(title string, err error) int {
	if s, ok := errors.AsType[*statusError](err); ok {
		return s.status
	}
	status, _ := httpapi.FromError(err)
	if title == titleAuthorization && status < http.StatusInternalServerError && status != http.StatusTooManyRequests {
		return http.StatusBadRequest
	}
	return status
}

// statusError is an error with an HTTP status that has no code of its own.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func (p *Pages) notFound(w http.ResponseWriter, r *http.Request) {
	p.renderError(w, r, "", errs.E(errs.NotFound, "There is no such page."))
}

// methodNotAllowed answers 405. All pages answer GET and HEAD, and some POST.
func (p *Pages) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allowed := "GET, HEAD"
	if p.mux.Match(chi.NewRouteContext(), http.MethodPost, r.URL.Path) {
		allowed += ", POST"
	}
	w.Header().Set("Allow", allowed)
	p.renderError(w, r, "", &statusError{http.StatusMethodNotAllowed, errs.E(errs.Invalid, "This page does not accept the method %s", r.Method)})
}
