//go:build !linux

package process

// setTimerSlack does nothing: other systems have no timer slack.
func setTimerSlack() error { return nil }
