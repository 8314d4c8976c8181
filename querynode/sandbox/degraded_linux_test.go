package sandbox

import (
	"strings"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// probeWithout probes on a kernel where one system call fails with errno, as on
// an old kernel, without Landlock, or in a container.
func probeWithout(call uint32, errno unix.Errno) func(childArgs) (any, error) {
	return func(a childArgs) (any, error) {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return nil, err
		}
		prog := []bpf.Instruction{bpf.LoadAbsolute{Off: offNumber, Size: 4}}
		prog = append(prog, callRule(call, nil, unix.SECCOMP_RET_ERRNO|uint32(errno))...)
		if err := loadFilter(append(prog, bpf.RetConstant{Val: retAllow})); err != nil {
			return nil, err
		}
		return Probe(a.Policy, a.Outside)
	}
}

// S11: restrictions that the kernel does not enforce are reported by name, and
// the others are in force.
func TestDegraded(t *testing.T) {
	for _, child := range []string{"no-landlock", "landlock-off", "landlock-blocked"} {
		r := run[Report](t, child, newArgs(t))
		if r.Filesystem || r.LandlockABI != 0 || !r.Network || !r.Seccomp || !r.Rlimits || !r.NoNewPrivs {
			t.Errorf("%s: %+v", child, r)
		}
		if text, warn := r.StartupText(); !warn || len(r.Missing) != 1 || !strings.Contains(text, "  - filesystem: ") || !strings.Contains(text, "Landlock") {
			t.Errorf("%s: warn %v\n%s", child, warn, text)
		}
	}
	for _, child := range []string{"no-seccomp", "seccomp-blocked"} {
		r := run[Report](t, child, newArgs(t))
		if r.Seccomp || r.Network || !r.Filesystem || !r.Rlimits || !r.NoNewPrivs || r.LandlockABI < 1 {
			t.Errorf("%s: %+v", child, r)
		}
		if text, warn := r.StartupText(); !warn || len(r.Missing) != 2 || !strings.Contains(text, "  - network: ") {
			t.Errorf("%s: warn %v\n%s", child, warn, text)
		}
	}
}
