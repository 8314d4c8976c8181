//go:build !linux

package pool

import "time"

// comeFirst does nothing here.
func comeFirst() error { return nil }

// stepBack does nothing here.
func stepBack() error { return nil }

// giveUpPrivileges does nothing here.
func giveUpPrivileges() error { return nil }

// processorTime is known on Linux only.
func processorTime(int) (time.Duration, bool) { return 0, false }
