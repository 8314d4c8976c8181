//go:build !linux

package process

// setTimerSlack does nothing here.
func setTimerSlack() error { return nil }
