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

// maxParamBytes limits a body that carries nothing but parameters.
const maxParamBytes = 1 << 20

// maxOpenBytes limits one from somebody who has shown no credentials.
const maxOpenBytes = 64 << 10

// params are the parameters of a call, which may come as headers or as the
// members of a JSON body whose names have underscores for hyphens (A5).
type params struct {
	header http.Header
	body   map[string]json.RawMessage
	// ignored: there was a body, and it was taken for none.
	ignored bool
}

// readParams reads the body of a call with parameters. A body that is neither
// declared nor recognisable as a JSON object is ignored, except that of a
// PATCH, which is always JSON.
func (s *Server) readParams(w http.ResponseWriter, r *http.Request, actor authz.Actor) (params, error) {
	p := params{header: r.Header}
	most := min(s.cfg.RequestBytes, maxParamBytes)
	if actor.Anonymous() {
		most = min(most, maxOpenBytes)
	}
	raw, release, err := s.bodyOf(w, r, actor, most)
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

// startsObject reports whether a text is a JSON object, by its first character.
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

// required gives a parameter that must be there.
func (p params) required(name string) (string, error) {
	v, ok, err := p.get(name)
	switch {
	case err != nil || ok:
	case p.ignored:
		err = errs.E(errs.Invalid, "Missing required `%s` header; the body was not read because it is no JSON object: send one with `%s`, and with `Content-Type: application/json`",
			name, strings.ReplaceAll(name, "-", "_"))
	default:
		err = errs.E(errs.Invalid, "Missing required `%s` header", name)
	}
	return v, err
}

// get gives a parameter by the name of its header. Header and body may both
// have it when they agree.
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

// fromBody takes null for absent, as JSON writers of other languages do.
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
