//go:build !unix

package querynode

func freeBytes(string) uint64 { return 0 }
