package httpd

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/query"
)

func TestAnswerFormat(t *testing.T) {
	const document = query.Format(255) // the JSON that belongs to the request
	for accept, want := range map[string]query.Format{
		"": document, "*/*": document, ",": document, "application/json": document, "Application/JSON; charset=utf-8": document,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": document, // a browser
		"application/*":        document,
		"application/x-ndjson": query.FormatNDJSON, "application/ndjson": query.FormatNDJSON, "application/jsonl": query.FormatNDJSON,
		"text/csv": query.FormatCSV, "text/*": query.FormatCSV, "text/csv; header=present": query.FormatCSV,
		"text/csv, */*":                            query.FormatCSV, // named before covered
		"*/*, text/csv":                            query.FormatCSV,
		"text/csv, application/json":               query.FormatCSV, // the first of equals
		"application/json, text/csv":               document,
		"text/csv;q=0.5, application/json;q=0.4":   query.FormatCSV,
		"text/csv;q=0.5, application/json":         document,
		"text/csv;q=0.001, image/png":              query.FormatCSV,
		"application/json;q=0, */*":                query.FormatNDJSON,
		"application/json;q=0.1, */*;q=0.2":        query.FormatNDJSON,
		"application/json;q=0, text/csv":           query.FormatCSV,
		"application/jsonl;q=0.9, text/csv;q=0.8":  query.FormatNDJSON,
		"text/csv;q=x, application/json":           document, // what cannot be read is left out
		"text/csv;q=2, application/json":           document,
		"text/csv;Q=0.5, application/json;q=0.9":   document,
		"text/html":                                0,
		"text/plain, image/*":                      0,
		"application/json;q=0":                     0,
		"*/*;q=0":                                  0,
		"text/csv;q=0.0000, application/json;q=0.": 0,
		"application/jsonx":                        0,
	} {
		for form, json := range map[query.Form]query.Format{query.FormSQL: query.FormatCompat, query.FormJSON: query.FormatJSON} {
			r := httptest.NewRequest("POST", "/", nil)
			if accept != "" {
				r.Header.Set("Accept", accept)
			}
			want := want
			if want == document {
				want = json
			}
			got, err := answerFormat(r, form)
			if got != want || (err == nil) != (want != 0) {
				t.Errorf("%q for form %d: %d, %v; want %d", accept, form, got, err, want)
			}
		}
	}
	// Several headers are one list.
	r := httptest.NewRequest("POST", "/", nil)
	r.Header["Accept"] = []string{"image/png", "text/csv"}
	if got, err := answerFormat(r, query.FormSQL); got != query.FormatCSV || err != nil {
		t.Error(got, err)
	}
}

func TestAnswerCoding(t *testing.T) {
	for accept, want := range map[string]string{
		"": "", "gzip": "gzip", "x-gzip": "gzip", "GZIP": "gzip", "zstd": "zstd", "br": "", "*": "", "identity": "",
		"gzip, deflate, br, zstd": "zstd", "zstd, gzip": "zstd", "deflate, gzip;q=1.0, *;q=0.5": "gzip",
		"gzip;q=0.8, zstd;q=0.5": "gzip", "gzip;q=0": "", "gzip;q=0, zstd;q=0.1": "zstd",
		"identity, gzip;q=0.5": "", "gzip, identity": "gzip", "identity;q=0.5, gzip;q=0.5": "gzip", "identity;q=0, gzip": "gzip",
		"gzip;q=nonsense": "", strings.Repeat("gzip,", 10000): "gzip",
	} {
		r := httptest.NewRequest("POST", "/", nil)
		if accept != "" {
			r.Header.Set("Accept-Encoding", accept)
		}
		if got := answerCoding(r); got != want {
			t.Errorf("%.40q: %q, want %q", accept, got, want)
		}
	}
}
