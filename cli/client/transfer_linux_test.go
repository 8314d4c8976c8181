package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// At a terminal, delete_database asks for the name, and transfers show their
// progress.
func TestTransferOnTerminal(t *testing.T) {
	s := newServer(t, ok(200, "{}"))
	u := atServer(t, s)
	c := openConsole(t, u, "delete_database", "A/b")
	c.await("the question", func() bool { return strings.Contains(c.text(), "This deletes the database A/b.") })
	c.exit("A/b\r")
	if got := s.seen(); got != "DELETE /v1/A/b [Authorization=Bearer ayb_s_l]" {
		t.Errorf("sent %s", got)
	}
	c = openConsole(t, u, "delete_database", "A/b")
	c.await("the question", func() bool { return strings.Contains(c.text(), "This deletes the database A/b.") })
	if _, err := c.master.WriteString("a/b\r"); err != nil {
		t.Fatal(err)
	}
	c.await("the refusal", func() bool { return strings.Contains(c.text(), "The name is different: nothing was deleted") })

	s.set(ok(200, `{"format":"csv","rows":5,"table":"t"}`))
	path := filepath.Join(t.TempDir(), "x.csv")
	write(t, path, strings.Repeat("a,b\n", 8<<10))
	c = openConsole(t, u, "import", path, "A/b:t")
	c.exit("")
	c.await("progress", func() bool { return strings.Contains(c.text(), "32.0 KiB of 32.0 KiB") })
	c.await("the answer", func() bool { return strings.Contains(c.text(), "Imported 5 rows") })

	s.set(ok(200, strings.Repeat("a", 64<<10)))
	c = openConsole(t, u, "export", "A/b", filepath.Join(t.TempDir(), "y.csv"))
	c.exit("")
	c.await("progress", func() bool { return strings.Contains(c.text(), "64.0 KiB") && strings.Contains(c.text(), "iB/s") })
	c = openConsole(t, u, "export", "A/b", "-")
	c.await("the refusal", func() bool { return strings.Contains(c.text(), "A database file cannot be printed on a terminal") })
}

// Ctrl-C and SIGTERM leave no part of a file.
func TestExportInterrupted(t *testing.T) {
	for _, by := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(by.String(), func(t *testing.T) { exportEndedBy(t, by) })
	}
}

func exportEndedBy(t *testing.T, by os.Signal) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("part"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer s.Close()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "--url", s.URL, "--token", "ayb_s_l", "export", "A/b", filepath.Join(dir, "x.csv"))
	cmd.Env = append(os.Environ(), childVariable+"=1", "HOME="+t.TempDir())
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waiting := &console{t: t}
	waiting.await("a part", func() bool {
		parts, err := filepath.Glob(filepath.Join(dir, ".ayb-*.part"))
		if err != nil || len(parts) != 1 {
			return false
		}
		info, err := os.Stat(parts[0])
		return err == nil && info.Size() == 4
	})
	if err := cmd.Process.Signal(by); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 130 || out.String() != "Error: The request was canceled\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	if got := files(t, dir); got != "" {
		t.Errorf("left %s", got)
	}
}
