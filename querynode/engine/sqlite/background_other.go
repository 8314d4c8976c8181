//go:build !linux

package sqlite

// lowerPriority does nothing here: threads have no priority of their own.
func lowerPriority() {}
