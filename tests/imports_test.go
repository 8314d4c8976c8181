package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ayb-go/ayb"

// listed is the output of go list for a package.
type listed struct {
	ImportPath    string
	Imports, Deps []string
}

func TestImportMap(t *testing.T) {
	for _, fault := range violations(importRules, listPackages(t)) {
		t.Error(fault)
	}
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// violations compares packages with the rules and returns one sentence for each
// forbidden import.
func violations(rules []rule, packages []listed) []string {
	var found []string
	for _, p := range packages {
		name := ours(p.ImportPath)
		i := slices.IndexFunc(rules, func(r rule) bool { return matches(r.pkg, name) })
		if i < 0 {
			found = append(found, fmt.Sprintf("%s is not in the map of packages (tests/imports_rules_test.go)", name))
			continue
		}
		r := rules[i]
		for _, imp := range p.Imports {
			if isOurs(imp) && !matchesAny(r.may, ours(imp)) {
				found = append(found, fmt.Sprintf("%s may not import %s", name, ours(imp)))
			}
		}
		for _, dep := range p.Deps {
			if reaches(r.never, dep) {
				found = append(found, fmt.Sprintf("%s must never reach %s, not even through others", name, dep))
			}
		}
	}
	return found
}

func isOurs(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// ours returns the path of a package within the module.
func ours(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

func matches(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == tree || strings.HasPrefix(name, tree+"/")
	}
	return pattern == name
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// reaches reports whether a dependency is forbidden. Packages of the module
// match by pattern, those of the standard library by their exact path, others by
// the beginning.
func reaches(never []string, dep string) bool {
	if isOurs(dep) {
		return matchesAny(never, ours(dep))
	}
	return slices.ContainsFunc(never, func(n string) bool {
		return dep == n || strings.Contains(n, ".") && strings.HasPrefix(dep, n+"/")
	})
}

// The check finds each kind of violation.
func TestImportMapFindsViolations(t *testing.T) {
	rules := []rule{
		{pkg: "a", may: []string{"b", "c/..."}, never: []string{"d", "github.com/nats-io", "net"}},
		{pkg: "c/...", may: []string{"..."}},
	}
	for _, c := range []struct {
		pkg  listed
		want string
	}{
		{listed{ImportPath: module + "/a", Imports: []string{"fmt", module + "/b", module + "/c/x"}, Deps: []string{"net/http"}}, ""},
		{listed{ImportPath: module + "/c/deep", Imports: []string{module + "/a"}}, ""},
		{listed{ImportPath: module + "/a", Imports: []string{module + "/e"}}, "a may not import e"},
		{listed{ImportPath: module + "/a", Deps: []string{module + "/d"}}, "a must never reach"},
		{listed{ImportPath: module + "/a", Deps: []string{"net"}}, "a must never reach net"},
		{listed{ImportPath: module + "/a", Deps: []string{"github.com/nats-io/nats.go"}}, "a must never reach github.com/nats-io/nats.go"},
		{listed{ImportPath: module + "/new"}, "new is not in the map"},
	} {
		got := violations(rules, []listed{c.pkg})
		if (c.want == "") != (len(got) == 0) || len(got) > 1 || len(got) == 1 && !strings.HasPrefix(got[0], c.want) {
			t.Errorf("%+v: %q, want %q", c.pkg, got, c.want)
		}
	}
}

// A package has one rule, so that the first match is the only one.
func TestImportRulesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range importRules {
		if seen[r.pkg] {
			t.Errorf("%s has two rules", r.pkg)
		}
		seen[r.pkg] = true
	}
}

// A package for tests is not part of a program.
func TestProgramsContainNoTestPackages(t *testing.T) {
	for _, p := range listPackages(t) {
		name := ours(p.ImportPath)
		if name != "" && !strings.Contains(name, "/cmd/") {
			continue
		}
		for _, dep := range p.Deps {
			if dep == "testing" || isOurs(dep) && strings.HasSuffix(dep, "test") {
				t.Errorf("%s contains %s", p.ImportPath, dep)
			}
		}
	}
}

// Files can be read in one go.
func TestFilesStaySmall(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "bin" || d.Name() == ".git" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := bytes.Count(text, []byte("\n")); n > 500 {
			t.Errorf("%s has %d lines; split it", path, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
