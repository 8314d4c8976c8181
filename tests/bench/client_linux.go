package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// step is one command of the command-line client.
type step struct {
	name   string
	took   time.Duration
	bytes  int64 // size of its data
	memory peaks
}

// user is a server with a user of the command-line client.
type user struct {
	*server
	program string
	dir     string // for the client's settings file
	steps   []step
}

// newUser returns the owner of the main account of a server.
func newUser(program string, s *server, dir string) (*user, error) {
	path, err := filepath.Abs(program)
	return &user{server: s, program: path, dir: dir}, err
}

// runCommand runs a command of the client, and records its duration and the memory of
// all processes. Earlier writes are flushed to disk first, so that the command
// does not wait for them.
func (u *user) runCommand(ctx context.Context, name string, size int64, args ...string) (step, error) {
	unix.Sync()
	cmd := u.client(ctx, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return step{}, fmt.Errorf("start the client: %w", err)
	}
	stop, seen := make(chan struct{}), make(chan peaks)
	go func() { seen <- u.watchPeaks(map[string]int{"client": cmd.Process.Pid}, stop) }()
	err := cmd.Wait()
	done := step{name: name, took: time.Since(begin), bytes: size}
	close(stop)
	done.memory = <-seen
	if err != nil {
		return done, fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(out.Bytes()))
	}
	u.steps = append(u.steps, done)
	fmt.Fprintf(os.Stderr, "  %s: %s (%s)\n", name, short(done.took), done.memory)
	return done, nil
}

// client returns a command of the client that ends with ctx.
func (u *user) client(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, u.program, append([]string{"client"}, args...)...)
	cmd.Env = []string{
		"HOME=" + u.dir, "AYB_CLIENT_CONFIG_FILE=" + filepath.Join(u.dir, "client.json"),
		"AYB_SERVER_URL=" + u.url(), "AYB_API_TOKEN=" + u.token,
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd
}
