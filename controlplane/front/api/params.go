package api

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// maxParamBytes limits a body that contains only parameters.
const maxParamBytes = 1 << 20

// maxAnonymousBytes limits a body of a request without credentials.
const maxAnonymousBytes = 64 << 10

// params are the parameters of a call. Each is a header, or a member of a JSON
// body with the same name in which underscores replace hyphens.
type params struct {
	header http.Header
	body   map[string]json.RawMessage
	// ignored says that there was a body that is not a JSON object.
	ignored bool
}

// readParams reads the body of a call with parameters. It ignores a body that is
// not JSON by its content type or its first character. The body of a PATCH is
// always JSON.
func (a *API) readParams(w http.ResponseWriter, r *http.Request, actor authz.Actor) (params, error) {
	p := params{header: r.Header}
	most := min(a.deps.Bodies.RequestBytes(), maxParamBytes)
	if actor.Anonymous() {
		most = min(most, maxAnonymousBytes)
	}
	raw, release, err := a.bodyOf(w, r, actor, most)
	if err != nil {
		return params{}, err
	}
	defer release()
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || r.Method != http.MethodPatch && !isJSON(r) && raw[0] != '{' {
		p.ignored = len(raw) > 0
		return p, nil
	}
	if err := json.Unmarshal(raw, &p.body); err != nil {
		return params{}, errs.Wrap(errs.Invalid, err, "The body must be a JSON object")
	}
	return p, nil
}

// startsObject reports whether a text starts like a JSON object.
func startsObject(body []byte) bool {
	for _, c := range body {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{'
		}
	}
	return false
}

func isJSON(r *http.Request) bool {
	text := r.Header.Get("Content-Type")
	if text == "" || text == httpapi.ContentType { // most requests, at no cost
		return text != ""
	}
	t, _, err := mime.ParseMediaType(text)
	return err == nil && t == httpapi.ContentType
}

// required returns a parameter, or the error Invalid if it is missing.
func (p params) required(name string) (string, error) {
	v, ok, err := p.get(name)
	switch {
	case err != nil || ok:
	case p.ignored:
		err = errs.E(errs.Invalid, "Missing required `%s` header; the body was ignored because it is not a JSON object: send one with `%s`, and with `Content-Type: application/json`",
			name, strings.ReplaceAll(name, "-", "_"))
	default:
		err = errs.E(errs.Invalid, "Missing required `%s` header", name)
	}
	return v, err
}

// get returns a parameter by the name of its header. Header and body may both
// have it if the values are equal.
func (p params) get(name string) (value string, ok bool, err error) {
	value, inHeader, err := p.fromHeader(name)
	if err != nil {
		return "", false, err
	}
	twin := strings.ReplaceAll(name, "-", "_")
	inBody, ok, err := p.fromBody(twin)
	switch {
	case err != nil:
		return "", false, err
	case !ok:
		return value, inHeader, nil
	case inHeader && value != inBody:
		return "", false, errs.E(errs.Invalid, "The `%s` header and `%s` in the body differ", name, twin)
	}
	return inBody, true, nil
}

func (p params) fromHeader(name string) (string, bool, error) {
	values := p.header.Values(name)
	if len(values) == 0 {
		return "", false, nil
	}
	if len(values) > 1 {
		return "", false, errs.E(errs.Invalid, "The `%s` header is given more than once", name)
	}
	if strings.ContainsFunc(values[0], notVisible) {
		return "", false, errs.E(errs.Invalid, "The `%s` header may only contain visible ASCII characters", name)
	}
	return values[0], true, nil
}

// fromBody treats null as absent: JSON writers of other languages send it.
func (p params) fromBody(name string) (string, bool, error) {
	raw, ok := p.body[name]
	if !ok || string(raw) == "null" {
		return "", false, nil
	}
	var v string
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", false, errs.Wrap(errs.Invalid, err, "`%s` in the body must be a text", name)
	}
	return v, true, nil
}
