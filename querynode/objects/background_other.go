//go:build !linux

package objects

// inBackground runs fn.
func inBackground(fn func()) { fn() }
