package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// urlValues are the parameters in the URL of a request. Each has one value,
// except null.
type urlValues map[string]string

// urlParams reads the parameters and refuses unknown names, so that a misspelled
// parameter is not ignored.
func urlParams(r *http.Request, names ...string) (urlValues, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The parameters in the URL can't be read")
	}
	out := urlValues{}
	for name, all := range values {
		switch {
		case !slices.Contains(names, name):
			return nil, errs.E(errs.Invalid, "There is no parameter %s here; the parameters are %s", httpapi.Printable(name), strings.Join(names, ", "))
		case len(all) > 1 && name != "null": // several words may stand for NULL
			return nil, errs.E(errs.Invalid, "The parameter %s is given more than once", name)
		}
		out[name] = all[0]
	}
	return out, nil
}

func (p urlValues) or(name, otherwise string) string {
	if v, ok := p[name]; ok {
		return v
	}
	return otherwise
}

// number reads a parameter that is a number from 1 to most; most is the default.
func (p urlValues) number(name string, most int) (n int, given bool, err error) {
	text, given := p[name]
	if !given {
		return most, false, nil
	}
	n, err = strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, true, errs.E(errs.Invalid, "The parameter %s must be a number from 1 to %d", name, most)
	}
	return n, true, nil
}

// yesNo reads a parameter that is yes or no, and returns "yes", "no" or "".
func (p urlValues) yesNo(name string) (string, error) {
	switch v := p[name]; v {
	case "yes", "true", "1":
		return "yes", nil
	case "no", "false", "0":
		return "no", nil
	case "":
		return "", nil
	default:
		return "", errs.E(errs.Invalid, "The parameter %s can be yes or no", name)
	}
}
