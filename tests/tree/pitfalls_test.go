package tree

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// number is that of a pitfall in a comment or at the end of a test's name. Other
// words of that form are in notPitfalls.
var number = regexp.MustCompile(`(?:\b|[a-z])([SQPNACUOJ][1-9]\d?)\b`)

// notPitfalls are a protocol, a quantile and the like.
var notPitfalls = []string{"P50", "P99"}

// Each number of a pitfall that a test names is in docs/pitfalls.md, and each that
// is there as guarded is named by a test.
func TestPitfalls(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/pitfalls.md")
	if err != nil {
		t.Fatal(err)
	}
	guarded, _, found := strings.Cut(string(text), "\n## Without a test")
	if !found {
		t.Fatal("docs/pitfalls.md has no section of pitfalls without a test")
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \|`).FindAllStringSubmatch(guarded, -1) {
		listed[m[1]] = true
	}
	named := map[string]string{}
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"bin", ".git", "node_modules"}, d.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, "_test.go") && filepath.Ext(file) != ".txtar" && !strings.HasSuffix(filepath.Dir(file), "test") || strings.HasSuffix(file, "pitfalls_test.go") {
			return nil
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(source)) {
			for _, n := range numbersOf(line) {
				named[n] = file
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n, file := range named {
		if !listed[n] {
			t.Errorf("%s names %s, which docs/pitfalls.md does not list", file, n)
		}
	}
	for n := range listed {
		if named[n] == "" {
			t.Errorf("no test names %s", n)
		}
	}
}

// numbersOf returns the pitfalls that a line of a test names: in a comment, in the
// name of a test, or at the beginning of a text that describes a case.
func numbersOf(line string) []string {
	_, comment, _ := strings.Cut(line, "//")
	if c, found := strings.CutPrefix(strings.TrimSpace(line), "#"); found {
		comment = c
	}
	where := comment
	for _, m := range regexp.MustCompile(`func Test\w+|"[^"]*"`).FindAllString(line, -1) {
		where += " " + m
	}
	var all []string
	for _, m := range number.FindAllStringSubmatch(where, -1) {
		if !slices.Contains(notPitfalls, m[1]) {
			all = append(all, m[1])
		}
	}
	return all
}
