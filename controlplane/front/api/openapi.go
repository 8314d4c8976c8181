package api

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/front/api/openapi"
)

// openAPI serves the description of this API. It is the one answer that may
// be kept: it is the same for everybody until the server is replaced.
func (s *Server) openAPI(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	tag := `W/"` + openapi.Tag() + `"` // weak: it is the same compressed
	h := w.Header()
	h["Vary"] = varyAnswer
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("ETag", tag)
	if strings.Contains(strings.Join(r.Header["If-None-Match"], ","), tag[len("W/"):]) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	out := output{w: w, rc: http.NewResponseController(w), delivery: delivery{contentType: jsonType, coding: answerCoding(r), pool: &s.compressors}}
	out.whole(openapi.Document())
	return nil
}
