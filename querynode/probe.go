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

// probeSandbox starts a daemon that only tries its sandbox, and gives what it found.
// What the kernel's version promises is not asked.
func (n *Node) probeSandbox(ctx context.Context) (sandbox.Report, error) {
	var r sandbox.Report
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	n.removeOldProbes()
	inside, err := n.probeDir()
	if err != nil {
		return r, fmt.Errorf("probe the sandbox: %w", err)
	}
	defer func() { _ = os.RemoveAll(inside) }() // a leftover is no harm
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
		return r, fmt.Errorf("a query daemon gave no usable report of its sandbox: %w", err)
	}
	return r, nil
}

// probeDir makes a directory, on a full disk where other programs have theirs.
func (n *Node) probeDir() (string, error) {
	dir, err := os.MkdirTemp(n.dir.Root(), "probe-")
	if errors.Is(err, syscall.ENOSPC) {
		return os.MkdirTemp("", "ayb-probe-")
	}
	return dir, err
}

// removeOldProbes removes what a start that was killed has left. Other files are
// not touched, and a leftover is no harm.
func (n *Node) removeOldProbes() {
	left, err := filepath.Glob(filepath.Join(n.dir.Root(), "probe-*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}
