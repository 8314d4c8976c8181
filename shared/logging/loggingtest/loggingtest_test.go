package loggingtest_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/logging/loggingtest"
)

// recorder is a test that keeps what is logged with it.
type recorder struct {
	testing.TB
	lines    []string
	cleanups []func()
}

func (r *recorder) Logf(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func TestLinesGoToTheTestUntilItEnds(t *testing.T) {
	r := &recorder{TB: t}
	log := loggingtest.New(r)
	log.Debug("first", slog.Int("n", 1))
	for _, f := range r.cleanups {
		f()
	}
	log.Error("late")
	if len(r.lines) != 1 || !strings.Contains(r.lines[0], "msg=first n=1") || strings.HasSuffix(r.lines[0], "\n") {
		t.Errorf("%q", r.lines)
	}
}
