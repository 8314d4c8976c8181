package process

import (
	"fmt"
	"os"
	"strconv"
)

// timerSlack is the delay, in nanoseconds, that the kernel may add to timers of
// our threads.
//
// The monitor thread of the Go runtime wakes up every 20 µs while goroutines
// run, and is woken by a system call after each pause. In a process with many
// small requests this takes a third of the processor time. No timer of this
// process has to be exact to the microsecond.
const timerSlack = 1_000_000

// setTimerSlack sets the timer slack of all threads of this process; later
// threads inherit it. For threads other than the calling one this needs
// CAP_SYS_NICE. Without that capability, systemd can set it with TimerSlackNSec.
func setTimerSlack() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		err := os.WriteFile("/proc/"+t.Name()+"/timerslack_ns", strconv.AppendInt(nil, timerSlack, 10), 0)
		if err != nil && !os.IsNotExist(err) { // a missing file is a thread that has ended
			return fmt.Errorf("set the timer slack: %w", err)
		}
	}
	return nil
}
