package process

import (
	"fmt"
	"os"
	"strconv"
)

// timerSlack is how late, in nanoseconds, timers of our threads may be.
//
// The monitor of the Go runtime wants to wake up every 20 µs while anything is
// under way, and sleeps until it is woken by a system call as soon as nothing
// is. In a process that waits a little within each of many small requests both
// together are a third of its processor time. Nothing here needs timers that
// exact.
const timerSlack = 1_000_000

// setTimerSlack lets the threads of this process be late; threads to come inherit
// it. A process may do that to others than its calling thread only with
// CAP_SYS_NICE: without it, who starts the process can say it, such as systemd
// with TimerSlackNSec.
func setTimerSlack() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		err := os.WriteFile("/proc/"+t.Name()+"/timerslack_ns", strconv.AppendInt(nil, timerSlack, 10), 0)
		if err != nil && !os.IsNotExist(err) { // it has ended
			return fmt.Errorf("let timers be late: %w", err)
		}
	}
	return nil
}
