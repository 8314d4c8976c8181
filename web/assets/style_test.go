package assets_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	cssClass  = regexp.MustCompile(`\.([a-zA-Z][\w-]*)`)
	cssRule   = regexp.MustCompile(`(?s)/\*.*?\*/|"[^"]*"|\{[^{}]*\}`)
	className = regexp.MustCompile(`[a-zA-Z][\w-]*`)
	action    = regexp.MustCompile(`\{\{[^}]*\}\}|\$\{[^}]*\}`)
)

// Every class of the style sheet is used in a page or script. A class that nothing uses
// is left over.
func TestEveryClassIsUsed(t *testing.T) {
	var source strings.Builder
	for _, kind := range []string{".html", ".ts", ".go"} {
		for _, content := range filesBelow(t, "..", kind) {
			source.WriteString(content)
		}
	}
	used := className.FindAllString(source.String(), -1)
	for _, class := range definedClasses(t) {
		if !slices.Contains(used, class) {
			t.Errorf("no page uses the class %s", class)
		}
	}
}

// Every class of a template is in the style sheet, unless a script or a test finds an
// element by it.
func TestEveryClassHasARule(t *testing.T) {
	var finders strings.Builder
	for _, files := range []map[string]string{filesBelow(t, "../ui", ".ts"), filesBelow(t, "../../tests", ".go")} {
		for _, content := range files {
			finders.WriteString(content)
		}
	}
	marks := className.FindAllString(finders.String(), -1)
	defined := definedClasses(t)
	for name, content := range filesBelow(t, "..", ".html") {
		for _, match := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(content, -1) {
			for _, class := range className.FindAllString(action.ReplaceAllString(match[1], " "), -1) {
				if !slices.Contains(defined, class) && !slices.Contains(marks, class) {
					t.Errorf("%s uses the class %s, which has no rule", name, class)
				}
			}
		}
	}
}

// definedClasses returns the classes that the style sheet has rules for.
func definedClasses(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, content := range filesBelow(t, "css", ".css") {
		for cssRule.MatchString(content) { // nested blocks go from the inside
			content = cssRule.ReplaceAllString(content, " ")
		}
		for _, match := range cssClass.FindAllStringSubmatch(content, -1) {
			all = append(all, match[1])
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(class string) bool {
		return strings.HasPrefix(class, "cm-") || strings.HasPrefix(class, "u-") || class == "uplot"
	})
}

// filesBelow returns the files with this ending, without those of packages.
func filesBelow(t *testing.T, dir, ending string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "dist") {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || filepath.Ext(path) != ending {
			return err
		}
		content, err := os.ReadFile(path)
		out[path] = string(content)
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("%d files %s below %s, %v", len(out), ending, dir, err)
	}
	return out
}
