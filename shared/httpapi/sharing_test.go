package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestSharingOnTheWire(t *testing.T) {
	var got string
	answer, status := "", 0
	c := serve(t, "ayb_s_l", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h := r.Header
		got = fmt.Sprintf("%s %s %q %q %q %s", r.Method, r.RequestURI, h["Public-Sharing-Level"], h["Entity-For-Permission"], h["Sharing-Level"], body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
	var list []httpapi.Permission
	tests := []struct {
		name   string
		call   func() error
		status int
		answer string
		want   string
	}{
		{"update", func() error {
			return c.UpdateDatabase(t.Context(), "alice", "d", httpapi.UpdateDatabaseRequest{PublicSharingLevel: "fork"})
		}, 200, "{}", `PATCH /v1/alice/d/update ["fork"] [] [] `},
		{"share", func() error {
			return c.Share(t.Context(), "alice", "d", httpapi.ShareRequest{EntityForPermission: "bob", SharingLevel: "manager"})
		}, 204, "", `POST /v1/alice/d/share [] ["bob"] ["manager"] `},
		{"share with a name no header can carry", func() error {
			return c.Share(t.Context(), "alice", "d", httpapi.ShareRequest{EntityForPermission: "bøb", SharingLevel: "manager"})
		}, 204, "", `POST /v1/alice/d/share [] [] [] {"entity_for_permission":"bøb","sharing_level":"manager"}`},
		{"permissions", func() (err error) {
			list, err = c.Permissions(t.Context(), "a/b", "d")
			return err
		}, 200, `{"permissions":[{"entity_slug":"bob","sharing_level":"manager"}]}`, `GET /v1/a%2Fb/d/permissions [] [] [] `},
	}
	for _, tt := range tests {
		status, answer = tt.status, tt.answer
		if err := tt.call(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got != tt.want {
			t.Errorf("%s:\n sent %s\nnot   %s", tt.name, got, tt.want)
		}
	}
	if want := []httpapi.Permission{{EntitySlug: "bob", SharingLevel: "manager"}}; !slices.Equal(list, want) {
		t.Errorf("got %v", list)
	}
	status = 200 // share has exactly one good answer
	if err := c.Share(t.Context(), "alice", "d", httpapi.ShareRequest{EntityForPermission: "bob", SharingLevel: "manager"}); err == nil {
		t.Error("an unexpected status passes for success")
	}
	if err := newClient(t, "http://127.0.0.1:1", "").UpdateDatabase(t.Context(), "a", "b", httpapi.UpdateDatabaseRequest{}); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("without a token: %v", err)
	}
}
