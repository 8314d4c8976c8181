package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestAccountCallsOnTheWire(t *testing.T) {
	var got string
	c := serve(t, "ayb_s_l", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = fmt.Sprintf("%s %s %s %s", r.Method, r.RequestURI, r.Header.Get("Content-Type"), body)
		_, _ = io.WriteString(w, "{}")
	})
	update := httpapi.ProfileUpdate{httpapi.ProfileDisplayName: new("A"), httpapi.ProfileLocation: nil}
	if err := update.SetLinks("http://ayb.host/,http://ayb2.host", "https://a.example/?b&c"); err != nil {
		t.Fatal(err)
	}
	cleared := httpapi.ProfileUpdate{}
	if err := cleared.SetLinks(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		call func() error
		want string
	}{
		{func() error { return c.UpdateProfile(t.Context(), "al/ice", update) }, `PATCH /v1/entity/al%2Fice application/json ` +
			`{"display_name":"A","links":"[{\"url\":\"http://ayb.host/,http://ayb2.host\"},{\"url\":\"https://a.example/?b&c\"}]","location":null}`},
		{func() error { return c.UpdateProfile(t.Context(), "alice", cleared) }, `PATCH /v1/entity/alice application/json {"links":"[]"}`},
		{func() error { return c.UpdateProfile(t.Context(), "alice", nil) }, `PATCH /v1/entity/alice application/json {}`},
		{func() error { return c.DeleteAccount(t.Context(), "alice") }, `DELETE /v1/entity/alice  `},
	} {
		if err := tt.call(); err != nil || got != tt.want {
			t.Errorf("%v\n got %s\nwant %s", err, got, tt.want)
		}
	}
}
