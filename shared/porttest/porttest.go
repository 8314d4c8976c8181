// Package porttest finds free loopback ports for servers that tests start as
// programs. Only tests import it.
package porttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// The range is below the ports of outgoing connections (32768 and above on Linux,
// 49152 elsewhere). A connection could take such a port before the server does,
// or during a restart of the server.
const (
	first = 10_000
	last  = 32_000
)

// FreePort returns a loopback port without a listener.
func FreePort() (int, error) {
	var err error
	for range 100 {
		port := first + rand.IntN(last-first)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil { //nolint:noctx // a moment on loopback
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("find a free port: %w", errors.Join(err, errors.New("100 ports were tried")))
}
