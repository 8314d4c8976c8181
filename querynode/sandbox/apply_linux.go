package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"unsafe"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Apply restricts all threads of this process, present and future, to the
// policy. It cannot be undone. It is called once, early, from one goroutine.
//
// Restrictions that this kernel does not offer are in the report. An error
// means that p is wrong or that an offered restriction failed; the process must
// then not touch a tenant's data. Descriptors that are already open keep
// working, so the caller must not hold any that a tenant should not have.
func Apply(p Policy) (Report, error) {
	p, err := p.check()
	if err != nil {
		return Report{}, err
	}
	var r Report
	var noLandlock, noSeccomp string
	if err := limitResources(p); err != nil {
		return Report{}, err
	}
	r.Rlimits = true
	shrinkThreadStacks()
	// On all threads, also where neither Landlock nor seccomp would do it.
	if err := ll.AllThreadsPrctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return Report{}, fmt.Errorf("sandbox: set no-new-privileges: %w", err)
	}
	r.NoNewPrivs = true
	if r.LandlockABI, r.Filesystem, noLandlock, err = confineFiles(p.WritableDirs); err != nil {
		return Report{}, err
	}
	// Hides /proc/PID from other processes of this user; no tracing, no core.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return Report{}, fmt.Errorf("sandbox: make the process undumpable: %w", err)
	}
	if r.Seccomp, noSeccomp, err = filterCalls(); err != nil {
		return Report{}, err
	}
	// Only the filter stops MPTCP, UDP and Unix sockets (Landlock's TCP rules
	// do not), and it stops TCP with them.
	r.Network = r.Seccomp
	r.Missing = r.explain(noLandlock, noSeccomp)
	return r, nil
}

// explain is absent with the reasons of Landlock and seccomp.
func (r Report) explain(landlock, seccomp string) []string {
	var out []string
	for _, p := range r.parts() {
		switch {
		case p.on:
		case p.name == "filesystem":
			out = append(out, p.absent+" ("+landlock+")")
		case p.name == "network" || p.name == "seccomp":
			out = append(out, p.absent+" ("+seccomp+")")
		default:
			out = append(out, p.absent)
		}
	}
	return out
}

// limitResources lowers the limits, soft and hard. It never raises one.
func limitResources(p Policy) error {
	// A write beyond RLIMIT_FSIZE raises SIGXFSZ, which kills a Go process;
	// ignored, the write fails with EFBIG and SQLite reports it.
	signal.Ignore(unix.SIGXFSZ)
	for _, l := range []struct {
		name string
		id   int
		max  uint64
		set  bool
	}{
		{"open files", unix.RLIMIT_NOFILE, p.OpenFiles, true},
		{"core size", unix.RLIMIT_CORE, 0, true},
		{"file size", unix.RLIMIT_FSIZE, p.FileBytes, p.FileBytes > 0},
		{"data size", unix.RLIMIT_DATA, p.DataBytes, p.DataBytes > 0},
	} {
		if !l.set {
			continue
		}
		var now unix.Rlimit
		if err := unix.Prlimit(0, l.id, nil, &now); err != nil {
			return fmt.Errorf("sandbox: read the %s limit: %w", l.name, err)
		}
		want := min(l.max, now.Cur, now.Max)
		if err := unix.Prlimit(0, l.id, &unix.Rlimit{Cur: want, Max: want}, nil); err != nil {
			return fmt.Errorf("sandbox: set the %s limit: %w", l.name, err)
		}
	}
	return nil
}

// filterCalls loads the seccomp filter into all threads. loaded is false, with
// the reason, where the kernel or the processor has no support.
func filterCalls() (loaded bool, why string, err error) {
	prog, supported, err := filterFor(runtime.GOARCH, os.Getpid())
	if err != nil {
		return false, "", err
	}
	if !supported {
		return false, "no seccomp filter for the processor " + runtime.GOARCH, nil
	}
	switch err := loadFilter(prog); {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL), errors.Is(err, unix.EPERM):
		return false, "this kernel has no seccomp filters, or they are blocked", nil
	case err != nil:
		return false, "", fmt.Errorf("sandbox: load the seccomp filter: %w", err)
	}
	return true, "", nil
}

// loadFilter puts prog in force for all threads. The error is the kernel's.
func loadFilter(prog []bpf.Instruction) error {
	raw, err := bpf.Assemble(prog)
	if err != nil {
		return err
	}
	code := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	tid, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(code)
	switch {
	case errno != 0:
		return errno
	case tid != 0:
		// Not an errno: the id of a thread that the filter could not be set for.
		return errors.New("the filter could not be set for all threads")
	}
	return nil
}
