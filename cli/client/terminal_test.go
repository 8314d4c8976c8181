//go:build linux

package client_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ayb-go/ayb/cli/client"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// drawing is the output of the editor before it draws its line.
const drawing = "\x1b[?25l"

// childVariable makes the test binary run the program.
const childVariable = "AYB_TEST_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	cmd := client.New(client.IO{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	cmd.SetArgs(os.Args[1:])
	err := cmd.Execute()
	client.Report(os.Stderr, err)
	os.Exit(client.ExitCode(err))
}

// console is a terminal in which the program runs.
type console struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	exited chan error
	rows   int // number of answers that arrives has counted

	mu     sync.Mutex
	screen strings.Builder // the complete output
}

// openConsole starts the client on a new pseudo-terminal.
func openConsole(t *testing.T, u *user, args ...string) *console {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 120}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	c := &console{t: t, master: master, exited: make(chan error, 1), cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = slave, slave, slave
	c.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	c.cmd.Env = append(os.Environ(), childVariable+"=1", "TERM=xterm", "INPUTRC=/dev/null")
	for k, v := range u.env {
		c.cmd.Env = append(c.cmd.Env, k+"="+v)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go c.watch()
	go func() { c.exited <- c.cmd.Wait() }()
	t.Cleanup(func() { master.Close() })
	return c
}

// watch records the output.
func (c *console) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := c.master.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.screen.Write(buf[:n])
		c.mu.Unlock()
	}
}

func (c *console) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.screen.String()
}

// await waits for a condition.
func (c *console) await(what string, is func() bool) {
	c.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("still waiting for %s; last output:\n%q", what, last(c.text()))
		}
	}
}

// last returns the end of a text, for messages.
func last(text string) string { return text[max(0, len(text)-2000):] }

// settle waits until the editor has drawn its line after this many bytes of
// output.
func (c *console) settle(from int) {
	c.t.Helper()
	c.await("the line to be drawn", func() bool {
		text := c.text()[from:]
		_, drawn, begun := cutLast(text, drawing)
		return begun && strings.Contains(drawn, "\x1b[?25h")
	})
}

