package front

import "net/http"

// Header values that all answers share. They must not be changed.
var (
	noStore  = []string{"no-store"}
	noSniff  = []string{"nosniff"}
	varyCORS = []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsMaxAge  = "7200"
)

// cors allows pages of other origins to read answers. It never allows
// credentials, because the API has no cookies.
//
// It echoes the origin, lists all methods, and refuses a preflight of another
// origin with 400. go-chi/cors does none of the three.
type cors struct {
	any    bool
	origin string
}

func newCORS(origin string) cors { return cors{any: origin == "*", origin: origin} }

// handle sets the headers, and answers a preflight. done reports whether the
// request was a preflight.
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
