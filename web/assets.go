package web

import (
	"embed"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

//go:embed assets/page.css assets/page.js
var assetFiles embed.FS

// asset serves a file of the directory assets. Browsers and proxies may cache
// it for five minutes, because it is the same for all users.
func (p *Pages) asset(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "name")
	content, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		p.notFound(w, r)
		return
	}
	contentType := "text/css; charset=utf-8"
	if strings.HasSuffix(name, ".js") {
		contentType = "text/javascript; charset=utf-8"
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(content) // it fails only when the browser is gone
}
