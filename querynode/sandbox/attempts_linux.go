package sandbox

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// badFD is not a descriptor: a call that reaches the kernel fails with EBADF,
// not with the filter's EPERM. Every attempted system call fails harmlessly,
// and with another error, where the filter permits it.
const badFD = ^uintptr(0)

// raw makes a system call by number.
func raw(nr uintptr, args ...uintptr) func() error {
	return func() error {
		var a [6]uintptr
		copy(a[:], args)
		_, _, errno := unix.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
		if errno == 0 {
			return nil
		}
		return errno
	}
}

func callAttempts() []attempt {
	filtered := []error{unix.EPERM}
	return []attempt{
		// A path that leads nowhere: without the filter ENOENT (or Landlock's EACCES).
		{"start a program", execNowhere, filtered},
		{"start a program from a descriptor", raw(unix.SYS_EXECVEAT, badFD, 0, 0, 0, unix.AT_EMPTY_PATH), filtered},
		// Shared signal handlers without shared memory: without the filter EINVAL.
		{"start a process", raw(unix.SYS_CLONE, unix.CLONE_SIGHAND), filtered},
		{"start a process by clone3", raw(unix.SYS_CLONE3, 0, 0), []error{unix.ENOSYS, unix.EPERM}},
		{"signal the parent process", raw(unix.SYS_KILL, uintptr(os.Getppid()), 0), filtered},
		{"signal a thread of the parent process", raw(unix.SYS_TGKILL, uintptr(os.Getppid()), uintptr(os.Getppid()), 0), filtered},
		{"queue a signal", raw(unix.SYS_RT_SIGQUEUEINFO, uintptr(os.Getppid()), 0, 0), filtered},
		{"have the kernel signal a process", raw(unix.SYS_FCNTL, 0, unix.F_SETOWN, 0), filtered},
		{"get a handle on a process", raw(unix.SYS_PIDFD_OPEN, 0, 0), filtered},
		{"trace a process", raw(unix.SYS_PTRACE, unix.PTRACE_ATTACH, 0), filtered},
		{"read another process's memory", raw(unix.SYS_PROCESS_VM_READV, 0, 0, 0, 0, 0, 0), filtered},
		{"use io_uring", raw(unix.SYS_IO_URING_SETUP, 0, 0), filtered},
		{"load a BPF program", raw(unix.SYS_BPF, badFD, 0, 0), filtered},
		{"make a memory file", raw(unix.SYS_MEMFD_CREATE, 0, 0), filtered},
		{"map executable memory", mapCode, filtered},
		{"make its own namespace", raw(unix.SYS_UNSHARE, 0), filtered},
		{"enter a namespace", raw(unix.SYS_SETNS, badFD, 0), filtered},
		{"mount", raw(unix.SYS_MOUNT, 0, 0, 0, 0, 0), filtered},
		{"use the key ring", raw(unix.SYS_KEYCTL, badFD, 0, 0, 0, 0), filtered},
		{"handle page faults", raw(unix.SYS_USERFAULTFD, badFD), filtered},
		{"change its personality", raw(unix.SYS_PERSONALITY, 0xffffffff), filtered},
		{"control a device", raw(unix.SYS_IOCTL, badFD, 0, 0), filtered},
		{"change its limits", raw(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, 1, 0), filtered},
	}
}

// execNowhere cannot replace this process, even without a filter.
func execNowhere() error {
	path := []byte("/nonexistent/program\x00")
	var none [1]uintptr
	_, _, errno := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(&path[0])),
		uintptr(unsafe.Pointer(&none[0])), uintptr(unsafe.Pointer(&none[0])))
	runtime.KeepAlive(path)
	return errno
}

func mapCode() error {
	b, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err == nil {
		_ = unix.Munmap(b)
	}
	return err
}

func limitAttempts(p Policy, inside string) []attempt {
	list := []attempt{
		{"open more files than allowed", func() error { return openMany(inside, p.OpenFiles) }, []error{unix.EMFILE}},
		{"leave a core file", coreLimit, denied()},
	}
	if p.FileBytes > 0 {
		list = append(list, attempt{"grow a file beyond the limit", func() error {
			return growTo(inside, int64(p.FileBytes)+1)
		}, []error{unix.EFBIG}})
	}
	if p.DataBytes > 0 {
		list = append(list, attempt{"take more memory than allowed", func() error {
			b, err := unix.Mmap(-1, 0, int(p.DataBytes), unix.PROT_READ|unix.PROT_WRITE,
				unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
			if err == nil {
				_ = unix.Munmap(b)
			}
			return err
		}, []error{unix.ENOMEM}})
	}
	return list
}

// growTo makes a sparse file, so that a missing limit costs no disk space.
func growTo(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(size)
}

// openMany returns nil if one more than limit descriptors could be opened.
func openMany(path string, limit uint64) error {
	for range limit + 1 {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
	}
	return nil
}

// coreLimit returns EPERM if no core file can be written, else nil. A test by
// crashing is not possible.
func coreLimit() error {
	var l unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_CORE, nil, &l); err != nil {
		return nil
	}
	if l.Max != 0 {
		return nil
	}
	return unix.EPERM
}

func privilegeAttempts() []attempt {
	return []attempt{{"gain privileges by a set-uid program", func() error {
		on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
		if err != nil || on != 1 {
			return nil
		}
		return unix.EPERM
	}, denied()}}
}
