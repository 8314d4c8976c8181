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

// peaks are the peaks of the resident memory (VmHWM) of a process of each role,
// in bytes.
type peaks map[string]int64

// add keeps the larger value.
func (p peaks) add(role string, bytes int64) { p[role] = max(p[role], bytes) }

// most returns the peak of the largest process.
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

// watchPeaks follows the memory of a server's processes, and of others that are
// given by role, until stop. New processes count too. At the beginning the
// kernel resets the peaks.
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
					// This needs a privilege; without it the earlier peak counts.
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

// largest returns the peak of each role over all steps.
func largest(steps []step) peaks {
	p := peaks{}
	for _, s := range steps {
		for role, n := range s.memory {
			p.add(role, n)
		}
	}
	return p
}
