// Package prose finds ways of writing in comments, messages and documents that
// make a reader stop: words of a private vocabulary, sentences without a subject,
// numbers of documents that are not in the repository.
package prose

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Finding is a text to write in another way.
type Finding struct {
	File    string
	Line    int
	Rule    string
	Text    string
	Instead string
}

// String returns the finding in the form file:line: rule.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %q; write %s", f.File, f.Line, f.Rule, f.Text, f.Instead)
}

// text is a piece of prose: a paragraph of a comment or a document, or a message.
type text struct {
	line    int
	words   string
	comment bool // stands in the comment on a declaration or a statement
	test    bool // stands in a test, which may name a pitfall
}

// Check returns the findings in all files below a directory of a tree.
func Check(root, dir string) ([]Finding, error) {
	var found []Finding
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "bin", "testdata", "node_modules":
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		texts, err := textsOf(path, rel)
		if err != nil {
			return fmt.Errorf("%s: %w", rel, err)
		}
		for _, t := range texts {
			found = append(found, check(rel, t)...)
		}
		return nil
	})
	return found, err
}

// textsOf returns the prose of a file; none for a file that holds no prose.
func textsOf(file, rel string) ([]text, error) {
	read := map[string]func(rel, source string) ([]text, error){".go": goTexts, ".c": cTexts, ".h": cTexts, ".sql": sqlTexts, ".md": documentTexts}[filepath.Ext(file)]
	if read == nil || strings.HasPrefix(rel, "tests/prose/") || strings.Contains(rel, "/migrations/000") && !strings.Contains(rel, "/migrations/0007") {
		return nil, nil // old migrations are history
	}
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return read(rel, string(source))
}

// goTexts returns the comments of a source, and its messages: strings of several
// words outside tests.
func goTexts(rel, source string) ([]text, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, rel, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	test := strings.HasSuffix(rel, "_test.go") || strings.HasPrefix(rel, "tests/") || strings.HasSuffix(path.Dir(rel), "test")
	var all []text
	for _, g := range f.Comments {
		all = append(all, paragraphs(g.Text(), set.Position(g.Pos()).Line, text{comment: true, test: test})...)
	}
	if test {
		return all, nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && strings.Contains(s, " ") {
				all = append(all, paragraphs(s, set.Position(l.Pos()).Line, text{})...)
			}
		}
		return true
	})
	return all, nil
}

var cComment = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)

// cTexts returns the comments of a source in C.
func cTexts(_, source string) ([]text, error) {
	var all []text
	for _, at := range cComment.FindAllStringIndex(source, -1) {
		words := strings.NewReplacer("/*", "", "*/", "", "//", "", "\n *", "\n").Replace(source[at[0]:at[1]])
		all = append(all, paragraphs(words, 1+strings.Count(source[:at[0]], "\n"), text{comment: true})...)
	}
	return all, nil
}

// sqlTexts returns the comments of SQL.
func sqlTexts(_, source string) ([]text, error) {
	var all []text
	for i, l := range strings.Split(source, "\n") {
		if _, words, found := strings.Cut(l, "--"); found {
			all = append(all, text{line: i + 1, words: strings.TrimSpace(words), comment: true})
		}
	}
	return all, nil
}

// documentTexts returns the paragraphs of Markdown without headings and code.
func documentTexts(rel, source string) ([]text, error) {
	code := false
	lines := strings.Split(source, "\n")
	for i, l := range lines {
		switch {
		case strings.HasPrefix(strings.TrimSpace(l), "```"):
			code = !code
			fallthrough
		case code, strings.HasPrefix(l, "#"):
			lines[i] = ""
		}
	}
	return paragraphs(strings.Join(lines, "\n"), 1, text{test: rel == "docs/pitfalls.md"}), nil
}

// paragraphs cuts a text at its empty lines. The rest of each is that of t.
func paragraphs(s string, line int, t text) []text {
	var all []text
	at := 0
	for _, part := range strings.SplitAfter(s, "\n\n") {
		lead := part[:len(part)-len(strings.TrimLeft(part, " \n"))]
		t.line = line + strings.Count(s[:at], "\n") + strings.Count(lead, "\n")
		t.words = strings.Join(strings.Fields(part), " ")
		at += len(part)
		if t.words != "" {
			all = append(all, t)
		}
	}
	return all
}

// check returns what a text should not say.
func check(file string, t text) []Finding {
	var found []Finding
	add := func(rule, what, instead string) {
		found = append(found, Finding{File: file, Line: t.line, Rule: rule, Text: what, Instead: instead})
	}
	for _, r := range rules() {
		for _, at := range r.pattern.FindAllStringIndex(t.words, -1) {
			add(r.name, around(t.words, at), r.instead)
		}
	}
	if t.comment && opening.MatchString(t.words) {
		add("gives, tells", around(t.words, []int{0, 0}), `"returns", "reports whether"`)
	}
	if !t.test {
		for _, at := range pitfall.FindAllStringIndex(t.words, -1) {
			if t.words[at[0]:at[1]] != "S3" {
				add("number of a pitfall outside tests", around(t.words, at), "the reason, in words")
			}
		}
	}
	return found
}

// around returns a match with some of its neighbours.
func around(s string, at []int) string {
	from, to := max(at[0]-30, 0), min(max(at[1], at[0])+30, len(s))
	if at[1]-at[0] > 80 {
		to = at[0] + 80
	}
	return strings.ToValidUTF8(s[from:to], "")
}
