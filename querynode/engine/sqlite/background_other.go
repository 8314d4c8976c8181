//go:build !linux

package sqlite

// giveWay does nothing here: threads have no priority of their own.
func giveWay() {}
