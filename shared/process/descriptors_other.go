//go:build !unix

package process

// descriptorLimit returns zero: the limit is unknown on this system.
func descriptorLimit() uint64 { return 0 }
