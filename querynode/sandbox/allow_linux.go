package sandbox

import "golang.org/x/sys/unix"

// rule permits one system call when all its conditions hold. Several rules for
// one call are alternatives.
type rule struct {
	// name in the processor's table; "a|b" where tables differ.
	name string
	when []cond
}

// cond holds when argument arg, ANDed with mask, equals value. Arguments that
// the kernel takes as a 32-bit int are compared in their lower half only, as
// the kernel reads them.
type cond struct {
	arg         uint32
	mask, value uint64
}

const (
	low32 = 0xffffffff
	all64 = ^uint64(0)

	// Process-making and namespace-making flags of clone.
	cloneForbidden = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_PTRACE | unix.CLONE_VFORK

	setIDBits = unix.S_ISUID | unix.S_ISGID

	// Arguments of ioprio_set: one thread, and the class that uses the disk
	// only when no other process does.
	ioprioThread = 1
	ioprioIdle   = 3 << 13
)

// plainCalls are permitted with any arguments. The most frequent come first:
// kernels before 5.11 search the list for every call.
func plainCalls() []string {
	return []string{
		// Go scheduler, memory, clocks.
		"futex", "nanosleep", "clock_nanosleep", "sched_yield", "madvise", "munmap", "mremap", "brk",
		"clock_gettime", "clock_getres", "gettimeofday", "getrandom", "restart_syscall",
		"epoll_pwait", "epoll_create1", "epoll_ctl", "eventfd2",
		// Open descriptors: the channel to the node, database files.
		"read", "write", "pread64", "pwrite64", "readv", "writev", "lseek", "close",
		"fstat", "fsync", "fdatasync", "ftruncate", "fallocate", "copy_file_range", "getdents64", "fchown",
		// Free space of the disk.
		"statfs", "fstatfs",
		// Names; Landlock decides which.
		"newfstatat|fstatat", "statx", "faccessat", "faccessat2", "readlinkat", "getcwd",
		"unlinkat", "renameat",
		// Threads and signals inside this process.
		"rt_sigprocmask", "rt_sigaction", "rt_sigreturn", "sigaltstack", "gettid", "getpid", "getppid",
		"set_robust_list", "set_tid_address", "rseq", "sched_getaffinity", "exit", "exit_group",
		// Identity, own resource use.
		"getuid", "geteuid", "getgid", "getegid", "uname", "getrusage",
	}
}

// legacyCalls exist on amd64 only; newer processors have only the *at forms.
func legacyCalls() []string {
	return []string{"stat", "lstat", "access", "readlink", "unlink", "rename", "rmdir", "epoll_wait", "time"}
}

// checkedCalls are permitted for some arguments only. pid is this process.
func checkedCalls(pid int) []rule {
	return append(fcntlCalls(), []rule{
		// Anonymous memory and database pages, never code. RLIMIT_DATA counts
		// neither shared memory that belongs to no file nor what grows downwards.
		{"mmap", []cond{{2, unix.PROT_EXEC, 0}, {3, unix.MAP_TYPE | unix.MAP_GROWSDOWN, unix.MAP_PRIVATE}}},
		{"mmap", []cond{{2, unix.PROT_EXEC, 0}, {3, unix.MAP_ANONYMOUS | unix.MAP_GROWSDOWN, 0}}},
		{"mprotect", []cond{{2, unix.PROT_EXEC, 0}}},
		// Threads, never processes.
		{"clone", []cond{{0, unix.CLONE_THREAD | cloneForbidden, unix.CLONE_THREAD}}},
		// The Go scheduler pre-empts its own threads by signal.
		{"tgkill", []cond{{0, low32, uint64(pid)}}},
		// Files without set-user-id and set-group-id bits.
		{"openat", []cond{{3, setIDBits, 0}}},
		{"fchmod", []cond{{1, setIDBits, 0}}},
		// Reading this process's own limits, as the C library does.
		{"prlimit64", []cond{{0, low32, 0}, {2, all64, 0}}},
		// Naming memory areas (Go, glibc) and reading the two bits that prove the sandbox.
		{"prctl", []cond{{0, low32, unix.PR_SET_VMA}, {1, all64, unix.PR_SET_VMA_ANON_NAME}}},
		{"prctl", []cond{{0, low32, unix.PR_GET_NO_NEW_PRIVS}}},
		{"prctl", []cond{{0, low32, unix.PR_GET_DUMPABLE}}},
		// A thread that copies or exports lowers its own priority to the minimum.
		// No other value is permitted, nor another thread.
		{"setpriority", []cond{{0, low32, unix.PRIO_PROCESS}, {1, low32, 0}, {2, low32, 19}}},
		{"ioprio_set", []cond{{0, low32, ioprioThread}, {1, low32, 0}, {2, low32, ioprioIdle}}},
	}...)
}

// legacyChecked are the amd64-only calls with conditions.
func legacyChecked() []rule {
	return []rule{
		{"open", []cond{{2, setIDBits, 0}}},
	}
}

// fcntlCalls are duplicates, flags and record locks. Commands that make the
// kernel send signals (F_SETOWN, F_SETSIG) and leases are left out on purpose.
func fcntlCalls() []rule {
	var rules []rule
	for _, cmd := range []uint64{
		unix.F_SETLK, unix.F_GETLK, unix.F_SETLKW, unix.F_GETFD, unix.F_SETFD,
		unix.F_GETFL, unix.F_SETFL, unix.F_DUPFD_CLOEXEC, unix.F_DUPFD,
	} {
		rules = append(rules, rule{"fcntl", []cond{{1, low32, cmd}}})
	}
	return rules
}
