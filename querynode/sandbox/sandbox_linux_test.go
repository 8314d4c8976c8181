package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// S11: the report comes from attempts.
func TestProbe(t *testing.T) {
	a := newArgs(t)
	a.Policy.DataBytes = dataLimit(512 << 20)
	r := run[Report](t, "probe", a)
	if !r.Complete() {
		t.Errorf("probe on this machine: %+v", r)
	}
	if r.LandlockABI < 1 {
		t.Errorf("ABI %d", r.LandlockABI)
	}
}

// S11: the probe notices missing restrictions, and does not repeat the policy.
func TestProbeNoticesWhatIsPossible(t *testing.T) {
	t.Run("outside is inside", func(t *testing.T) {
		a := newArgs(t)
		a.Outside = filepath.Join(a.Dir, "tmp")
		r := run[Report](t, "probe", a)
		if r.Filesystem || r.Complete() || len(r.Missing) != 1 || !strings.Contains(r.Missing[0], "read a file outside") {
			t.Errorf("got %+v", r)
		}
		if !r.Network || !r.Seccomp || !r.Rlimits || !r.NoNewPrivs {
			t.Errorf("the rest must not suffer: %+v", r)
		}
	})
	t.Run("outside does not exist", func(t *testing.T) {
		a := newArgs(t)
		a.Outside = filepath.Join(a.Outside, "absent")
		if out, err := command(t, "probe", a).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("before it is on")) {
			t.Errorf("got %v, %s", err, out)
		}
	})
}

// The kernel reports the restrictions for every thread.
func TestAllThreads(t *testing.T) {
	cmd := command(t, "wait", newArgs(t))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", cmd.Process.Pid))
	if err != nil || len(files) < 3 {
		t.Fatalf("threads %v, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n"} {
			if !bytes.Contains(b, []byte(want)) {
				t.Errorf("%s lacks %q", f, want)
			}
		}
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Max open files": "64", "Max core file size": "0", "Max file size": "1073741824",
	} {
		if got := limitOf(string(limits), name); got != [2]string{want, want} {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
	in.Close()
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func limitOf(limits, name string) (softHard [2]string) {
	for line := range strings.SplitSeq(limits, "\n") {
		if rest, ok := strings.CutPrefix(line, name); ok {
			copy(softHard[:], strings.Fields(rest))
		}
	}
	return softHard
}

// useFiles does what a daemon does with files.
func useFiles(a childArgs) (any, error) {
	if _, err := Apply(a.Policy); err != nil {
		return nil, err
	}
	o := outcome{}
	path := func(name string) string { return filepath.Join(a.Dir, name) }
	o.add("write", os.WriteFile(path("a"), []byte("hello"), 0o600))
	_, err := os.ReadFile(path("a"))
	o.add("read", err)
	o.add("rename", os.Rename(path("a"), path("b")))
	o.add("rename between directories", os.Rename(path("b"), path("tmp/b")))
	list, err := os.ReadDir(path("tmp"))
	o.add(fmt.Sprintf("list %d", len(list)), err)
	f, err := os.CreateTemp(path("tmp"), "t")
	o.add("temporary file", err)
	o.add("truncate", f.Truncate(10))
	o.add("sync", f.Sync())
	o.add("allocate", unix.Fallocate(int(f.Fd()), 0, 0, 4096))
	o.add("close", f.Close())
	o.add("remove", os.Remove(f.Name()))
	_, err = filepath.EvalSymlinks(path("tmp"))
	o.add("resolve", err)
	return o, nil
}

// useRuntime uses what the Go runtime needs of the kernel.
func useRuntime(a childArgs) (any, error) {
	if _, err := Apply(a.Policy); err != nil {
		return nil, err
	}
	o := outcome{}
	// A loop without calls is stopped for the collector only by a signal.
	var stop atomic.Bool
	var spin sync.WaitGroup
	spin.Go(func() {
		for !stop.Load() {
		}
	})
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			var keep [][]byte
			for range 50 {
				keep = append(keep, make([]byte, 4096))
				<-time.After(time.Millisecond)
			}
			runtime.KeepAlive(keep)
		})
	}
	for range 5 {
		runtime.GC()
	}
	wg.Wait()
	stop.Store(true)
	spin.Wait()
	_, err := unix.Getrandom(make([]byte, 32), 0)
	o.add("random bytes", err)
	return o, nil
}

func TestAllowed(t *testing.T) {
	for _, child := range []string{"files", "runtime"} {
		t.Run(child, func(t *testing.T) {
			for what, got := range run[outcome](t, child, newArgs(t)) {
				if got != "" {
					t.Errorf("%s: %s", what, got)
				}
			}
		})
	}
}

// A socket that was open before keeps working, both ways.
func TestChannel(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	cmd := command(t, "channel", newArgs(t))
	cmd.ExtraFiles = []*os.File{theirs}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	var writer sync.WaitGroup
	writer.Go(func() {
		if _, err := ours.Write(sent); err != nil {
			t.Error(err)
		}
	})
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(ours, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("echo: %v", err)
	}
	writer.Wait()
	ours.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, errs.String())
	}
}

func TestApplyRefusesABadPolicy(t *testing.T) {
	// None of these gets as far as changing this process.
	for name, p := range map[string]Policy{
		"no directory": {},
		"relative":     {WritableDirs: []string{"data"}},
		"root":         {WritableDirs: []string{"/"}},
		"root, hidden": {WritableDirs: []string{"/tmp/.."}},
		"overflow":     {WritableDirs: []string{"/tmp"}, FileBytes: 1 << 63},
	} {
		if _, err := Apply(p); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	a := newArgs(t)
	a.Policy.WritableDirs = append(a.Policy.WritableDirs, filepath.Join(a.Dir, "absent"))
	if out, err := command(t, "apply", a).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("Landlock")) {
		t.Errorf("absent directory: %v, %s", err, out)
	}
}
