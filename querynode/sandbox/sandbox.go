// Package sandbox locks the running process into the directory of one database.
//
// It owns the kernel's side of the isolation of a query daemon: Landlock, the
// seccomp filter, resource limits and the no-new-privileges bit. The daemon
// calls [Apply] before it reads the first byte of a tenant's data. [Probe] does
// the same in a throw-away process and then tries forbidden actions, so that
// the server reports what is enforced here, and does not guess from a version
// number.
//
// The package never starts a process, never opens a database, never logs and
// never raises a limit. Its restrictions cannot be undone in the same process.
// DESIGN.md lists every system call that stays possible.
package sandbox

import (
	"fmt"
	"path/filepath"
)

// DefaultOpenFiles is the number of descriptors a daemon may hold when
// [Policy.OpenFiles] is zero.
const DefaultOpenFiles = 64

// ThreadStack is the size in bytes of the stack of each thread that is started
// after [Apply] in a cgo build. Every thread's stack counts in full against
// [Policy.DataBytes], and the C library's default is 8 MiB. SQLite's deepest
// recursion, LIKE with a pattern of 50 000 bytes, needs between 2 and 3 MiB.
const ThreadStack = 4 << 20

// BaseDataBytes is the memory in bytes that [Policy.DataBytes] must leave to
// the process besides SQLite's heap: about 110 MiB of an idle Go process with
// cgo (a 64 MiB heap arena and the stacks of its first threads count in full),
// and thirty more threads.
const BaseDataBytes = 256 << 20

// Policy is what the process may still do after [Apply].
type Policy struct {
	// WritableDirs are the only directories below which files can be read,
	// written, created, renamed and removed. Absolute, existing, at least one.
	// Links, device nodes and sockets cannot be made there, and nothing there
	// can be executed.
	WritableDirs []string `json:"writable_dirs"`
	// FileBytes is the largest size a file can be grown to, in bytes. A write
	// beyond fails with EFBIG, without a signal. 0 leaves the limit as it is.
	FileBytes uint64 `json:"file_bytes"`
	// DataBytes bounds private writable memory of the whole process, in bytes:
	// the Go heap, the C heap and all thread stacks, used or not. When it is
	// reached SQLite reports out of memory, but a failed Go allocation or thread
	// start ends the process; so it should be SQLite's heap limit plus at least
	// BaseDataBytes. 0 leaves the limit as it is.
	DataBytes uint64 `json:"data_bytes"`
	// OpenFiles is the number of descriptors; 0 means DefaultOpenFiles.
	OpenFiles uint64 `json:"open_files"`
}

// check returns p with defaults, or the first mistake in it.
func (p Policy) check() (Policy, error) {
	if len(p.WritableDirs) == 0 {
		return p, fmt.Errorf("sandbox: a policy needs at least one writable directory")
	}
	for _, dir := range p.WritableDirs {
		if !filepath.IsAbs(dir) {
			return p, fmt.Errorf("sandbox: writable directory %q is not absolute", dir)
		}
		if filepath.Clean(dir) == string(filepath.Separator) {
			return p, fmt.Errorf("sandbox: the root directory cannot be writable")
		}
	}
	const most = 1 << 62 // file offsets are signed
	if p.FileBytes > most || p.DataBytes > most {
		return p, fmt.Errorf("sandbox: a limit of more than %d bytes is a mistake", uint64(most))
	}
	if p.OpenFiles == 0 {
		p.OpenFiles = DefaultOpenFiles
	}
	return p, nil
}
