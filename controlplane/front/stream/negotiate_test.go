package stream

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/daemonapi"
)

func TestFormat(t *testing.T) {
	const document = daemonapi.Format(255) // the JSON that belongs to the request
	for accept, want := range map[string]daemonapi.Format{
		"": document, "*/*": document, ",": document, "application/json": document, "Application/JSON; charset=utf-8": document,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": document, // a browser
		"application/*":        document,
		"application/x-ndjson": daemonapi.FormatNDJSON, "application/ndjson": daemonapi.FormatNDJSON, "application/jsonl": daemonapi.FormatNDJSON,
		"text/csv": daemonapi.FormatCSV, "text/*": daemonapi.FormatCSV, "text/csv; header=present": daemonapi.FormatCSV,
		"text/csv, */*":                            daemonapi.FormatCSV, // named before covered
		"*/*, text/csv":                            daemonapi.FormatCSV,
		"text/csv, application/json":               daemonapi.FormatCSV, // the first of equals
		"application/json, text/csv":               document,
		"text/csv;q=0.5, application/json;q=0.4":   daemonapi.FormatCSV,
		"text/csv;q=0.5, application/json":         document,
		"text/csv;q=0.001, image/png":              daemonapi.FormatCSV,
		"application/json;q=0, */*":                daemonapi.FormatNDJSON,
		"application/json;q=0.1, */*;q=0.2":        daemonapi.FormatNDJSON,
		"application/json;q=0, text/csv":           daemonapi.FormatCSV,
		"application/jsonl;q=0.9, text/csv;q=0.8":  daemonapi.FormatNDJSON,
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
		for form, json := range map[daemonapi.Form]daemonapi.Format{daemonapi.FormSQL: daemonapi.FormatCompat, daemonapi.FormJSON: daemonapi.FormatJSON} {
			r := httptest.NewRequest("POST", "/", nil)
			if accept != "" {
				r.Header.Set("Accept", accept)
			}
			want := want
			if want == document {
				want = json
			}
			got, err := Format(r, form)
			if got != want || (err == nil) != (want != 0) {
				t.Errorf("%q for form %d: %d, %v; want %d", accept, form, got, err, want)
			}
		}
	}
	// Several headers are one list.
	r := httptest.NewRequest("POST", "/", nil)
	r.Header["Accept"] = []string{"image/png", "text/csv"}
	if got, err := Format(r, daemonapi.FormSQL); got != daemonapi.FormatCSV || err != nil {
		t.Error(got, err)
	}
}

func TestCoding(t *testing.T) {
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
		if got := Coding(r); got != want {
			t.Errorf("%.40q: %q, want %q", accept, got, want)
		}
	}
}
