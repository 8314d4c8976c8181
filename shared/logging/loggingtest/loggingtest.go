// Package loggingtest makes loggers that write into the output of a test. Only
// tests import it.
package loggingtest

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/shared/logging"
)

// New makes a logger of all levels that writes to t.Log. It drops lines that
// are logged after the end of the test.
func New(t testing.TB) *slog.Logger {
	w := &writer{t: t}
	t.Cleanup(w.stop)
	return logging.New(w, slog.LevelDebug)
}

// writer forwards to t.Log, which panics once the test is over.
type writer struct {
	mu sync.Mutex
	t  testing.TB // nil once the test is over
}

func (w *writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.t != nil {
		w.t.Logf("%s", strings.TrimSuffix(string(line), "\n"))
	}
	return len(line), nil
}

func (w *writer) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t = nil
}
