package api

import (
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/front/api/openapi"
	"github.com/ayb-go/ayb/controlplane/front/stream"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// varyAnswer is the header value of answers whose format or compression the
// client chooses. It repeats the headers that CORS depends on.
var varyAnswer = []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Accept, Accept-Encoding"}

func (a *API) health(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	if err := a.deps.Health(r.Context()); err != nil {
		return err
	}
	health := httpapi.Health{Status: "ok"}
	if a.deps.DiskFull != nil && a.deps.DiskFull() {
		health.Disk = "full"
	}
	writeJSON(w, http.StatusOK, health)
	return nil
}

// openAPI serves the description of this API. It is the only answer that may be
// cached: it is the same for every client until the server is replaced.
func (a *API) openAPI(w http.ResponseWriter, r *http.Request, _ authz.Actor) error {
	tag := `W/"` + openapi.Tag() + `"` // weak, since it is the same for every compression
	h := w.Header()
	h["Vary"] = varyAnswer
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("ETag", tag)
	if strings.Contains(strings.Join(r.Header["If-None-Match"], ","), tag[len("W/"):]) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	stream.Send(w, openapi.Document(), a.options(r, stream.JSON))
	return nil
}
