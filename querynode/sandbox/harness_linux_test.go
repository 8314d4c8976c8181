package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The sandbox cannot be taken off again, so each test starts this test binary
// anew with childEnv set, in which case TestMain runs one of children and ends.
const (
	childEnv = "AYB_SANDBOX_CHILD"
	argsEnv  = "AYB_SANDBOX_ARGS"
)

// childArgs is what a child is told.
type childArgs struct {
	Policy  Policy
	Dir     string // the first writable directory
	Outside string // a directory that the child must not reach
}

// outcome maps what was tried to the error's text, "" for success.
type outcome map[string]string

func (o outcome) add(what string, err error) {
	o[what] = ""
	if err != nil {
		o[what] = err.Error()
	}
}

func children() map[string]func(childArgs) (any, error) {
	return map[string]func(childArgs) (any, error){
		"probe":            func(a childArgs) (any, error) { return Probe(a.Policy, a.Outside) },
		"no-landlock":      probeWithout(unix.SYS_LANDLOCK_CREATE_RULESET, unix.ENOSYS),
		"landlock-off":     probeWithout(unix.SYS_LANDLOCK_CREATE_RULESET, unix.EOPNOTSUPP),
		"landlock-blocked": probeWithout(unix.SYS_LANDLOCK_CREATE_RULESET, unix.EPERM),
		"no-seccomp":       probeWithout(unix.SYS_SECCOMP, unix.ENOSYS),
		"seccomp-blocked":  probeWithout(unix.SYS_SECCOMP, unix.EPERM),
		"apply":            func(a childArgs) (any, error) { return Apply(a.Policy) },
		"attack":           attack,
		"threads":          attackFromOldThreads,
		"files":            useFiles,
		"runtime":          useRuntime,
		"channel":          useChannel,
		"wait":             waitForEnd,
		"wal":              useWAL,
		"spill":            spill,
		"cgo-threads":      manyThreads,
		"full":             fillDisk,
		"memory":           fillMemory,
		"recursion":        recurse,
	}
}

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	var args childArgs
	if err := json.Unmarshal([]byte(os.Getenv(argsEnv)), &args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	result, err := children()[name](args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		os.Exit(4)
	}
	os.Exit(0)
}

// newArgs makes the two directories and a policy for the first.
func newArgs(t *testing.T) childArgs {
	t.Helper()
	root := t.TempDir()
	a := childArgs{Dir: filepath.Join(root, "inside"), Outside: filepath.Join(root, "outside")}
	for _, dir := range []string{a.Dir, filepath.Join(a.Dir, "tmp"), a.Outside} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(a.Outside, "secret"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	a.Policy = Policy{WritableDirs: []string{a.Dir}, FileBytes: 1 << 30}
	return a
}

// command prepares a child with the empty environment of a daemon.
func command(t *testing.T, name string, a childArgs) *exec.Cmd {
	t.Helper()
	// A child that hangs has failed; no child needs nearly as long.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = []string{
		childEnv + "=" + name, argsEnv + "=" + string(raw),
		"SQLITE_TMPDIR=" + filepath.Join(a.Dir, "tmp"), "GORACE=atexit_sleep_ms=0",
	}
	return cmd
}

// run runs a child to its end and decodes what it printed.
func run[T any](t *testing.T, name string, a childArgs) T {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(t, name, a)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("child %s: %v\n%s", name, err, errs.String())
	}
	var result T
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatalf("child %s printed %q: %v", name, out.String(), err)
	}
	return result
}

// useChannel echoes the inherited socket through plain read and write, once as
// a polled descriptor, until the peer closes its end.
func useChannel(a childArgs) (any, error) {
	if err := unix.SetNonblock(3, true); err != nil {
		return nil, err
	}
	f := os.NewFile(3, "channel")
	if _, err := Apply(a.Policy); err != nil {
		return nil, err
	}
	n, err := io.Copy(struct{ io.Writer }{f}, struct{ io.Reader }{f})
	// A deadline works only for a polled descriptor.
	return n, errors.Join(err, f.SetReadDeadline(time.Now()))
}

// waitForEnd says that it is ready and lives until its standard input ends.
func waitForEnd(a childArgs) (any, error) {
	r, err := Apply(a.Policy)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return r, err
}
