package tree

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page of places names files and functions that exist. In a row, a function
// belongs to the directory or file named before it.
func TestPlaces(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "where.md"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([^`]+)`")
	isPath := regexp.MustCompile(`/|\.(go|c|md|toml|json)$`)
	named := 0
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		place := ""
		for _, m := range name.FindAllStringSubmatch(line, -1) {
			switch {
			case isPath.MatchString(m[1]) || m[1] == "querynode" || m[1] == "web":
				place = m[1]
				if _, err := os.Stat(filepath.Join(root, place)); err != nil {
					t.Errorf("where.md: %v", err)
				}
			case place != "" && m[1] != "TestGoldenMessages" && m[1] != "launch":
				named++
				if !declares(t, place, m[1]) {
					t.Errorf("where.md: %s has no %s", place, m[1])
				}
			}
		}
	}
	if named < 60 {
		t.Fatalf("where.md names %d functions", named)
	}
}

// declares reports whether a directory or file has a function, or in C a word.
func declares(t *testing.T, place, name string) bool {
	t.Helper()
	switch filepath.Ext(place) {
	case "":
		return functions(t, place)[name]
	case ".go":
		if functionsIn(t, filepath.Join(root, place))[name] {
			return true
		}
	}
	text, err := os.ReadFile(filepath.Join(root, place))
	return err == nil && regexp.MustCompile(`(?m)^(const |void |int |static \w+ )`+regexp.QuoteMeta(name)+`\b`).Match(text)
}
