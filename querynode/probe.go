package querynode

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ayb-go/ayb/querynode/daemonargs"
	"github.com/ayb-go/ayb/querynode/sandbox"
)

const probeTimeout = 20 * time.Second

// probeSandbox starts a daemon that only tests its sandbox, and returns its
// report. The version of the kernel is not used: it promises too much.
func (n *Node) probeSandbox(ctx context.Context) (sandbox.Report, error) {
	var r sandbox.Report
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	n.removeOldProbes()
	inside, err := n.probeDir()
	if err != nil {
		return r, fmt.Errorf("probe the sandbox: %w", err)
	}
	defer func() { _ = os.RemoveAll(inside) }() // the next start removes it
	outside, err := n.probeDir()
	if err != nil {
		return r, fmt.Errorf("probe the sandbox: %w", err)
	}
	defer func() { _ = os.RemoveAll(outside) }()
	args, err := daemonargs.Config{
		Dir: inside, Temp: inside, Parent: os.Getpid(), Probe: true, Outside: outside,
		HeapBytes: n.cfg.HeapBytes, DatabaseBytes: n.cfg.DatabaseBytes,
	}.Args()
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, n.cfg.DaemonCommand, args...)
	cmd.Env, cmd.Dir = []string{}, "/"
	cmd.Stderr = os.Stderr
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := n.runInGroup(cmd); err != nil {
		return r, fmt.Errorf("a query daemon cannot run here: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("the report of the sandbox cannot be read: %w", err)
	}
	return r, nil
}

// probeDir makes a directory for the probe: in the data directory, or, when
// that disk is full, in the system's temporary directory.
func (n *Node) probeDir() (string, error) {
	dir, err := os.MkdirTemp(n.dir.Root(), "probe-")
	if errors.Is(err, syscall.ENOSPC) {
		return os.MkdirTemp("", "ayb-probe-")
	}
	return dir, err
}

// removeOldProbes removes the directories of probes that were killed. It
// ignores errors, as an old probe does no harm.
func (n *Node) removeOldProbes() {
	left, err := filepath.Glob(filepath.Join(n.dir.Root(), "probe-*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}
