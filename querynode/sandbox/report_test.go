package sandbox

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// S11: the text depends on the fields only.
func TestStartupText(t *testing.T) {
	full := Report{Filesystem: true, Network: true, Seccomp: true, Rlimits: true, NoNewPrivs: true, LandlockABI: 7}
	with := func(change func(*Report)) Report { r := full; change(&r); return r }
	tests := []struct {
		name    string
		report  Report
		want    []string
		without []string
	}{
		{"nothing", Report{}, []string{"filesystem:", "network:", "system calls:", "resource limits:", "privileges:"}, []string{"Still enforced"}},
		{"an ABI is no enforcement", Report{LandlockABI: 7}, []string{"filesystem:", "network:"}, nil},
		{"no Landlock", with(func(r *Report) { r.Filesystem, r.LandlockABI = false, 0 }),
			[]string{"filesystem:", "Still enforced: network, seccomp, setrlimit, no-new-privileges."}, []string{"network:"}},
		{"no seccomp", with(func(r *Report) { r.Seccomp, r.Network = false, false }),
			[]string{"network:", "system calls:", "Still enforced: filesystem,"}, []string{"filesystem:"}},
		{"a hole found by trying", with(func(r *Report) { r.Network = false; r.Missing = []string{"it is possible to open a UDP socket"} }),
			[]string{"  - it is possible to open a UDP socket\n"}, []string{"network:"}},
		{"all true but something named", with(func(r *Report) { r.Missing = []string{"x"} }), []string{"  - x\n"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.report.Complete() {
				t.Error("complete")
			}
			text, warn := test.report.StartupText()
			if !warn {
				t.Error("no warning")
			}
			for _, want := range append(test.want, "isolation of database processes is degraded", "Do not run multi-tenant workloads") {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
			for _, not := range test.without {
				if strings.Contains(text, not) {
					t.Errorf("%q is in\n%s", not, text)
				}
			}
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if frame := strings.Repeat("=", len(lines[0])); len(frame) < 40 || lines[0] != frame || lines[len(lines)-1] != frame {
				t.Errorf("not framed:\n%s", text)
			}
		})
	}
	text, warn := full.StartupText()
	if warn || !full.Complete() || strings.Count(text, "\n") != 1 ||
		!strings.Contains(text, "Landlock (filesystem + network)") || !strings.Contains(text, "setrlimit active") {
		t.Errorf("complete: warn %v, %q", warn, text)
	}
}

func TestReportJSON(t *testing.T) {
	want := Report{Filesystem: true, Rlimits: true, LandlockABI: 3, Missing: []string{"a", "b"}}
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s became %+v, %v", raw, got, err)
	}
}

// Control groups are named once, and their absence is not a warning.
func TestStartupTextNamesGroups(t *testing.T) {
	r := Report{Filesystem: true, Network: true, Seccomp: true, Rlimits: true, NoNewPrivs: true, Groups: "no control groups: this kernel has none"}
	text, warn := r.StartupText()
	if warn || !r.Complete() || !strings.HasSuffix(text, "\nisolation: no control groups: this kernel has none\n") {
		t.Errorf("warn %v, %q", warn, text)
	}
	r.Network = false
	if text, warn = r.StartupText(); !warn || strings.Count(text, "no control groups") != 1 {
		t.Errorf("warn %v, %q", warn, text)
	}
}
