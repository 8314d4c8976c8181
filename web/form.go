package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
)

// maxFormBytes limits the body of a form.
const maxFormBytes = 64 << 10

// readForm reads the fields of a form. The error is Unsupported for another
// content type, TooLarge, or Invalid.
func readForm(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	contentType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(contentType), "application/x-www-form-urlencoded") {
		return nil, &statusError{http.StatusUnsupportedMediaType,
			errs.E(errs.Unsupported, "The content type must be application/x-www-form-urlencoded")}
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

// singleValues refuses parameters that are given twice, because two programs
// that read the same request might use different ones.
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
