package client_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

func TestSharingCommands(t *testing.T) {
	list := httpapi.Permissions{Permissions: httpapi.List[httpapi.Permission]{
		{EntitySlug: "e2e-second", SharingLevel: "manager"}, {EntitySlug: "e2e-third", SharingLevel: "read-only"}}}
	tests := []struct {
		args    string
		status  int
		answer  any
		request string
		headers []string
		stdout  string
	}{
		{"update_database E/d --public_sharing_level read-only", 200, "{}", "PATCH /v1/E/d/update", []string{"public-sharing-level=read-only"},
			"Database E/d updated successfully\n"},
		// C2: both spellings.
		{"update_database --public-sharing-level=no-access e/d", 200, "{}", "PATCH /v1/e/d/update", []string{"public-sharing-level=no-access"},
			"Database e/d updated successfully\n"},
		{"share E/d Bob manager", 204, "", "POST /v1/E/d/share", []string{"entity-for-permission=Bob", "sharing-level=manager"},
			"Permissions for Bob on E/d updated successfully\n"},
		{"share e/d bob no-access", 204, "", "POST /v1/e/d/share", []string{"entity-for-permission=bob", "sharing-level=no-access"},
			"Permissions for bob on e/d updated successfully\n"},
		{"list_database_permissions E/d", 200, list, "GET /v1/E/d/permissions", nil,
			" Entity     | Sharing level \n------------+---------------\n e2e-second | manager \n e2e-third  | read-only \n"},
		{"list_database_permissions E/d --format csv", 200, list, "GET /v1/E/d/permissions", nil,
			"Entity,Sharing level\ne2e-second,manager\ne2e-third,read-only\n"},
		{"list_database_permissions E/d --format json", 200, list, "GET /v1/E/d/permissions", nil,
			`[{"entity_slug":"e2e-second","sharing_level":"manager"},{"entity_slug":"e2e-third","sharing_level":"read-only"}]` + "\n"},
		{"list_database_permissions E/d", 200, httpapi.Permissions{}, "GET /v1/E/d/permissions", nil, "No shared permissions for E/d\n"},
	}
	var headers []string
	s := newServer(t, nil)
	u := atServer(t, s)
	for _, tt := range tests {
		s.set(func(r *http.Request, _ string) (int, any) {
			headers = nil
			for _, h := range []string{httpapi.HeaderPublicSharingLevel, httpapi.HeaderEntityForPermission, httpapi.HeaderSharingLevel} {
				if v := r.Header.Get(h); v != "" {
					headers = append(headers, h+"="+v)
				}
			}
			return tt.status, tt.answer
		})
		u.want(tt.stdout, "", 0, strings.Fields(tt.args)...)
		if got := s.seen(); !strings.HasPrefix(got, tt.request+" ") || !slices.Equal(headers, tt.headers) {
			t.Errorf("%s:\n sent %s with %q\nnot   %s with %q", tt.args, got, headers, tt.request, tt.headers)
		}
	}
	for _, args := range []string{"share e/d bob manager", "list_database_permissions e/d", "update_database e/d --public_sharing_level fork"} {
		s.set(fails(errs.E(errs.Forbidden, "Authenticated entity bob can't do it")))
		u.want("", "Error: Authenticated entity bob can't do it\n", 1, strings.Fields(args)...)
	}
}

func TestSharingUsage(t *testing.T) {
	s := newServer(t, nil)
	u := atServer(t, s)
	for args, want := range map[string]string{
		"update_database e/d":                                "the following required arguments were not provided: --public_sharing_level LEVEL",
		"update_database --public_sharing_level fork":        "the following required arguments were not provided: ENTITY/DATABASE",
		"update_database e/d --public_sharing_level manager": "possible values: no-access, fork, read-only",
		"update_database d --public_sharing_level fork":      "Argument must be formatted as 'entity/database'",
		"share e/d bob":             "the following required arguments were not provided: LEVEL",
		"share e/d bob fork":        "invalid value 'fork' for LEVEL; possible values: no-access, read-only, read-write, manager",
		"list_database_permissions": "the following required arguments were not provided: ENTITY/DATABASE",
	} {
		_, stderr, code := u.run(strings.Fields(args)...)
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s", args, code, stderr)
		}
	}
}
