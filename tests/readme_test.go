package tests

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ayb-go/ayb/tests/harness"
)

// step is one block of commands and their output.
type step struct{ commands, output string }

// The README's tour works as written (pitfall O8): its commands run in order, in
// one shell, in the directory of a fresh server, and print the output in the
// README. `…` in the README stands for text that differs from run to run.
func TestReadmeTour(t *testing.T) {
	runDocument(t, "README.md")
}

// The examples of docs/api.md work as written, for a user with an account and a
// database.
func TestAPIDocument(t *testing.T) {
	runDocument(t, "docs/api.md", step{commands: `PATH="$PWD/bin:$PATH"
export AYB_SERVER_URL=http://localhost:5433
ayb client register alice alice@example.org > log
ayb client confirm "$(grep -o 'ayb client confirm [^"]*' ayb_data/emails.jsonl | cut -d ' ' -f 4)" > log
TOKEN=$(grep -o 'ayb_.*' log) DB=$AYB_SERVER_URL/v1/alice/shop.sqlite
ayb client create_database alice/shop.sqlite > log`})
}

// runDocument runs the commands of a document after others, and compares the
// output with the document.
func runDocument(t *testing.T, name string, before ...step) {
	t.Helper()
	steps := append(before, tour(t, name)...)
	dir := t.TempDir()
	bin, err := harness.Bin()
	if err != nil {
		t.Fatal(err)
	}
	port := startTourServer(t, dir, filepath.Join(bin, "ayb"))
	printed := runTour(t, dir, steps, port)
	if len(printed) != len(steps) {
		t.Fatalf("%d of %d blocks ran", len(printed), len(steps))
	}
	for i, s := range steps {
		if !matchesOutput(s.output, printed[i]) {
			t.Errorf("commands:\n%s\nprinted:\n%s\n%s says:\n%s", s.commands, printed[i], name, s.output)
		}
	}
}

// tour reads the blocks between the marks of a document.
func tour(t *testing.T, name string) []step {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(text), "<!-- tour:begin -->")
	blocks, _, ended := strings.Cut(rest, "<!-- tour:end -->")
	if !begun || !ended {
		t.Fatalf("%s has no tour:begin and tour:end", name)
	}
	var steps []step
	for _, m := range regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$").FindAllStringSubmatch(blocks, -1) {
		switch {
		case m[1] == "sh":
			steps = append(steps, step{commands: m[2]})
		case len(steps) == 0 || steps[len(steps)-1].output != "":
			t.Fatalf("output without commands: %s", m[2])
		default:
			steps[len(steps)-1].output = m[2]
		}
	}
	if len(steps) < 5 {
		t.Fatalf("only %d blocks of commands were found", len(steps))
	}
	return steps
}

// startTourServer starts a server as the README does, except that it uses a free
// port, and returns the port.
func startTourServer(t *testing.T, dir, program string) (port string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "bin", "ayb")); err != nil {
		t.Fatal(err)
	}
	sample, err := exec.CommandContext(t.Context(), program, "default_server_config").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ayb.toml"), sample, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(filepath.Join(dir, "bin", "ayb"), "all-in-one", "--config", "ayb.toml")
	cmd.Dir, cmd.Stderr = dir, &stderr
	cmd.Env = append(tourEnv(dir), "AYB__HOST=127.0.0.1", "AYB__PORT=0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	drained := make(chan struct{})
	go func() { // reads everything, so that the server never waits
		defer close(drained)
		defer close(lines)
		for scan := bufio.NewScanner(stdout); scan.Scan(); {
			if _, at, ok := strings.Cut(scan.Text(), "Starting server 127.0.0.1:"); ok {
				lines <- strings.TrimSuffix(at, "...")
			}
		}
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stop the server: %v", err)
		}
		<-drained
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v\n%s", err, stderr.String())
		} else if t.Failed() {
			t.Logf("the server's log:\n%s", stderr.String())
		}
	})
	select {
	case port, ok := <-lines:
		if !ok {
			t.Fatal("the server ended before it listened")
		}
		return port
	case <-time.After(time.Minute):
		t.Fatal("the server did not start within a minute")
		return ""
	}
}

// tourEnv returns the environment of a user who is new to ayb.
func tourEnv(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "LANG=C.UTF-8", harness.FastRaceExit}
}

// runTour runs the blocks in one shell and returns the output of each.
func runTour(t *testing.T, dir string, steps []step, port string) []string {
	t.Helper()
	const mark = "@@ end of block "
	var script strings.Builder
	for i, s := range steps {
		script.WriteString(strings.ReplaceAll(s.commands, "localhost:5433", "localhost:"+port))
		fmt.Fprintf(&script, "\nprintf '\\n%s%d\\n'\n", mark, i)
	}
	name := filepath.Join(dir, "tour.sh")
	if err := os.WriteFile(name, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", name)
	cmd.Dir, cmd.Env = dir, tourEnv(dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tour: %v\n%s", err, out)
	}
	var printed []string
	for i, rest := 0, string(out); ; i++ {
		block, after, ok := strings.Cut(rest, fmt.Sprintf("\n%s%d\n", mark, i))
		if !ok {
			return printed
		}
		printed, rest = append(printed, block), after
	}
}

// matchesOutput compares two outputs, ignoring blanks at the ends of lines and
// line breaks at the end.
func matchesOutput(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(visible(want)), "…", `[A-Za-z0-9_=.-]+`)
	return regexp.MustCompile("^" + pattern + "$").MatchString(visible(got))
}

func visible(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \r")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func TestMatchesOutput(t *testing.T) {
	for _, c := range []struct {
		want, got string
		alike     bool
	}{
		{"token ayb_…\n", "token ayb_x_Y1=\n", true},
		{" a | b\n---\n", " a | b \n---", true},
		{"\nRows: 0\n", "\nRows: 0\n\n", true},
		{"Rows: 0", "\nRows: 0", false},
		{"token ayb_…", "token ayb_ x", false},
		{"403", "200", false},
		{"", "Error", false},
	} {
		if matchesOutput(c.want, c.got) != c.alike {
			t.Errorf("%q and %q", c.want, c.got)
		}
	}
}

// The list of build tags is the same in all places.
func TestBuildTagsAgree(t *testing.T) {
	for name, want := range map[string]string{
		"Makefile":      "\nTAGS := " + harness.Tags + "\n",
		"README.md":     "\ngo install -tags " + harness.Tags + " " + module + "@latest\n",
		".golangci.yml": "  build-tags:\n    - " + strings.ReplaceAll(harness.Tags, ",", "\n    - ") + "\n\n",
	} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s has other build tags than tests/harness: it lacks %q", name, want)
		}
	}
}
