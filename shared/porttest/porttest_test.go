package porttest_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/ayb-go/ayb/shared/porttest"
)

func TestTCP(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		port, err := porttest.FreePort()
		if err != nil || port < 10_000 || port >= 32_000 {
			t.Fatal(port, err)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		if seen[port] {
			t.Errorf("%d is in use and was given again", port)
		}
		seen[port] = true
	}
}
