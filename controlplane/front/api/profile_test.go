package api

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/errs"
)

// Only the keys of a body are changed.
func TestProfileUpdateBody(t *testing.T) {
	set := func(s string) meta.Change[*string] { return meta.Change[*string]{Set: true, To: &s} }
	links := func(urls ...string) meta.Change[[]meta.Link] {
		c := meta.Change[[]meta.Link]{Set: true, To: []meta.Link{}}
		for _, u := range urls {
			c.To = append(c.To, meta.Link{URL: u})
		}
		return c
	}
	for _, tt := range []struct {
		body string
		want meta.ProfileUpdate
	}{
		{"", meta.ProfileUpdate{}},
		{"{}", meta.ProfileUpdate{}},
		{`{"slug":"x","entity_type":1}`, meta.ProfileUpdate{}},
		{`{"display_name":"A","description":"","organization":null}`, meta.ProfileUpdate{
			DisplayName: set("A"), Description: set(""), Organization: meta.Change[*string]{Set: true}}},
		{`{"location":"Malmö"}`, meta.ProfileUpdate{Location: set("Malmö")}},
		{`{"links":"[{\"url\":\"http://ayb.host/,http://ayb2.host\"}]"}`, meta.ProfileUpdate{Links: links("http://ayb.host/,http://ayb2.host")}},
		{`{"links":[{"url":"http://a/","verified":true},{"url":"http://b/"}]}`, meta.ProfileUpdate{Links: links("http://a/", "http://b/")}},
		{`{"links":"[]"}`, meta.ProfileUpdate{Links: links()}},
		{`{"links":null}`, meta.ProfileUpdate{Links: links()}},
		{`{"links":"null"}`, meta.ProfileUpdate{Links: links()}},
	} {
		got, err := profileUpdate([]byte(tt.body))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v", tt.body, got, err)
		}
	}
	for body, message := range map[string]string{
		`null`:                             "The body must be a JSON object",
		`[]`:                               "The body must be a JSON object",
		`{"display_name":`:                 "The body must be a JSON object",
		`{"display_name":5}`:               "`display_name` must be a text or null",
		`{"location":{}}`:                  "`location` must be a text or null",
		`{"links":"https://a.example/"}`:   "`links` must be null or a list",
		`{"links":["https://a.example/"]}`: "`links` must be null or a list",
		`{"links":[{"u":1}]}`:              "`links` must be null or a list",
		`{"links":""}`:                     "`links` must be null or a list",
		`{"links":5}`:                      "`links` must be null or a list",
	} {
		if _, err := profileUpdate([]byte(body)); !errs.Is(err, errs.Invalid) || !strings.HasPrefix(errs.Public(err).Message, message) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
