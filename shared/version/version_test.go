package version_test

import (
	"runtime/debug"
	"slices"
	"testing"

	"github.com/ayb-go/ayb/shared/version"
)

func TestFrom(t *testing.T) {
	i := version.From(&debug.BuildInfo{
		GoVersion: "go1.26.1",
		Main:      debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "-tags", Value: "sqlite_math_functions,sqlite_fts5,other"},
			{Key: "vcs.revision", Value: "0123456789abcdef"},
			{Key: "vcs.modified", Value: "true"},
		},
	})
	if got, want := i.String(), "1.2.3 0123456789ab (modified) (go1.26.1)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := i.Features(); !slices.Equal(got, []string{"fts5", "math_functions"}) {
		t.Errorf("features %q", got)
	}
	if w := i.Warning(); w != "" {
		t.Errorf("warning %q", w)
	}
}

func TestFromNothing(t *testing.T) {
	i := version.From(&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}})
	if i.String() != "dev" || i.Features() != nil || i.Warning() == "" {
		t.Errorf("%q %q %q", i, i.Features(), i.Warning())
	}
}

func TestRead(t *testing.T) {
	if i := version.Read(); i.Version == "" || i.Go == "" {
		t.Errorf("%+v", i)
	}
}
