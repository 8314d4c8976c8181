package pgtest

import (
	"bytes"
	"fmt"
	"os/exec"
	"time"
)

// guardScript waits for the end of its input, which comes with the end of the test
// process at the latest. Then it stops the server of the directory and removes the
// directory. It leaves another process alone that has the id of the server by now.
const guardScript = `
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
ours() { [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$1/data" ]; }
if ours "$1"; then
	kill -QUIT "$pid"
	n=0
	while ours "$1" && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done
	! ours "$1" || kill -KILL "$pid"
fi
rm -rf "$1"
`

func (s *Server) startGuard() error {
	s.guard = exec.Command("sh", "-c", guardScript, "guard", s.dir) //nolint:noctx // it has to outlive this process
	s.guard.SysProcAttr = ownSession()
	// The pipe stays open until remove or the end of this process.
	leash, err := s.guard.StdinPipe()
	if err != nil {
		return err
	}
	s.guardInput = leash
	if err := s.guard.Start(); err != nil {
		return fmt.Errorf("could not start the guard of PostgreSQL: %w", err)
	}
	return nil
}

// remove stops the server and removes its directory.
func (s *Server) remove() error {
	if err := s.guardInput.Close(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- s.guard.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(timeout):
		return fmt.Errorf("the guard of PostgreSQL did not end within %s", timeout)
	}
}

// previousServerAlive reports whether the log of a server says that the previous one
// still runs.
func previousServerAlive(log []byte) bool {
	return bytes.Contains(log, []byte("pre-existing shared memory block")) || bytes.Contains(log, []byte("lock file \"postmaster.pid\" already exists"))
}
