package web

import (
	"bytes"
	"net/http"
)

// render writes a page. The template is executed into memory first, so that the
// browser gets either the complete page or an error.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, data); err != nil {
		p.deps.Log.Error("could not render a page", "err", err, "page", name)
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page.Bytes()) // it fails only when the browser is gone
	}
}

// redirect sends the browser to another address, which the caller has checked.
func redirect(w http.ResponseWriter, status int, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}
