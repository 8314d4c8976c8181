package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ayb-go/ayb/tests/harness"
)

// peaks are the most resident memory that a process of each role has had, as
// the kernel counts it (VmHWM), in bytes.
type peaks map[string]int64

// add takes the larger of both.
func (p peaks) add(role string, bytes int64) { p[role] = max(p[role], bytes) }

// most is that of the largest process.
func (p peaks) most() int64 {
	if len(p) == 0 {
		return 0
	}
	return slices.Max(slices.Collect(maps.Values(p)))
}

func (p peaks) String() string {
	var s []string
	for _, role := range slices.Sorted(maps.Keys(p)) {
		s = append(s, fmt.Sprintf("%s %.0f MB", role, float64(p[role])/1e6))
	}
	return strings.Join(s, ", ")
}

// watchPeaks looks at the processes of a server, and at others that are given
// by role, until stop; processes that come and go meanwhile count, too. The
// kernel forgets what was before.
func (s *server) watchPeaks(others map[string]int, stop <-chan struct{}) peaks {
	forgotten, p := map[int]bool{}, peaks{}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		all := s.processes()
		for role, pid := range others {
			all[role] = append(all[role], pid)
		}
		for role, pids := range all {
			for _, pid := range pids {
				if !forgotten[pid] {
					forgotten[pid] = true
					// It needs a right; without it, what was before counts.
					_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
				}
				p.add(role, harness.PeakRSS(pid))
			}
		}
		select {
		case <-tick.C:
		case <-stop:
			return p
		}
	}
}

// largest are the roles with their memory over all steps.
func largest(steps []step) peaks {
	p := peaks{}
	for _, s := range steps {
		for role, n := range s.memory {
			p.add(role, n)
		}
	}
	return p
}
