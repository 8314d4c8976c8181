package api

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/front/api/openapi"
)

type operation struct {
	ID         string                `json:"operationId"`
	Tags       []string              `json:"tags"`
	Summary    string                `json:"summary"`
	Security   []map[string][]string `json:"security"`
	Parameters []parameter           `json:"parameters"`
	Responses  map[string]any        `json:"responses"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string `json:"name"`
	In          string `json:"in"`
	Required    bool   `json:"required"`
	Description string `json:"description"`
	Schema      any    `json:"schema"`
}

type description struct {
	OpenAPI string `json:"openapi"`
	Tags    []struct{ Name string }
	Paths   map[string]map[string]operation `json:"paths"`

	Components struct {
		Parameters map[string]parameter `json:"parameters"`
	} `json:"components"`
}

func described(t *testing.T) description {
	t.Helper()
	var d description
	if err := json.Unmarshal(openapi.Document(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The document describes exactly the existing routes, with their authentication.
func TestDocumentHasAllRoutes(t *testing.T) {
	d := described(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("version %s", d.OpenAPI)
	}
	want := map[string]authMode{}
	for _, r := range routes() {
		want[r.method+" "+r.pattern] = r.auth
	}
	ids := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			name := strings.ToUpper(method) + " " + path
			auth, ok := want[name]
			if !ok {
				t.Errorf("%s is described and is no route", name)
				continue
			}
			delete(want, name)
			if ids[op.ID] || op.ID == "" || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s: its id %q is not its own, or something is missing", name, op.ID)
			}
			ids[op.ID] = true
			if !slices.ContainsFunc(d.Tags, func(tag struct{ Name string }) bool { return tag.Name == op.Tags[0] }) {
				t.Errorf("%s: tag %s is not described", name, op.Tags[0])
			}
			if got := fmt.Sprint(op.Security); got != map[authMode]string{open: "[]", bearer: "[map[bearer:[]]]", optional: "[map[] map[bearer:[]]]"}[auth] {
				t.Errorf("%s: security %s", name, got)
			}
			if _, failed := op.Responses["5XX"]; auth != open && (!failed || op.Responses["4XX"] == nil) {
				t.Errorf("%s does not say how it fails", name)
			}
			pathParameters(t, d, name, path, op)
		}
	}
	for name := range want {
		t.Errorf("%s is a route and not described", name)
	}
}

// pathParameters compares the parameters of an operation with its path.
func pathParameters(t *testing.T, d description, name, path string, op operation) {
	t.Helper()
	var got, want []string
	for _, p := range op.Parameters {
		if ref, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p = d.Components.Parameters[ref]
		}
		if p.Name == "" || p.Description == "" || p.Schema == nil || p.Required != (p.In == "path") {
			t.Errorf("%s: parameter %+v", name, p)
		}
		if p.In == "path" {
			got = append(got, p.Name)
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(segment, "{") {
			want = append(want, strings.Trim(segment, "{}"))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: parameters %v are described, %v are in the path", name, got, want)
	}
}

// Every reference has a target, and every component is used.
func TestReferences(t *testing.T) {
	var root any
	if err := json.Unmarshal(openapi.Document(), &root); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				used[ref] = true
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(root)
	components, _ := root.(map[string]any)["components"].(map[string]any)
	for kind, entries := range components {
		for name := range entries.(map[string]any) {
			ref := "#/components/" + kind + "/" + name
			if !used[ref] && kind != "securitySchemes" {
				t.Errorf("%s is not used", ref)
			}
			delete(used, ref)
		}
	}
	for ref := range used {
		t.Errorf("%s leads nowhere", ref)
	}
}

func TestServeDocument(t *testing.T) {
	a := &API{}
	get := func(header, value string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest("GET", "/v1/openapi.json", nil), httptest.NewRecorder()
		if header != "" {
			r.Header.Set(header, value)
		}
		if err := a.openAPI(w, r, authz.Actor{}); err != nil {
			t.Fatal(err)
		}
		return w
	}
	got := get("", "")
	tag := got.Header().Get("ETag")
	if got.Code != 200 || !json.Valid(got.Body.Bytes()) || got.Header().Get("Content-Type") != "application/json" || len(tag) < 10 ||
		!strings.Contains(got.Header().Get("Cache-Control"), "public") {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	for _, held := range []string{tag, `"other", ` + tag, strings.TrimPrefix(tag, "W/")} {
		if got := get("If-None-Match", held); got.Code != http.StatusNotModified || got.Body.Len() != 0 || got.Header().Get("ETag") != tag {
			t.Errorf("%s: %d", held, got.Code)
		}
	}
	if got := get("If-None-Match", `"other"`); got.Code != 200 {
		t.Errorf("%d", got.Code)
	}
	packed := get("Accept-Encoding", "gzip")
	z, err := gzip.NewReader(packed.Body)
	if err != nil || packed.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal(packed.Header(), err)
	}
	if text, err := io.ReadAll(z); err != nil || string(text) != string(openapi.Document()) {
		t.Errorf("decompressed it is %d bytes, %v", len(text), err)
	}
}
