// Package loggingtest gives tests a logger that writes into the test's own
// output. Product code never imports it.
package loggingtest

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/ayb-go/ayb/shared/logging"
)

// New makes a logger of all levels whose lines appear with the test that owns
// it. What is logged after the end of the test is dropped.
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
