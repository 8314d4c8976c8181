package httpapi

import (
	"net/http"
	"strings"
)

// params are the parameters of a call, by header name. Empty ones are omitted.
type params [][2]string

// encode puts the parameters into headers. If one of them has characters that are not
// allowed in headers, it puts all of them into a JSON body instead of body.
func (p params) encode(body []byte) (http.Header, []byte, error) {
	headers, twins, plain := http.Header{}, map[string]string{}, true
	for _, kv := range p {
		name, value := kv[0], kv[1]
		if value == "" {
			continue
		}
		plain = plain && visibleASCII(value)
		headers.Set(name, value)
		twins[strings.ReplaceAll(name, "-", "_")] = value
	}
	if plain {
		return headers, body, nil
	}
	body, err := Marshal(twins)
	return http.Header{"Content-Type": {ContentType}}, body, err
}

// visibleASCII reports whether a text is allowed in a header.
func visibleASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Printable makes a text of a client safe to show: at most 40 characters, with ?
// in place of each one that is not visible ASCII.
func Printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 40)]
}
