package sandbox

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const testPID = 4711

// machine runs the filter of one processor as the kernel would.
type machine struct {
	t     *testing.T
	info  *arch.Info
	vm    *bpf.VM
	other *arch.Info // another ABI that the same processor runs
}

func machines(t *testing.T) map[string]machine {
	t.Helper()
	out := map[string]machine{}
	for goarch, other := range map[string]*arch.Info{"amd64": arch.I386, "arm64": arch.ARM} {
		prog, supported, err := filterFor(goarch, testPID)
		if err != nil || !supported {
			t.Fatalf("%s: supported %v, %v", goarch, supported, err)
		}
		vm, err := bpf.NewVM(prog)
		if err != nil {
			t.Fatalf("%s: %v", goarch, err)
		}
		if _, err := bpf.Assemble(prog); err != nil || len(prog) > 4096 {
			t.Fatalf("%s: %d instructions, %v", goarch, len(prog), err)
		}
		info, _, _ := tableFor(goarch)
		out[goarch] = machine{t, info, vm, other}
	}
	return out
}

// verdict is the filter's answer. The virtual machine reads big-endian words,
// so each word of struct seccomp_data is stored that way round, lower half of
// an argument first.
func (m machine) verdict(abi *arch.Info, nr int, args ...uint64) uint32 {
	m.t.Helper()
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[0:], uint32(nr))
	binary.BigEndian.PutUint32(data[4:], uint32(abi.ID))
	for i, a := range args {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(a>>32))
	}
	got, err := m.vm.Run(data)
	if err != nil {
		m.t.Fatal(err)
	}
	return uint32(got)
}

func (m machine) call(name string, args ...uint64) uint32 {
	m.t.Helper()
	nr, err := callNumber(m.info, name)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.verdict(m.info, int(nr), args...)
}

// Every system call that is not on our lists is refused with any arguments, and
// so is every call of another ABI.
func TestFilterIsAnAllowList(t *testing.T) {
	listed := map[string]bool{"newfstatat": true, "fstatat": true, "clone3": true}
	for _, name := range slices.Concat(plainCalls(), legacyCalls()) {
		listed[name] = true
	}
	for _, r := range slices.Concat(checkedCalls(1), legacyChecked()) {
		listed[r.name] = true
	}
	ones := []uint64{all64, all64, all64, all64, all64, all64}
	for goarch, m := range machines(t) {
		refused := 0
		for nr := range 600 {
			name := m.info.SyscallNumbers[nr]
			for _, args := range [][]uint64{nil, ones, {testPID, testPID}} {
				if got := m.verdict(m.info, nr, args...); !listed[name] && got != retEPERM {
					t.Errorf("%s: %d %s%x: got %#x", goarch, nr, name, args, got)
				}
				if got := m.verdict(m.other, nr, args...); got != retEPERM {
					t.Errorf("%s: %d of the other ABI: got %#x", goarch, nr, got)
				}
				if got := m.verdict(m.info, nr|0x40000000, args...); got != retEPERM {
					t.Errorf("%s: x32 %d: got %#x", goarch, nr, got)
				}
			}
			if !listed[name] {
				refused++
			}
		}
		if refused < 450 {
			t.Errorf("%s: only %d of 600 refused", goarch, refused)
		}
		for _, name := range plainCalls() {
			if got := m.call(name, ones...); got != retAllow {
				t.Errorf("%s: %s: got %#x", goarch, name, got)
			}
		}
	}
}

// Calls that must never get on the lists by mistake.
func TestFilterLeavesOut(t *testing.T) {
	for goarch, m := range machines(t) {
		for _, name := range []string{
			"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "recvfrom",
			"sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "execve", "execveat", "ptrace", "process_vm_readv",
			"process_vm_writev", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open",
			"pidfd_getfd", "pidfd_send_signal", "mount", "umount2", "chroot", "pivot_root", "unshare", "setns",
			"bpf", "perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd",
			"keyctl", "add_key", "request_key", "personality", "ioctl", "memfd_create", "init_module", "reboot",
			"symlinkat", "linkat", "mknodat", "fchmodat", "fchownat", "utimensat", "setxattr", "truncate",
			"setuid", "setgid", "capset", "seccomp", "open_by_handle_at", "shmget", "mq_open", "renameat2",
			"openat2", "pkey_mprotect", "splice", "vmsplice", "process_madvise", "kcmp", "sched_setaffinity",
		} {
			if got := m.call(name); got != retEPERM {
				t.Errorf("%s: %s: got %#x", goarch, name, got)
			}
		}
		if got := m.call("clone3"); got != retENOSYS {
			t.Errorf("%s: clone3 must seem absent, so that the C library takes clone: got %#x", goarch, got)
		}
	}
}

