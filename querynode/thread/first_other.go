//go:build !linux

package thread

// isFirst returns false: other systems have no control groups.
func isFirst() bool { return false }
