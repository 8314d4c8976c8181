package process

import (
	"os"
	"strings"
	"testing"
)

// All threads have the timer slack afterwards, also the monitor of the runtime.
func TestSlackTimers(t *testing.T) {
	if err := setTimerSlack(); err != nil {
		if os.Geteuid() != 0 && os.IsPermission(err) {
			return // without CAP_SYS_NICE it fails
		}
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		if os.IsNotExist(err) {
			continue
		}
		if err != nil || strings.TrimSpace(string(text)) != "1000000" {
			t.Errorf("thread %s: %q, %v", thread.Name(), text, err)
		}
	}
}
