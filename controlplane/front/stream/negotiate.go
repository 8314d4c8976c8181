package stream

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// preference is one element of an Accept or Accept-Encoding header.
type preference struct {
	name string // in lower case
	q    int    // thousandths; 0 excludes it
}

// preferences parses such a header. Malformed elements are left out.
func preferences(values []string) []preference {
	var list []preference
	for _, v := range values {
		for element := range strings.SplitSeq(v, ",") {
			name, params, _ := strings.Cut(element, ";")
			if q, ok := quality(params); ok && strings.TrimSpace(name) != "" {
				list = append(list, preference{strings.ToLower(strings.TrimSpace(name)), q})
			}
		}
	}
	return list
}

// quality finds the weight among the parameters of an element.
func quality(params string) (q int, ok bool) {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if name != "q" && name != "Q" {
			continue
		}
		f, err := strconv.ParseFloat(value, 64)
		return int(f * 1000), err == nil && f >= 0 && f <= 1
	}
	return 1000, true
}

// match is how well a form of answer fits a header.
type match struct{ q, specific, position int }

// better reports whether m is preferred to the other match: by its weight, then
// by how specific its element is, then by the order in the header.
func (m match) better(than match) bool {
	switch {
	case m.q != than.q:
		return m.q > than.q
	case m.specific != than.specific:
		return m.specific > than.specific
	default:
		return m.position < than.position
	}
}

// matchOf returns the match of the most specific element that covers a media
// type. The zero match means that none does.
func matchOf(accept []preference, mediaType string) match {
	var m match
	family, _, _ := strings.Cut(mediaType, "/")
	for i, p := range accept {
		specific := 0
		switch p.name {
		case mediaType:
			specific = 3
		case family + "/*":
			specific = 2
		case "*/*":
			specific = 1
		}
		if specific > m.specific {
			m = match{p.q, specific, i}
		}
	}
	return m
}

// Format chooses the format of a query's answer from the Accept header. Without
// the header it is the JSON that belongs to the form of the request. The error
// has the status 406.
func Format(r *http.Request, form daemonapi.Form) (daemonapi.Format, error) {
	document := daemonapi.FormatCompat
	if form == daemonapi.FormJSON {
		document = daemonapi.FormatJSON
	}
	values := r.Header["Accept"]
	if len(values) == 0 || len(values) == 1 && values[0] == "*/*" {
		return document, nil
	}
	accept := preferences(values)
	if len(accept) == 0 {
		return document, nil
	}
	var best match
	var format daemonapi.Format
	for _, c := range []struct {
		mediaType string
		format    daemonapi.Format
	}{
		{httpapi.ContentType, document},
		{httpapi.ContentTypeNDJSON, daemonapi.FormatNDJSON}, {"application/ndjson", daemonapi.FormatNDJSON}, {"application/jsonl", daemonapi.FormatNDJSON},
		{httpapi.ContentTypeCSV, daemonapi.FormatCSV},
	} {
		if m := matchOf(accept, c.mediaType); m.q > 0 && m.better(best) {
			best, format = m, c.format
		}
	}
	if format == 0 {
		return 0, httpapi.WithStatus(http.StatusNotAcceptable,
			errs.E(errs.Unsupported, "The answer can be application/json, application/x-ndjson or text/csv, but the Accept header allows none of these"))
	}
	return format, nil
}

// Content types as header values, shared between answers. They must not be
// changed.
var (
	JSON   = []string{httpapi.ContentType}
	NDJSON = []string{httpapi.ContentTypeNDJSON}
	CSV    = []string{httpapi.ContentTypeCSV + "; charset=utf-8"}
)

// ContentType returns the header value for a format of an answer. It must not be
// changed.
func ContentType(f daemonapi.Format) []string {
	switch f {
	case daemonapi.FormatNDJSON:
		return NDJSON
	case daemonapi.FormatCSV:
		return CSV
	default:
		return JSON
	}
}

// Coding chooses the compression of an answer from the Accept-Encoding header:
// one that the client names and prefers to no compression, or "" for none.
func Coding(r *http.Request) string {
	values := r.Header["Accept-Encoding"]
	if len(values) == 0 {
		return ""
	}
	best, q := "", 0
	for _, p := range preferences(values) {
		name := p.name
		switch name {
		case "x-gzip":
			name = codingGzip
		case codingZstd, codingGzip:
		case "identity":
			name = ""
		default:
			continue
		}
		// Among equal weights, zstd is the cheapest, and no compression is
		// what a client without the header gets.
		if p.q > q || p.q == q && q > 0 && (name == codingZstd || best == "") {
			best, q = name, p.q
		}
	}
	return best
}
