//go:build !linux

package socketpair

import (
	"errors"
	"os"
)

var errPlatform = errors.New("query daemons need Linux")

// Pair fails on this system.
func Pair() (ours, theirs *os.File, err error) { return nil, nil, errPlatform }

func writeNow(uintptr, []byte) int { return 0 }

// Inherited fails on this system.
func Inherited(uintptr) (*os.File, error) { return nil, errPlatform }
