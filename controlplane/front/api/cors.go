package api

import (
	"net/http"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// Header values that are the same on every answer, shared between requests.
// They are only ever replaced, never changed in place.
var (
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
	varyCORS = []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
	// varyAnswer is for answers whose form the client chooses.
	varyAnswer = []string{varyCORS[0] + ", Accept, Accept-Encoding"}
	jsonType   = []string{"application/json"}
	ndjsonType = []string{httpapi.ContentTypeNDJSON}
	csvType    = []string{httpapi.ContentTypeCSV + "; charset=utf-8"}
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsMaxAge  = "7200"
)

// cors lets pages of other origins read answers. Credentials are never
// allowed: the API has no cookies.
//
// The contract echoes the origin, lists all methods, and refuses a preflight
// of a foreign origin with 400; go-chi/cors does none of the three.
type cors struct {
	any    bool
	origin string
}

func newCORS(origin string) cors { return cors{any: origin == "*", origin: origin} }

// handle adds the headers, and answers a preflight completely.
func (c cors) handle(h http.Header, w http.ResponseWriter, r *http.Request) (done bool) {
	h["Vary"] = varyCORS
	origins := r.Header["Origin"]
	if len(origins) == 0 {
		return false
	}
	allowed := len(origins) == 1 && origins[0] != "" && (c.any || origins[0] == c.origin)
	if allowed {
		h["Access-Control-Allow-Origin"] = origins
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if !allowed {
		http.Error(w, "This origin is not allowed to make requests from a browser.", http.StatusBadRequest)
		return true
	}
	h.Set("Access-Control-Allow-Methods", corsMethods)
	if requested := r.Header.Get("Access-Control-Request-Headers"); requested != "" {
		h.Set("Access-Control-Allow-Headers", requested)
	}
	h.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusOK)
	return true
}
