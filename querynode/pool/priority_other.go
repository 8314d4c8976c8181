//go:build !linux

package pool

// stepBack does nothing here.
func stepBack() {}
