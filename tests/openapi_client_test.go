package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ayb-go/ayb/tests/harness"
)

// documented makes requests and compares each with the server's own OpenAPI
// document: status, content type and body must be described.
type documented struct {
	t       *testing.T
	w       *harness.Server
	doc     map[string]any
	schemas *jsonschema.Compiler
	// seen records which operations have succeeded and failed so far.
	seen map[string]map[bool]int
}

func newDocumented(t *testing.T, srv *harness.Server) *documented {
	t.Helper()
	d := &documented{t: t, w: srv, seen: map[string]map[bool]int{}, schemas: jsonschema.NewCompiler()}
	resp, err := http.Get(srv.URL + "/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	doc, err := jsonschema.UnmarshalJSON(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	d.doc = doc.(map[string]any)
	closed(d.doc["components"])
	closed(d.doc["paths"])
	d.schemas.DefaultDraft(jsonschema.Draft2020)
	d.schemas.AssertFormat()
	if err := d.schemas.AddResource("openapi.json", d.doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// closed makes every described object refuse unknown keys. The document lets
// clients accept new keys; the test must find undocumented ones.
func closed(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, x := range v {
			closed(x)
		}
	case []any:
		for _, x := range v {
			closed(x)
		}
	}
}

// at returns the value at a JSON pointer of the document, following references,
// and the pointer to it.
func (d *documented) at(pointer ...string) (v any, where string) {
	v = d.doc
	for _, key := range pointer {
		m, ok := v.(map[string]any)
		if !ok || m[key] == nil {
			return nil, ""
		}
		v, where = m[key], where+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		for {
			m, ok := v.(map[string]any)
			ref, isRef := m["$ref"].(string)
			if !ok || !isRef {
				break
			}
			var next []string
			for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
				next = append(next, part)
			}
			v, where = d.at(next...)
		}
	}
	return v, where
}

// call is a request. operation is the method and the path as described; values
// are those of the path's parameters, in order.
type call struct {
	operation string
	values    []string
	params    string // of the URL
	token     string
	kind      string // content type of the body
	body      string
	headers   []string
}

// do makes a request and checks the answer.
func (d *documented) do(c call) (status int, body string) {
	d.t.Helper()
	method, template, _ := strings.Cut(c.operation, " ")
	path := template
	for _, v := range c.values {
		begin, end := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		path = path[:begin] + url.PathEscape(v) + path[end+1:]
	}
	req, err := http.NewRequestWithContext(context.Background(), method, d.w.URL+path+c.params, strings.NewReader(c.body))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(c.headers); i += 2 {
		req.Header.Set(c.headers[i], c.headers[i+1])
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.kind != "" {
		req.Header.Set("Content-Type", c.kind)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.check(method, template, resp, b); err != nil {
		d.t.Errorf("%s: %d %.300s\n%v", c.operation, resp.StatusCode, b, err)
	}
	if resp.StatusCode < 300 && c.kind == "application/json" {
		if err := d.valid([]byte(c.body), "paths", template, strings.ToLower(method), "requestBody", "content", c.kind, "schema"); err != nil {
			d.t.Errorf("%s took %s\n%v", c.operation, c.body, err)
		}
	}
	if d.seen[c.operation] == nil {
		d.seen[c.operation] = map[bool]int{}
	}
	d.seen[c.operation][resp.StatusCode < 400]++
	return resp.StatusCode, string(b)
}

// check compares an answer with the description of its operation.
func (d *documented) check(method, template string, resp *http.Response, body []byte) error {
	base := []string{"paths", template, strings.ToLower(method), "responses"}
	found := false
	for _, status := range []string{fmt.Sprint(resp.StatusCode), fmt.Sprintf("%dXX", resp.StatusCode/100)} {
		if v, _ := d.at(append(slices.Clone(base), status)...); v != nil {
			base, found = append(base, status), true
			break
		}
	}
	if !found {
		return fmt.Errorf("the status is not described")
	}
	text := resp.Header.Get("Content-Type")
	if text == "" && len(body) == 0 {
		if v, _ := d.at(append(base, "content")...); v != nil {
			return fmt.Errorf("a body is described and there is none")
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(text)
	if err != nil {
		return err
	}
	base = append(base, "content", kind)
	if v, _ := d.at(base...); v == nil {
		return fmt.Errorf("the content type %s is not described", kind)
	}
	if v, _ := d.at(append(slices.Clone(base), "x-line-schema")...); v != nil {
		for line := range bytes.Lines(body) {
			if err := d.valid(line, append(slices.Clone(base), "x-line-schema")...); err != nil {
				return fmt.Errorf("line %s: %w", line, err)
			}
		}
		return nil
	}
	if kind != "application/json" {
		return nil
	}
	return d.valid(body, append(base, "schema")...)
}

// valid compares JSON with a schema of the document.
func (d *documented) valid(body []byte, pointer ...string) error {
	v, where := d.at(pointer...)
	if v == nil {
		return fmt.Errorf("%v is not described", pointer)
	}
	schema, err := d.schemas.Compile("openapi.json#" + where)
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(instance)
}

// complete fails for every operation that has not succeeded, or not failed
// although it can.
func (d *documented) complete() {
	d.t.Helper()
	paths, _ := d.doc["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for method, op := range paths[path].(map[string]any) {
			name := strings.ToUpper(method) + " " + path
			if d.seen[name][true] == 0 {
				d.t.Errorf("%s has not succeeded in this test", name)
			}
			fails := slices.ContainsFunc(slices.Collect(maps.Keys(op.(map[string]any)["responses"].(map[string]any))), func(status string) bool { return status[0] == '4' })
			if fails && d.seen[name][false] == 0 {
				d.t.Errorf("%s has not failed in this test", name)
			}
		}
	}
}

// field returns a text of a JSON object.
func field(t *testing.T, body, name string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	s, ok := v[name].(string)
	if !ok {
		t.Fatalf("%s has no %s", body, name)
	}
	return s
}
