package page

import (
	"crypto/rand"
	"log/slog"
	"net/http"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// The titles of error pages. Test suites look for them.
const (
	TitleRegistration  = "Registration error"
	TitleLogIn         = "Login error"
	TitleConfirmation  = "Confirmation error"
	TitleAuthorization = "Authorization Error"
)

// errorView is the data of the error page.
type errorView struct {
	Frame

	Heading, Message string
	// Hint says what to do; empty for nothing.
	Hint string
	// LogIn is the address of the log-in page, or empty when it would not help.
	LogIn string
	// Code is the OAuth code, for authors of applications.
	Code httpapi.OAuthCode
	// RequestID names the entry in the log; empty when there is no entry.
	RequestID string
}

// Problem is a failure as a page shows it beside the form that failed.
type Problem struct {
	// Status is the status of the answer.
	Status  int
	Message string
	// RequestID names the entry in the log; empty when there is no entry.
	RequestID string
}

// Problem returns what a page shows of an error. Failures of the server are logged
// with their causes.
func (s *Site) Problem(r *http.Request, err error) Problem {
	status, _ := httpapi.FromError(err)
	p := Problem{Status: status, Message: errs.Public(err).Message}
	if status >= http.StatusInternalServerError {
		p.RequestID = rand.Text()[:12]
		level := slog.LevelWarn
		if errs.Is(err, errs.Internal) {
			level = slog.LevelError
		}
		s.deps.Log.Log(r.Context(), level, "could not answer a page", "err", err, "req", p.RequestID, "status", status)
	}
	return p
}

// Error shows an error as a page. The title is one of the constants, or empty for a
// general one. Errors of the server are logged with their causes; the page shows the
// public message only.
func (s *Site) Error(w http.ResponseWriter, r *http.Request, title string, err error) {
	if r.Context().Err() != nil { // the browser is gone
		return
	}
	problem := s.Problem(r, err)
	view := errorView{Frame: NewFrame(r, title), Heading: title, Message: problem.Message, RequestID: problem.RequestID}
	if title == TitleLogIn || title == TitleConfirmation {
		view.LogIn = "/log_in"
		if title == TitleConfirmation && problem.Status == http.StatusBadRequest {
			view.Hint = "A mailed link works once and for a limited time. Log in to get another one."
		}
	} else if title == "" && !ViewerOf(r).SignedIn() {
		view.LogIn = logInFor(r)
	}
	switch {
	case title != "":
	case problem.Status == http.StatusNotFound:
		view.Title, view.Heading = "Not found", "There is nothing here"
	default:
		view.Title, view.Heading = "Error", "That did not work"
	}
	if title == TitleAuthorization {
		view.Code = httpapi.OAuthCodeOf(err)
		if problem.Status < http.StatusInternalServerError && problem.Status != http.StatusTooManyRequests {
			problem.Status = http.StatusBadRequest // as OAuth wants it
		}
	}
	httpapi.SetRetryAfter(w.Header(), err)
	s.frame.Render(w, r, problem.Status, "error", view)
}
