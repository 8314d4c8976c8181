package page

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// The limits of the body of a form, in bytes: without a log-in, and with one, because
// queries and cells can be long.
const (
	maxFormBytes       = 64 << 10
	maxFormBytesViewer = 1 << 20
)

// ReadForm reads the fields of a form. The error is Unsupported for another
// content type, TooLarge, or Invalid.
func ReadForm(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	contentType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(contentType), "application/x-www-form-urlencoded") {
		return nil, httpapi.WithStatus(http.StatusUnsupportedMediaType,
			errs.E(errs.Unsupported, "The content type must be application/x-www-form-urlencoded"))
	}
	limit := int64(maxFormBytes)
	if ViewerOf(r).SignedIn() {
		limit = maxFormBytesViewer
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, errs.E(errs.TooLarge, "The form is larger than the %d bytes that are allowed", limit)
		}
		return nil, errs.Wrap(errs.Invalid, err, "The form is broken or incomplete")
	}
	return SingleValues(r.PostForm)
}

// SingleValues refuses parameters that are given twice, because two programs
// that read the same request might use different ones. A name that ends with []
// may be repeated; ReadForm leaves its values in r.PostForm.
func SingleValues(values map[string][]string) (map[string]string, error) {
	out := make(map[string]string, len(values))
	for name, v := range values {
		switch {
		case strings.HasSuffix(name, "[]"):
		case len(v) != 1:
			return nil, errs.E(errs.Invalid, "A parameter is given more than once")
		default:
			out[name] = v[0]
		}
	}
	return out, nil
}
