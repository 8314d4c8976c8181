// Package version describes the build of a binary: version, commit and build
// tags, as the Go toolchain records them. It needs no linker flags and reads
// nothing from the machine.
package version

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// Info describes the build of a binary.
type Info struct {
	// Version is the module's version without the leading v, such as 1.2.3;
	// dev for a build from a tree without one.
	Version string
	// Commit is the revision; empty when it was not recorded.
	Commit string
	// Modified means that the tree had uncommitted changes.
	Modified bool
	// Go is the toolchain's version.
	Go string
	// Tags are the build tags, sorted.
	Tags []string
}

// prefix begins the build tags that select features of SQLite.
const prefix = "sqlite_"

// Read returns the Info of the running binary.
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

// String returns version, commit and toolchain in one line.
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

// Features returns the build tags of SQLite without their prefix.
func (i Info) Features() []string {
	var names []string
	for _, t := range i.Tags {
		if name, ok := strings.CutPrefix(t, prefix); ok {
			names = append(names, name)
		}
	}
	return names
}

// Warning returns a sentence for a build without full-text search, or an empty
// text.
func (i Info) Warning() string {
	if slices.Contains(i.Tags, prefix+"fts5") || slices.Contains(i.Tags, "fts5") {
		return ""
	}
	return "built without full-text search (FTS5): build with the tags the README names, or with make build"
}
