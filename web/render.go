package web

import (
	"bytes"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// render writes a page. It is made whole before anything is sent, so that a
// browser gets a page or an error.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, data); err != nil {
		p.deps.Log.Error("page not rendered", "err", err, "page", name)
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page.Bytes()) // a browser that has gone is the only reason to fail
	}
}

// errorPage is what the error page shows.
type errorPage struct {
	Title, Heading, Message string
	// LogIn offers to begin the log-in anew.
	LogIn bool
	// Code is the OAuth code, for authors of applications.
	Code httpapi.OAuthCode
	// RequestID names the entry in the log.
	RequestID string
}

// renderError is the one place where an error becomes a page. The title is the
// contract's, or empty for one that is not in it.
func (p *Pages) renderError(w http.ResponseWriter, r *http.Request, title string, err error) {
	if r.Context().Err() != nil {
		return
	}
	status, _ := httpapi.FromError(err)
	public := errs.Public(err)
	page := errorPage{Title: title, Heading: title, Message: public.Message, LogIn: title == titleLogIn || title == titleConfirmation}
	if title == "" {
		page.Title, page.Heading = "Error", "That did not work"
	}
	if title == titleAuthorization {
		page.Code = httpapi.OAuthCodeOf(err)
		if status < http.StatusInternalServerError && status != http.StatusTooManyRequests {
			status = http.StatusBadRequest
		}
	}
	if s, ok := errors.AsType[*statusError](err); ok {
		status = s.status
	}
	if status >= http.StatusInternalServerError {
		page.RequestID = rand.Text()[:12]
		level := slog.LevelWarn
		if errs.Is(err, errs.Internal) {
			level = slog.LevelError
		}
		p.deps.Log.Log(r.Context(), level, "page failed", "err", err, "req", page.RequestID, "status", status)
	}
	if wait := public.Attrs["retry_after"]; wait != "" {
		w.Header().Set("Retry-After", wait)
	}
	p.render(w, r, status, "error", page)
}

// statusError gives an error a status that is a matter of HTTP alone.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func (p *Pages) notFound(w http.ResponseWriter, r *http.Request) {
	p.renderError(w, r, "", errs.E(errs.NotFound, "There is no such page."))
}

// methodNotAllowed is for pages, all of which can be looked at; some take forms.
func (p *Pages) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allowed := "GET, HEAD"
	if p.mux.Match(chi.NewRouteContext(), http.MethodPost, r.URL.Path) {
		allowed += ", POST"
	}
	w.Header().Set("Allow", allowed)
	p.renderError(w, r, "", &statusError{http.StatusMethodNotAllowed, errs.E(errs.Invalid, "This page does not take such requests.")})
}

// redirect sends the browser on. The address has been checked or made by us.
func redirect(w http.ResponseWriter, status int, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}

// maxFormBytes limits a form.
const maxFormBytes = 64 << 10

// readForm reads a form. Each field may be there once.
func readForm(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, &statusError{http.StatusUnsupportedMediaType, errs.E(errs.Unsupported, "Only forms are taken here")}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, errs.E(errs.TooLarge, "The form is larger than the %d bytes that are allowed", maxFormBytes)
		}
		return nil, errs.Wrap(errs.Invalid, err, "The form is broken or incomplete")
	}
	return singleValues(r.PostForm)
}

// singleValues refuses parameters that are given twice: two readers might take
// different ones.
func singleValues(values map[string][]string) (map[string]string, error) {
	out := make(map[string]string, len(values))
	for name, v := range values {
		if len(v) != 1 {
			return nil, errs.E(errs.Invalid, "A parameter is given more than once")
		}
		out[name] = v[0]
	}
	return out, nil
}
