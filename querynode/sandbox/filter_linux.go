package sandbox

import (
	"fmt"
	"strings"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data. Both supported processors are little-endian:
// the lower half of a 64-bit argument comes first.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

const (
	retAllow = unix.SECCOMP_RET_ALLOW
	retEPERM = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	// For calls whose absence the C library handles by an older call.
	retENOSYS = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// filterFor assembles the filter for the processor goarch and the process pid.
// Calls of another ABI of the same machine (32-bit, x32) and everything not
// listed fail with EPERM. supported is false for a processor without a list.
func filterFor(goarch string, pid int) (prog []bpf.Instruction, supported bool, err error) {
	info, legacy, ok := tableFor(goarch)
	if !ok {
		return nil, false, nil
	}
	var rules []rule
	for _, name := range plainCalls() {
		rules = append(rules, rule{name: name})
	}
	rules = append(rules, checkedCalls(pid)...)
	if legacy {
		for _, name := range legacyCalls() {
			rules = append(rules, rule{name: name})
		}
		rules = append(rules, legacyChecked()...)
	}

	prog = []bpf.Instruction{
		bpf.LoadAbsolute{Off: offArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(info.ID), SkipTrue: 1},
		bpf.RetConstant{Val: retEPERM},
		bpf.LoadAbsolute{Off: offNumber, Size: 4},
	}
	for _, r := range rules {
		nr, err := callNumber(info, r.name)
		if err != nil {
			return nil, true, err
		}
		prog = append(prog, callRule(nr, r.when, retAllow)...)
	}
	clone3, err := callNumber(info, "clone3")
	if err != nil {
		return nil, true, err
	}
	prog = append(prog, callRule(clone3, nil, retENOSYS)...)
	return append(prog, bpf.RetConstant{Val: retEPERM}), true, nil
}

// tableFor returns the call table of a processor, and whether it has the calls
// that the *at forms replaced.
func tableFor(goarch string) (info *arch.Info, legacy, ok bool) {
	switch goarch {
	case "amd64":
		return arch.X86_64, true, true
	case "arm64":
		return arch.AARCH64, false, true
	}
	return nil, false, false
}

func callNumber(info *arch.Info, name string) (uint32, error) {
	for alternative := range strings.SplitSeq(name, "|") {
		if nr, ok := info.SyscallNames[alternative]; ok {
			return uint32(nr), nil
		}
	}
	return 0, fmt.Errorf("sandbox: %s has no system call %s", info.Name, name)
}

// callRule returns verdict for call nr when all conditions hold, else falls
// through with the call's number in the accumulator again. An x32 call differs
// from every nr by its bit 30 and so matches none.
func callRule(nr uint32, when []cond, verdict uint32) []bpf.Instruction {
	if len(when) == 0 {
		return []bpf.Instruction{
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: nr, SkipTrue: 1},
			bpf.RetConstant{Val: verdict},
		}
	}
	// Each condition is two halves of three instructions; then the verdict and
	// the reload, to which a failed comparison jumps.
	body := 6 * len(when)
	out := []bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: nr, SkipTrue: uint8(body + 2)}}
	for _, c := range when {
		low := uint32(offArgs + 8*c.arg)
		for _, half := range []struct{ off, mask, value uint32 }{
			{low, uint32(c.mask), uint32(c.value)},
			{low + 4, uint32(c.mask >> 32), uint32(c.value >> 32)},
		} {
			out = append(out,
				bpf.LoadAbsolute{Off: half.off, Size: 4},
				bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: half.mask},
				bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: half.value, SkipTrue: uint8(body - len(out) - 1)},
			)
		}
	}
	return append(out,
		bpf.RetConstant{Val: verdict},
		bpf.LoadAbsolute{Off: offNumber, Size: 4},
	)
}
