package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestTransfersOnTheWire(t *testing.T) {
	var got string
	c := serve(t, "ayb_s_l", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = fmt.Sprintf("%s %s %d %q %q %s", r.Method, r.RequestURI, r.ContentLength, r.Header["Accept-Encoding"], r.Header["Content-Encoding"], body)
		_, _ = io.WriteString(w, `{"rows":2}`)
	})
	for _, tt := range []struct {
		body   string
		size   int64
		coding string
		want   string
	}{
		{"abc", 3, "", `POST /v1/a/b/import?format=csv&null=%22+%26 3 ["identity"] [] abc`},
		{"abc", -1, "gzip", `POST /v1/a/b/import?format=csv&null=%22+%26 -1 ["identity"] ["gzip"] abc`},
		{"", 0, "", `POST /v1/a/b/import?format=csv&null=%22+%26 0 ["identity"] [] `},
	} {
		result, err := c.Import(t.Context(), "a", "b", httpapi.ImportRequest{Body: strings.NewReader(tt.body), Size: tt.size, Coding: tt.coding,
			ImportOptions: daemonapi.ImportOptions{Format: "csv", Null: `" &`}})
		if err != nil || result.Rows != 2 || got != tt.want {
			t.Errorf("%v, %+v, sent %s, not %s", err, result, got, tt.want)
		}
	}
	var out strings.Builder
	if err := c.Export(t.Context(), "a", "b", httpapi.ExportRequest{}, &out); err != nil || out.String() != `{"rows":2}` || got != `GET /v1/a/b/export 0 ["identity"] [] ` {
		t.Errorf("%v, %s, sent %s", err, out.String(), got)
	}
}

// The error of a body that cannot be read is returned unchanged.
func TestImportOfAnUnreadableBody(t *testing.T) {
	c := serve(t, "ayb_s_l", func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Error("half a body was taken for a whole one")
		}
		panic(http.ErrAbortHandler)
	})
	want := errors.New("the disk is broken")
	_, err := c.Import(t.Context(), "a", "b", httpapi.ImportRequest{Size: -1, Body: io.MultiReader(strings.NewReader("a"), iotest.ErrReader(want))})
	if !errors.Is(err, want) || err.Error() != want.Error() {
		t.Errorf("%v", err)
	}
}
