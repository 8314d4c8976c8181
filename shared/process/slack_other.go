//go:build !linux

package process

// slackTimers does nothing here.
func slackTimers() error { return nil }
