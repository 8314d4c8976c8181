package stream

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// The remarks of an export are a header of a short answer, and a trailer of a stream.
// They are never part of the data.
func TestRemarks(t *testing.T) {
	want := []string{"The column «naïve»: 😀 \"quoted\"", "Another"}
	packed, err := daemonapi.PackRemarks(want)
	if err != nil {
		t.Fatal(err)
	}
	remarks, large := string(packed), strings.Repeat("1\r\n", holdBytes)
	for name, tt := range map[string]struct {
		answer  []string
		body    string
		told    []string
		trailer bool
	}{
		"only":   {[]string{remarks}, "", want, false},
		"short":  {[]string{"a\r\n", remarks}, "a\r\n", want, false},
		"long":   {[]string{large, "2", remarks}, large + "2", want, true},
		"joined": {[]string{"a\r\n", "b" + remarks}, "a\r\nb", want, false},
		"cut":    {[]string{large, "2" + remarks[:1], remarks[1:10], remarks[10:]}, large + "2", want, true},
		"NUL":    {[]string{"a\x00", large, "\x00[]b", "c"}, "a\x00" + large + "\x00[]bc", nil, false},
		"none":   {[]string{"a", "b"}, "ab", nil, false},
		"no end": {[]string{remarks, "b"}, remarks + "b", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := copyAnswer(w, r, &chunks{list: tt.answer}, Options{ContentType: CSV, Remarks: true}, time.Hour); err != nil {
					t.Error(err)
				}
			}))
			defer s.Close()
			resp, err := s.Client().Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != tt.body {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			if _, is := resp.Trailer[httpapi.RemarksHeader]; is != tt.trailer {
				t.Errorf("trailer %v", resp.Trailer)
			}
			if got := httpapi.Remarks(resp); !slices.Equal(got, tt.told) {
				t.Errorf("told %q", got)
			}
		})
	}
}