// ready waits for a text and for the prompt below it.
func (c *console) ready(text, prompt string) {
	c.t.Helper()
	c.await(fmt.Sprintf("%q and a prompt", text), func() bool {
		_, below, ok := cutLast(c.text(), text)
		return ok && strings.Contains(below, prompt)
	})
	before, _, _ := cutLast(c.text(), text)
	c.settle(len(before))
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// keys types one key after another, as a user does.
func (c *console) keys(keys ...string) {
	c.t.Helper()
	for _, k := range keys {
		from := len(c.text())
		if _, err := io.WriteString(c.master, k); err != nil {
			c.t.Fatal(err)
		}
		c.settle(from)
	}
}

// statement types a line and Enter, and waits for the answer and a new prompt.
func (c *console) statement(line, want, prompt string) {
	c.t.Helper()
	c.keys(strings.Split(line, "")...)
	before := strings.Count(c.text(), want)
	c.keys("\r")
	c.await(want, func() bool { return strings.Count(c.text(), want) > before })
	c.ready(want, prompt)
}

// exit types keys and waits for the program to end with status 0.
func (c *console) exit(keys string) {
	c.t.Helper()
	if _, err := io.WriteString(c.master, keys); err != nil {
		c.t.Fatal(err)
	}
	select {
	case err := <-c.exited:
		if err != nil {
			c.t.Errorf("ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		c.t.Fatalf("does not end; printed last:\n%q", last(c.text()))
	}
}

// C7: the session on a real terminal.
func TestSessionOnTerminal(t *testing.T) {
	const prompt = "A/b.sqlite> "
	s := newServer(t, withSchema(echo))
	u := atServer(t, s)
	c := openConsole(t, u, "query", "A/b.sqlite")
	c.ready("Launching an interactive session for A/b.sqlite", prompt)
	c.statement("SELECT 1;", "Rows: 1", prompt)
	c.keys("S", "E", "L", "\r") // the statement goes on in the next line
	c.statement("2;", "Rows: 1", prompt)
	c.statement("bad;", "syntax error", prompt) // and the session goes on
	// A setting and its statements in one input are one request.
	c.statement("PRAGMA foreign_keys=OFF; DELETE FROM t; SELECT 3;", "Rows: 1", prompt)
	c.statement("PRAGMA foreign_keys=OFF;", "Rows: 1", prompt) // which the real server refuses
	c.keys("d", "r", "o", "p", "\x03")                         // Ctrl-C clears the line
	c.keys("\x1b[A", "\x1b[A", "\x1b[A", "\x1b[A")             // back in the history: the statement of two lines
	c.statement("", "Rows: 1", prompt)
	c.keys(".", "q", "u", "i", "t")
	c.exit("\r")
	if got := s.statements(); got != "SELECT 1;|SEL\n2;|bad;|PRAGMA foreign_keys=OFF;\nDELETE FROM t;\nSELECT 3;|PRAGMA foreign_keys=OFF;|SEL\n2;" {
		t.Errorf("sent %q", got)
	}

	// The next session has the history; Ctrl-D ends it.
	c = openConsole(t, u, "query", "A/b.sqlite")
	c.ready("Launching", prompt)
	c.keys("\x1b[A")
	if _, drawn, _ := cutLast(c.text(), drawing); !strings.Contains(drawn, ".quit") {
		t.Errorf("the last entry is not offered: %q", drawn)
	}
	c.keys("\x03")
	c.exit("\x04")
	// Ctrl-C on an empty line ends it, too.
	c = openConsole(t, u, "query", "A/b.sqlite")
	c.ready("Launching", prompt)
	c.exit("\x03")
}

// Ctrl-C cancels a statement, also on the server, and the session goes on.
func TestInterruptOnTerminal(t *testing.T) {
	const prompt = "a/b> "
	arrived, stopped := make(chan struct{}), make(chan struct{})
	s := newServer(t, func(r *http.Request, body string) (int, any) {
		if strings.HasPrefix(body, "slow") {
			close(arrived)
			<-r.Context().Done()
			close(stopped)
		}
		return echo(r, body)
	})
	c := openConsole(t, atServer(t, s), "query", "a/b")
	c.ready("Launching", prompt)
	c.keys("s", "l", "o", "w", ";")
	for _, step := range []struct {
		key  string
		done chan struct{}
	}{{"\r", arrived}, {"\x03", stopped}} {
		if _, err := io.WriteString(c.master, step.key); err != nil {
			t.Fatal(err)
		}
		select {
		case <-step.done:
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing came of %q", step.key)
		}
	}
	c.ready("Error: The request was canceled", prompt)
	c.statement("SELECT 1;", "Rows: 1", prompt)
	c.exit("\x04")
}

// withSchema also answers the request for the schema.
func withSchema(next func(*http.Request, string) (int, any)) func(*http.Request, string) (int, any) {
	return func(r *http.Request, body string) (int, any) {
		if r.Method == http.MethodGet {
			return 200, shop()
		}
		return next(r, body)
	}
}

// C7: Tab completes the names of the database, also new ones.
func TestCompletionOnTerminal(t *testing.T) {
	const prompt = "a/b> "
	var table atomic.Value
	table.Store("fruit")
	s := newServer(t, func(r *http.Request, body string) (int, any) {
		if r.Method == http.MethodGet {
			return 200, daemonapi.Schema{Tables: []daemonapi.Table{{Name: table.Load().(string), Columns: []daemonapi.Column{{Name: "price"}}}}}
		}
		table.Store("vegetable")
		return echo(r, body)
	})
	schemas := func(n int) func() bool {
		return func() bool { return strings.Count(s.seen(), "/schema") == n }
	}
	c := openConsole(t, atServer(t, s), "query", "a/b")
	c.ready("Launching", prompt)
	c.await("the schema", schemas(1))
	c.keys("t", "a", "k", "e", " ", "f", "r", "u", "\t", ".", "p", "r", "i", "\t", ";")
	c.statement("", "Rows: 1", prompt)
	if got := s.statements(); got != "take fruit.price;" && got != "take fruit .price ;" {
		t.Errorf("sent %q", got)
	}
	c.statement("CREATE;", "Rows: 1", prompt)
	c.await("the schema once more", schemas(2))
	c.keys("v", "e", "g", "\t", ";")
	c.statement("", "Rows: 1", prompt)
	if got := s.statements(); !strings.Contains(got, "|vegetable") {
		t.Errorf("sent %q", got)
	}
	c.exit("\x04")
}

// Ctrl-C cancels a query, with one line and the exit code of a shell.
func TestInterruptedQuery(t *testing.T) {
	arrived, stopped := make(chan struct{}), make(chan struct{})
	s := newServer(t, func(r *http.Request, _ string) (int, any) {
		close(arrived)
		<-r.Context().Done()
		close(stopped)
		return 200, ""
	})
	c := openConsole(t, atServer(t, s), "query", "a/b", "slow")
	wait := func(what string, done <-chan struct{}) {
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: nothing came of it", what)
		}
	}
	wait("the query", arrived)
	if _, err := io.WriteString(c.master, "\x03"); err != nil {
		t.Fatal(err)
	}
	wait("Ctrl-C", stopped)
	select {
	case err := <-c.exited:
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 130 {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("does not end")
	}
	c.await("one line", func() bool { return c.text() == "^CError: The request was canceled\r\n" })
}

// A long script shows its progress, on a terminal only.
func TestProgressOnTerminal(t *testing.T) {
	goOn := make(chan struct{})
	var n atomic.Int64
	s := newServer(t, taking(3000, func(r *http.Request, body string) (int, any) {
		if n.Add(1) == 3 {
			<-goOn
		}
		return lines(values)(r, body)
	}))
	u := atServer(t, s)
	c := openConsole(t, u, "query", "a/b", "--file", u.scriptFile(rows(100)), "--format", "ndjson")
	c.await("progress", func() bool { return strings.Contains(c.text(), " of ") && strings.Contains(c.text(), "KiB/s") })
	close(goOn)
	c.exit("")
	c.await("the end", func() bool { return strings.Contains(c.text(), "9.2 KiB of 9.2 KiB") })
	if !strings.Contains(c.text(), ending) {
		t.Errorf("the results are lost in %q", c.text())
	}
}

// A terminal that can only print lines has a session without editing.
func TestSessionOnDumbTerminal(t *testing.T) {
	s := newServer(t, echo)
	u := atServer(t, s)
	u.env["TERM"] = "dumb"
	c := openConsole(t, u, "query", "a/b")
	for _, step := range []struct{ line, want string }{
		{"SELECT\n", "...> "}, {"1;\n", "Rows: 1\r\na/b> "}, {"bad;\n", "syntax error\r\na/b> "},
	} {
		if _, err := io.WriteString(c.master, step.line); err != nil {
			t.Fatal(err)
		}
		c.await(step.want, func() bool { return strings.Contains(c.text(), step.want) })
	}
	c.exit("\x04")
	if got := s.statements(); got != "SELECT\n1;|bad;" {
		t.Errorf("sent %q", got)
	}
}
