package sandbox

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// dirRights is what a daemon may do below its own directory. It may not execute
// files, make sockets or devices, or make symbolic links, with which a hostile
// daemon could lead the node to another file. Only the node makes, moves and
// removes directories.
const dirRights = ll.AccessFSReadFile | ll.AccessFSReadDir | ll.AccessFSWriteFile | ll.AccessFSTruncate |
	ll.AccessFSMakeReg | ll.AccessFSRemoveFile | ll.AccessFSRefer

// confineFiles restricts file access to dirs, and TCP and signals where the
// kernel can. on is false, with the reason, where the kernel has no Landlock.
// The library's best-effort mode is not used: it hides which restrictions are
// missing, and drops all when one right is missing.
func confineFiles(dirs []string) (abi int, on bool, why string, err error) {
	abi, err = ll.LandlockGetABIVersion()
	if err != nil || abi < 1 {
		return 0, false, "this kernel has no Landlock, or it is disabled or blocked", nil
	}
	cfg := configFor(usableABI(abi))
	rights := landlock.AccessFSSet(dirRights) & cfg.HandledAccessFS
	if err = cfg.Restrict(landlock.PathAccess(rights, dirs...)); err != nil {
		return abi, false, "", fmt.Errorf("sandbox: apply Landlock: %w", err)
	}
	// A kernel may accept the rules and not enforce them.
	if f, err := os.Open("/"); err == nil {
		f.Close()
		return abi, false, "", fmt.Errorf("sandbox: Landlock was accepted but does not refuse")
	}
	return abi, true, "", nil
}

// usableABI lowers the version where signal scopes fail between threads of one
// process (erratum 2), as the library does by itself.
func usableABI(abi int) int {
	const signalErratum = 2
	if abi < 6 {
		return abi
	}
	if errata, err := ll.LandlockGetErrata(); err != nil || errata&signalErratum == 0 {
		return 5
	}
	return abi
}

// configFor is everything that version abi can restrict.
func configFor(abi int) landlock.Config {
	byABI := []landlock.Config{
		landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5, landlock.V6,
		landlock.V7, landlock.V8, landlock.V9, landlock.V10, landlock.V11,
	}
	return byABI[min(abi, len(byABI))-1]
}
