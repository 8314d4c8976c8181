// Package version tells what a binary was built from: version, commit and
// build tags, all taken from what the Go toolchain records. It needs no linker
// flags and never looks at the machine it runs on.
package version

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// Info is where a binary comes from.
type Info struct {
	// Version is the module's version without the leading v, such as 1.2.3;
	// dev for a build from a tree without one.
	Version string
	// Commit is the revision it was built from; empty when not recorded.
	Commit string
	// Modified tells that the tree had changes that were not committed.
	Modified bool
	// Go is the toolchain's version.
	Go string
	// Tags are the build tags, sorted.
	Tags []string
}

// prefix begins the tags that choose what SQLite can do.
const prefix = "sqlite_"

// Read gives the Info of the running binary.
func Read() Info {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return Info{Version: "dev"}
	}
	return From(b)
}

// From is Read for given build information.
func From(b *debug.BuildInfo) Info {
	i := Info{Version: strings.TrimPrefix(b.Main.Version, "v"), Go: b.GoVersion}
	if i.Version == "(devel)" {
		i.Version = ""
	}
	i.Version = cmp.Or(i.Version, "dev")
	for _, s := range b.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Commit = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		case "-tags":
			i.Tags = strings.FieldsFunc(s.Value, func(r rune) bool { return r == ',' || r == ' ' })
			slices.Sort(i.Tags)
		}
	}
	return i
}

// String is one line: version, commit, toolchain.
func (i Info) String() string {
	text := i.Version
	if i.Commit != "" {
		text += " " + i.Commit[:min(12, len(i.Commit))]
		if i.Modified {
			text += " (modified)"
		}
	}
	if i.Go != "" {
		text += fmt.Sprintf(" (%s)", i.Go)
	}
	return text
}

// Features are the parts of SQLite that were built in, without their prefix.
func (i Info) Features() []string {
	var names []string
	for _, t := range i.Tags {
		if name, ok := strings.CutPrefix(t, prefix); ok {
			names = append(names, name)
		}
	}
	return names
}

// Warning says in one sentence that full-text search was not built in and how
// to get it; empty when it is there.
func (i Info) Warning() string {
	if slices.Contains(i.Tags, prefix+"fts5") || slices.Contains(i.Tags, "fts5") {
		return ""
	}
	return "built without full-text search (FTS5): build with the tags the README names, or with make build"
}
