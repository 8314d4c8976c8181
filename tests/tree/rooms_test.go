package tree

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/ayb-go/ayb/"

	mostMethods = 7  // of an interface
	mostFiles   = 25 // of a package, tests included
)

// room is a package as its sources show it.
type room struct {
	files      int
	doc        string
	interfaces map[string]*contract
}

// contract is an interface with what it embeds.
type contract struct {
	at      token.Position
	doc     string
	methods int
	embeds  []string // "path Name"
}

// rooms reads all packages of the tree, by their directory.
func rooms(t *testing.T) map[string]*room {
	t.Helper()
	all := map[string]*room{}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"bin", ".git", "node_modules", "testdata"}, d.Name()) {
			return filepath.SkipDir
		}
		if filepath.Ext(file) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(file, root+"/")))
		r := all[dir]
		if r == nil {
			r = &room{interfaces: map[string]*contract{}}
			all[dir] = r
		}
		r.files++
		if strings.HasSuffix(file, "_test.go") {
			return nil
		}
		r.doc += f.Doc.Text()
		for name, c := range contracts(set, f, dir) {
			r.interfaces[name] = c
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// contracts returns the interfaces that a file declares.
func contracts(set *token.FileSet, f *ast.File, dir string) map[string]*contract {
	imports := map[string]string{}
	for _, i := range f.Imports {
		p := strings.TrimPrefix(strings.Trim(i.Path.Value, `"`), module)
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = p
	}
	all := map[string]*contract{}
	for _, d := range f.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range decl.Specs {
			spec, ok := s.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok {
				c := contractOf(i, dir, imports)
				c.at, c.doc = set.Position(spec.Pos()), decl.Doc.Text()+spec.Doc.Text()
				all[spec.Name.Name] = c
			}
		}
	}
	return all
}

func contractOf(i *ast.InterfaceType, dir string, imports map[string]string) *contract {
	c := &contract{}
	for _, m := range i.Methods.List {
		switch e := m.Type.(type) {
		case *ast.FuncType:
			c.methods += len(m.Names)
		case *ast.Ident:
			c.embeds = append(c.embeds, dir+" "+e.Name)
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok {
				c.embeds = append(c.embeds, imports[x.Name]+" "+e.Sel.Name)
			}
		}
	}
	return c
}

// size counts the methods of an interface with those of the interfaces in it.
func size(all map[string]*room, c *contract) int {
	n := c.methods
	for _, e := range c.embeds {
		dir, name, _ := strings.Cut(e, " ")
		if r := all[dir]; r != nil && r.interfaces[name] != nil {
			n += size(all, r.interfaces[name])
		}
	}
	return n
}

// Large interfaces and large packages say why: with a sentence that holds
// "because" for an interface, "one package" for a package.
func TestLargeThingsSayWhy(t *testing.T) {
	all := rooms(t)
	for dir, r := range all {
		if r.files > mostFiles && !strings.Contains(words(r.doc), "one package") {
			t.Errorf("%s has %d files; split it, or let its package comment say why it is one package", dir, r.files)
		}
		for name, c := range r.interfaces {
			if n := size(all, c); n > mostMethods && !strings.Contains(c.doc, "because") {
				t.Errorf("%s: interface %s has %d methods; split it by noun, or say in its comment that it is so large because …", c.at, name, n)
			}
		}
	}
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// The table of directories in docs/architecture.md names the packages that exist,
// each once.
func TestTableOfDirectories(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n## Directories\n")
	if !found {
		t.Fatal("docs/architecture.md has no section Directories")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	cell := regexp.MustCompile("(?m)^\\| `([^`]*)`")
	named := map[string]int{}
	for _, m := range cell.FindAllStringSubmatch(table, -1) {
		named[strings.TrimSuffix(m[1], "/")]++
	}
	all := rooms(t)
	for dir := range all {
		if named[dir] == 0 {
			t.Errorf("%s is missing in the table of directories", dir)
		}
	}
	for dir, n := range named {
		if _, err := os.Stat(filepath.Join(root, dir)); err != nil {
			t.Errorf("the table of directories has %s, which does not exist", dir)
		}
		if n > 1 {
			t.Errorf("the table of directories has %s %d times", dir, n)
		}
	}
}

// A large interface and a large package are found.
func TestLargeThingsAreFound(t *testing.T) {
	source := "package p\ntype A interface { B; C() }\ntype B interface { D(); E() }\n"
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*room{"p": {interfaces: contracts(set, f, "p")}}
	if n := size(all, all["p"].interfaces["A"]); n != 3 {
		t.Errorf("%d methods", n)
	}
}
