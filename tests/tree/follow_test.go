package tree

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The pages that follow a request through the tree name functions that exist.
func TestFollowedFunctions(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| \\d+ \\| `([^`]+)` \\| `([^`]+)` \\|")
	for _, page := range []string{"follow-a-query.md", "follow-a-snapshot.md"} {
		text, err := os.ReadFile(filepath.Join(root, "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		rows := row.FindAllStringSubmatch(string(text), -1)
		if len(rows) < 10 {
			t.Fatalf("%s has %d rows", page, len(rows))
		}
		for _, m := range rows {
			if !functions(t, m[1])[m[2]] {
				t.Errorf("%s: %s has no function %s", page, m[1], m[2])
			}
		}
	}
}

// functions returns the functions of a package, methods as Type.Method.
func functions(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			maps.Copy(all, functionsIn(t, file))
		}
	}
	return all
}

// functionsIn returns the functions of a file, methods as Type.Method.
func functionsIn(t *testing.T, file string) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			all[receiver(fn)+fn.Name.Name] = true
		}
	}
	return all
}

// receiver returns the type of a method with a point, or nothing for a function.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	typ := fn.Recv.List[0].Type
	if p, ok := typ.(*ast.StarExpr); ok {
		typ = p.X
	}
	if i, ok := typ.(*ast.IndexExpr); ok {
		typ = i.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}
