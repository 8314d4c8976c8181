package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// attempt is one forbidden action.
type attempt struct {
	// what completes the sentence "in the sandbox it is possible to …".
	what string
	// try returns nil or the error of the system. It must do no lasting harm
	// when it succeeds.
	try func() error
	// refusal lists the errors of the sandbox. Any other error means that the
	// kernel has examined the request.
	refusal []error
}

// Probe calls [Apply] and then tries forbidden actions. A field of the report
// is true only if all of its actions were refused; Missing names the first one
// that was not. The process must do nothing else and exit afterwards, since the
// sandbox stays on.
//
// outside is an absolute directory, not below p.WritableDirs, that this process
// can write to. Files remain there and in the first writable directory; the
// caller removes both. An error means that the probe itself failed, or that
// Apply failed.
func Probe(p Policy, outside string) (Report, error) {
	p, err := p.check()
	if err != nil {
		return Report{}, err
	}
	canary := filepath.Join(outside, "probe-canary")
	if err := provePossible(canary); err != nil {
		return Report{}, err
	}
	r, err := Apply(p)
	if err != nil {
		return Report{}, err
	}
	inside := filepath.Join(p.WritableDirs[0], "probe-inside")
	if err := os.WriteFile(inside, nil, 0o600); err != nil {
		return r, fmt.Errorf("sandbox: the sandbox refuses its own directory: %w", err)
	}
	for _, g := range []struct {
		on   *bool
		list []attempt
	}{
		{&r.Filesystem, fileAttempts(canary, p.WritableDirs[0])},
		{&r.Network, socketAttempts()},
		{&r.Seccomp, callAttempts()},
		{&r.Rlimits, limitAttempts(p, inside)},
		{&r.NoNewPrivs, privilegeAttempts()},
	} {
		possible := ""
		for _, a := range g.list {
			if err := a.try(); !slices.ContainsFunc(a.refusal, func(want error) bool { return errors.Is(err, want) }) {
				possible = a.what
				break
			}
		}
		if possible != "" && *g.on {
			r.Missing = append(r.Missing, "the kernel accepted a restriction, but it is possible to "+possible)
		}
		*g.on = *g.on && possible == ""
	}
	return r, nil
}

// provePossible checks that the forbidden actions work without the sandbox.
// Otherwise an ordinary file permission could look like the sandbox. The file
// is empty, since the disk may be full.
func provePossible(canary string) error {
	if !filepath.IsAbs(canary) {
		return errors.New("sandbox: the outside directory must be absolute")
	}
	if err := os.WriteFile(canary, nil, 0o600); err != nil {
		return fmt.Errorf("sandbox: cannot write outside the sandbox before it is on: %w", err)
	}
	if _, err := os.ReadFile(canary); err != nil {
		return fmt.Errorf("sandbox: cannot read outside the sandbox before it is on: %w", err)
	}
	if _, err := os.ReadDir(filepath.Dir(canary)); err != nil {
		return fmt.Errorf("sandbox: cannot list outside the sandbox before it is on: %w", err)
	}
	return nil
}

func denied() []error { return []error{unix.EACCES, unix.EPERM} }

func fileAttempts(canary, dir string) []attempt {
	open := func(path string, flags int) func() error {
		return func() error {
			fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o600)
			if err == nil {
				unix.Close(fd)
			}
			return err
		}
	}
	// Renaming between directories is refused as "another file system".
	moved := append(denied(), unix.EXDEV)
	return []attempt{
		{"read a file outside", open(canary, unix.O_RDONLY), denied()},
		{"write a file outside", open(canary, unix.O_WRONLY), denied()},
		{"empty a file outside", open(canary, unix.O_WRONLY|unix.O_TRUNC), denied()},
		{"create a file outside", open(canary+"-new", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY), denied()},
		{"list a directory outside", open(filepath.Dir(canary), unix.O_RDONLY|unix.O_DIRECTORY), denied()},
		{"remove a file outside", func() error { return unix.Unlink(canary) }, denied()},
		{"move a file out of reach inside", func() error { return unix.Rename(canary, filepath.Join(dir, "probe-moved")) }, moved},
		{"make a directory outside", func() error { return unix.Mkdir(canary+"-dir", 0o700) }, denied()},
		{"read another process's environment", open(fmt.Sprintf("/proc/%d/environ", os.Getppid()), unix.O_RDONLY), denied()},
		{"read its own memory map", open("/proc/self/maps", unix.O_RDONLY), denied()},
		{"leave a symbolic link", func() error { return unix.Symlink("/", filepath.Join(dir, "probe-link")) }, denied()},
	}
}

func socketAttempts() []attempt {
	const mptcp = 262
	socket := func(family, kind, protocol int) func() error {
		return func() error {
			fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
			if err == nil {
				unix.Close(fd)
			}
			return err
		}
	}
	return []attempt{
		{"open a TCP socket", socket(unix.AF_INET, unix.SOCK_STREAM, 0), denied()},
		{"open a TCP socket over IPv6", socket(unix.AF_INET6, unix.SOCK_STREAM, 0), denied()},
		{"open an MPTCP socket", socket(unix.AF_INET, unix.SOCK_STREAM, mptcp), denied()},
		{"open a UDP socket", socket(unix.AF_INET, unix.SOCK_DGRAM, 0), denied()},
		{"open a Unix socket", socket(unix.AF_UNIX, unix.SOCK_STREAM, 0), denied()},
		{"open a netlink socket", socket(unix.AF_NETLINK, unix.SOCK_RAW, 0), denied()},
		{"open a packet socket", socket(unix.AF_PACKET, unix.SOCK_RAW, 0), denied()},
		{"open a vsock socket", socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0), denied()},
		{"make a pair of sockets", func() error {
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err == nil {
				unix.Close(fds[0])
				unix.Close(fds[1])
			}
			return err
		}, denied()},
		{"connect a socket", raw(unix.SYS_CONNECT, badFD, 0, 0), denied()},
		{"bind a socket", raw(unix.SYS_BIND, badFD, 0, 0), denied()},
		{"listen on a socket", raw(unix.SYS_LISTEN, badFD, 0), denied()},
		{"pass descriptors out", raw(unix.SYS_SENDMSG, badFD, 0, 0), denied()},
		{"take descriptors in", raw(unix.SYS_RECVMSG, badFD, 0, 0), denied()},
	}
}
