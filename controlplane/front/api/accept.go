package api

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
	q    int    // thousandths; 0 is "not this"
}

// preferences reads such a header. What cannot be read is left out.
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

// better tells whether m is to be preferred: by its weight, then if it was
// named rather than covered by a wildcard, then if it was named first.
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

// matchOf finds what a header says of a media type: its most specific element
// that covers it. The zero match is nothing.
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

// answerFormat chooses the form of a query's answer. Without a wish it is the
// JSON that belongs to the form of the request.
func answerFormat(r *http.Request, form daemonapi.Form) (daemonapi.Format, error) {
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
		return 0, withStatus(http.StatusNotAcceptable,
			errs.E(errs.Unsupported, "The answer can be application/json, application/x-ndjson or text/csv, and the Accept header takes none of these"))
	}
	return format, nil
}

// contentType is the content type of a form of answer.
func contentType(f daemonapi.Format) []string {
	switch f {
	case daemonapi.FormatNDJSON:
		return ndjsonType
	case daemonapi.FormatCSV:
		return csvType
	default:
		return jsonType
	}
}

// answerCoding chooses the compression of an answer: one that the client names
// and does not like less than none, or the empty name.
func answerCoding(r *http.Request) string {
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
		// Of those that are liked the same, zstd is the cheapest, and none
		// is what the client would get without asking.
		if p.q > q || p.q == q && q > 0 && (name == codingZstd || best == "") {
			best, q = name, p.q
		}
	}
	return best
}
