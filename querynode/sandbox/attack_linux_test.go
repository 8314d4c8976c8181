package sandbox

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attack tries, after Apply, what a hostile tenant with code in the daemon
// would try. It goes beyond Probe.
func attack(a childArgs) (any, error) {
	tcp, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	own := filepath.Join(a.Dir, "own")
	if err := os.WriteFile(own, []byte("x"), 0o600); err != nil {
		return nil, err
	}
	if _, err := Apply(a.Policy); err != nil {
		return nil, err
	}
	o := outcome{}
	attackFiles(o, a, own)
	attackNetwork(o, tcp)
	attackProcesses(o)
	return o, nil
}

func attackFiles(o outcome, a childArgs, own string) {
	secret := filepath.Join(a.Outside, "secret")
	read := func(path string) error { _, err := os.ReadFile(path); return err }
	o.add("read /etc/passwd", read("/etc/passwd"))
	o.add("read the device of random numbers", read("/dev/urandom"))
	o.add("read /etc/passwd by a path from inside", read(filepath.Join(a.Dir, "../../../../../../../../etc/passwd")))
	o.add("read the parent's environment", read(fmt.Sprintf("/proc/%d/environ", os.Getppid())))
	o.add("read its own environment", read("/proc/self/environ"))
	o.add("read its own memory", read("/proc/self/mem"))
	o.add("read another directory", read(secret))
	_, err := os.ReadDir(a.Outside)
	o.add("list another directory", err)
	_, err = os.ReadDir(filepath.Dir(a.Dir))
	o.add("list the parent directory", err)
	o.add("write another directory", os.WriteFile(filepath.Join(a.Outside, "new"), nil, 0o600))
	o.add("remove from another directory", os.Remove(secret))
	o.add("move out", os.Rename(own, filepath.Join(a.Outside, "own")))
	o.add("move in", os.Rename(secret, filepath.Join(a.Dir, "secret")))
	// Actions that Landlock does not cover, as far as the filter can.
	o.add("truncate by name", unix.Truncate(secret, 0))
	o.add("chmod outside", os.Chmod(secret, 0o777))
	o.add("chown outside", os.Chown(secret, 1, 1))
	o.add("change times outside", unix.UtimesNanoAt(unix.AT_FDCWD, secret, make([]unix.Timespec, 2), 0))
	o.add("set an attribute outside", unix.Setxattr(secret, "user.x", []byte("x"), 0))
	o.add("change root", unix.Chroot(a.Dir))
	// Only the node makes and removes directories.
	o.add("make a directory", unix.Mkdir(filepath.Join(a.Dir, "new"), 0o700))
	o.add("make a directory by a descriptor", unix.Mkdirat(unix.AT_FDCWD, filepath.Join(a.Dir, "new"), 0o700))
	o.add("remove a directory", unix.Rmdir(filepath.Join(a.Dir, "tmp")))
	o.add("remove a directory by a descriptor", unix.Unlinkat(unix.AT_FDCWD, filepath.Join(a.Dir, "tmp"), unix.AT_REMOVEDIR))
	o.add("rename a directory", os.Rename(filepath.Join(a.Dir, "tmp"), filepath.Join(a.Dir, "tmp2")))
	// Traps for the node, which reads this directory outside the sandbox.
	o.add("leave a symbolic link", os.Symlink("/etc/passwd", filepath.Join(a.Dir, "link")))
	o.add("leave a hard link", os.Link(own, filepath.Join(a.Dir, "hard")))
	o.add("leave a fifo", unix.Mkfifo(filepath.Join(a.Dir, "fifo"), 0o600))
	o.add("leave a device", unix.Mknod(filepath.Join(a.Dir, "dev"), unix.S_IFCHR|0o600, 0x0103))
	fd, err := unix.Open(filepath.Join(a.Dir, "suid"), unix.O_CREAT|unix.O_WRONLY, 0o4755)
	o.add("create a set-uid file", err)
	_ = unix.Close(fd)
	if f, err := os.Open(own); err == nil {
		o.add("make a file set-uid", unix.Fchmod(int(f.Fd()), 0o4755))
		o.add("own signals by fcntl", raw(unix.SYS_FCNTL, f.Fd(), unix.F_SETOWN, uintptr(os.Getppid()))())
		o.add("take a lease", raw(unix.SYS_FCNTL, f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)())
		o.add("control a device", raw(unix.SYS_IOCTL, f.Fd(), unix.TCGETS, 0)())
	}
}