func TestFilterLooksAtArguments(t *testing.T) {
	const thread = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD
	const high = 1 << 32
	rw := uint64(unix.PROT_READ | unix.PROT_WRITE)
	tests := []struct {
		name  string
		args  []uint64
		allow bool
	}{
		{"clone", []uint64{thread}, true},
		{"clone", []uint64{thread | unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID}, true},
		{"clone", []uint64{uint64(unix.SIGCHLD)}, false},
		{"clone", []uint64{unix.CLONE_VM | unix.CLONE_VFORK}, false},
		{"clone", []uint64{thread | unix.CLONE_NEWNS}, false},
		{"clone", []uint64{thread | unix.CLONE_NEWNET}, false},
		{"clone", []uint64{thread | unix.CLONE_NEWUSER}, false},
		{"tgkill", []uint64{testPID, 1, 23}, true},
		{"tgkill", []uint64{testPID | high, 1, 23}, true}, // the kernel sees an int
		{"tgkill", []uint64{testPID + 1, testPID, 9}, false},
		{"tgkill", []uint64{all64, testPID, 9}, false},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, all64}, true},
		{"mmap", []uint64{0, 4096, 0, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED | unix.MAP_NORESERVE, all64}, true},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_SHARED, 5}, true},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_PRIVATE, 5}, true},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_SHARED | unix.MAP_ANONYMOUS, all64}, false},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_SHARED_VALIDATE | unix.MAP_ANONYMOUS, all64}, false},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_GROWSDOWN, all64}, false},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_PRIVATE | unix.MAP_GROWSDOWN, 5}, false},
		{"mmap", []uint64{0, 4096, rw, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_STACK | unix.MAP_NORESERVE, all64}, true}, // a thread's
		{"mmap", []uint64{0, 4096, rw | unix.PROT_EXEC, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, all64}, false},
		{"mmap", []uint64{0, 4096, rw | unix.PROT_EXEC, unix.MAP_SHARED, 5}, false},
		{"mprotect", []uint64{0, 4096, unix.PROT_EXEC}, false},
		{"openat", []uint64{all64, 0, all64, 0o644}, true},
		{"openat", []uint64{all64, 0, unix.O_CREAT, 0o4755}, false},
		{"openat", []uint64{all64, 0, unix.O_CREAT, 0o2755}, false},
		{"mkdirat", []uint64{all64, 0, 0o700}, false},
		{"fchmod", []uint64{3, 0o600}, true},
		{"fchmod", []uint64{3, 0o4700}, false},
		{"fcntl", []uint64{3, unix.F_SETLK}, true},
		{"fcntl", []uint64{3, unix.F_DUPFD_CLOEXEC}, true},
		{"fcntl", []uint64{3, unix.F_SETOWN, 1}, false},
		{"fcntl", []uint64{3, unix.F_SETOWN_EX, 1}, false},
		{"fcntl", []uint64{3, unix.F_SETSIG, 9}, false},
		{"fcntl", []uint64{3, unix.F_SETLEASE}, false},
		{"prlimit64", []uint64{0, 7, 0, 99}, true},
		{"prlimit64", []uint64{0, 7, high, 99}, false},
		{"prlimit64", []uint64{1, 7, 0, 99}, false},
		{"setpriority", []uint64{unix.PRIO_PROCESS, 0, 19}, true},
		{"setpriority", []uint64{unix.PRIO_PROCESS, 0, 0}, false},
		{"setpriority", []uint64{unix.PRIO_PROCESS, 0, all64}, false},
		{"setpriority", []uint64{unix.PRIO_PROCESS, 1, 19}, false},
		{"setpriority", []uint64{unix.PRIO_USER, 0, 19}, false},
		{"ioprio_set", []uint64{1, 0, 3 << 13}, true},
		{"ioprio_set", []uint64{1, 0, 1 << 13}, false},
		{"ioprio_set", []uint64{1, 1, 3 << 13}, false},
		{"ioprio_set", []uint64{3, 0, 3 << 13}, false},
		{"prctl", []uint64{unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME}, true},
		{"prctl", []uint64{unix.PR_GET_NO_NEW_PRIVS}, true},
		{"prctl", []uint64{unix.PR_SET_DUMPABLE, 1}, false},
		{"prctl", []uint64{unix.PR_SET_PDEATHSIG}, false},
		{"prctl", []uint64{unix.PR_SET_PTRACER, all64}, false},
	}
	for goarch, m := range machines(t) {
		for _, test := range tests {
			if got := m.call(test.name, test.args...) == retAllow; got != test.allow {
				t.Errorf("%s: %s%#x: allowed %v", goarch, test.name, test.args, got)
			}
		}
	}
}

func TestFilterUnknownProcessor(t *testing.T) {
	if _, supported, err := filterFor("riscv64", 1); supported || err != nil {
		t.Errorf("supported %v, %v", supported, err)
	}
}
