// Package porttest finds ports on loopback for the servers that tests start as
// programs. Nothing but tests may use it.
package porttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// The ports are below those that systems give to connections (32768 and above
// on Linux, 49152 elsewhere): a connection to somebody else would take such a
// port before the server does, or while it is restarted.
const (
	first = 10_000
	last  = 32_000
)

// FreePort gives a port at which nobody listens on loopback.
func FreePort() (int, error) {
	var err error
	for range 100 {
		port := first + rand.IntN(last-first)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil { //nolint:noctx // a moment on loopback
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("find a free port: %w", errors.Join(err, errors.New("none of a hundred is free")))
}