func attackNetwork(o outcome, tcp int) {
	for name, s := range map[string][3]int{
		"tcp": {unix.AF_INET, unix.SOCK_STREAM, 0}, "tcp6": {unix.AF_INET6, unix.SOCK_STREAM, 0},
		"mptcp": {unix.AF_INET, unix.SOCK_STREAM, 262}, "udp": {unix.AF_INET, unix.SOCK_DGRAM, 0},
		"icmp": {unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, "raw": {unix.AF_INET, unix.SOCK_RAW, 1},
		"unix": {unix.AF_UNIX, unix.SOCK_STREAM, 0}, "netlink": {unix.AF_NETLINK, unix.SOCK_RAW, 0},
		"packet": {unix.AF_PACKET, unix.SOCK_RAW, 0}, "alg": {unix.AF_ALG, unix.SOCK_SEQPACKET, 0},
		"vsock": {unix.AF_VSOCK, unix.SOCK_STREAM, 0},
	} {
		_, err := unix.Socket(s[0], s[1], s[2])
		o.add("socket "+name, err)
	}
	_, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	o.add("socketpair", err)
	any4 := &unix.SockaddrInet4{Port: 0}
	o.add("bind a socket made before", unix.Bind(tcp, any4))
	o.add("listen on a socket made before", unix.Listen(tcp, 1))
	o.add("connect a socket made before", unix.Connect(tcp, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}}))
	_, err = net.Listen("tcp", "127.0.0.1:0") // MPTCP, by Go's default
	o.add("Go listener", err)
	_, err = net.Dial("udp", "127.0.0.1:9")
	o.add("Go UDP dial", err)
	_, err = net.Dial("unix", "/run/any.sock")
	o.add("Go Unix dial", err)
}

