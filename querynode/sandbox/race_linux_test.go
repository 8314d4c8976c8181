//go:build race

package sandbox

// dataLimit: the race detector reserves terabytes of private memory, so no
// RLIMIT_DATA can be in force with it.
func dataLimit(uint64) uint64 { return 0 }