func attackProcesses(o outcome) {
	ppid, self := uintptr(os.Getppid()), uintptr(os.Getpid())
	o.add("exec /bin/true", syscall.Exec("/bin/true", []string{"true"}, nil))
	_, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	o.add("start /bin/true", err)
	o.add("fork", fork(uintptr(unix.SIGCHLD)))
	o.add("vfork-like clone", fork(unix.CLONE_VM|unix.CLONE_VFORK|uintptr(unix.SIGCHLD)))
	o.add("clone a namespace", fork(unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD)))
	o.add("clone3", raw(unix.SYS_CLONE3, 0, 0)())
	o.add("kill the parent", unix.Kill(os.Getppid(), 0))
	o.add("kill itself", unix.Kill(os.Getpid(), 0))
	o.add("kill everybody", unix.Kill(-1, 0))
	o.add("tkill", raw(unix.SYS_TKILL, ppid, 0)())
	o.add("tgkill the parent", unix.Tgkill(os.Getppid(), os.Getppid(), 0))
	o.add("queue a signal", raw(unix.SYS_RT_TGSIGQUEUEINFO, ppid, ppid, 0, 0)())
	_, err = unix.PidfdOpen(os.Getppid(), 0)
	o.add("pidfd_open", err)
	o.add("ptrace the parent", unix.PtraceAttach(os.Getppid()))
	o.add("read the parent's memory", raw(unix.SYS_PROCESS_VM_READV, ppid, 0, 0, 0, 0, 0)())
	o.add("write the parent's memory", raw(unix.SYS_PROCESS_VM_WRITEV, ppid, 0, 0, 0, 0, 0)())
	o.add("io_uring_setup", raw(unix.SYS_IO_URING_SETUP, 4, 0)())
	o.add("bpf", raw(unix.SYS_BPF, 0, 0, 0)())
	o.add("perf_event_open", raw(unix.SYS_PERF_EVENT_OPEN, 0, self, 0, 0, 0)())
	fd, err := unix.MemfdCreate("x", 0)
	o.add("memfd_create", err)
	o.add("execute a descriptor", raw(unix.SYS_EXECVEAT, uintptr(fd), 0, 0, 0, unix.AT_EMPTY_PATH)())
	o.add("map code", mapCode())
	o.add("make memory code", memoryToCode())
	o.add("unshare", unix.Unshare(unix.CLONE_NEWUSER))
	o.add("setns", unix.Setns(0, 0))
	o.add("mount", unix.Mount("none", "/tmp", "tmpfs", 0, ""))
	o.add("keyctl", raw(unix.SYS_KEYCTL, 0, 0, 0, 0, 0)())
	o.add("userfaultfd", raw(unix.SYS_USERFAULTFD, 0)())
	o.add("personality", raw(unix.SYS_PERSONALITY, 0xffffffff)())
	o.add("setuid", raw(unix.SYS_SETUID, 0)())
	o.add("become dumpable", unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0))
	o.add("keep living after the parent", unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0))
	o.add("raise a limit", unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 4096, Max: 4096}, nil))
	o.add("limit the parent", unix.Prlimit(int(ppid), unix.RLIMIT_NOFILE, nil, &unix.Rlimit{}))
	o.add("another filter", raw(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, 0)())
	if runtime.GOARCH == "amd64" {
		const x32 = 0x40000000
		o.add("x32 getpid", raw(x32|unix.SYS_GETPID)())
		o.add("x32 socket", raw(x32|unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)())
	}
}

// fork ends the new process at once, if there is one.
func fork(flags uintptr) error {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return nil
}

func memoryToCode() error {
	b, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil
	}
	_, _, errno := unix.RawSyscall(unix.SYS_MPROTECT, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.PROT_READ|unix.PROT_EXEC)
	if errno != 0 {
		return errno
	}
	return nil
}

// attackFromOldThreads checks that threads from before Apply are restricted as
// well.
func attackFromOldThreads(a childArgs) (any, error) {
	const n = 8
	var ready, done sync.WaitGroup
	var mu sync.Mutex
	applied, o := make(chan struct{}), outcome{}
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-applied
			fd, err := unix.Open("/etc/passwd", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			_, err2 := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			mu.Lock()
			defer mu.Unlock()
			o.add(fmt.Sprintf("open on thread %d gave descriptor %d", i, fd), err)
			o.add(fmt.Sprintf("socket on thread %d", i), err2)
		})
	}
	ready.Wait()
	_, err := Apply(a.Policy)
	close(applied)
	done.Wait()
	return o, err
}

// S12: UDP, MPTCP and Unix sockets, signals, and programs.
func TestAttacks(t *testing.T) {
	for _, child := range []string{"attack", "threads"} {
		a := newArgs(t)
		o := run[outcome](t, child, a)
		if len(o) < 16 {
			t.Fatalf("only %d outcomes", len(o))
		}
		for what, got := range o {
			switch {
			case strings.Contains(got, "operation not permitted"), strings.Contains(got, "permission denied"):
			case what == "clone3" && strings.Contains(got, "not implemented"):
			case strings.HasPrefix(what, "move ") && strings.Contains(got, "cross-device"):
			default:
				t.Errorf("%s: %s: got %q, want a refusal", child, what, got)
			}
		}
		if b, err := os.ReadFile(filepath.Join(a.Outside, "secret")); err != nil || string(b) != "secret" {
			t.Errorf("%s: the file outside now has %q, %v", child, b, err)
		}
	}
}
