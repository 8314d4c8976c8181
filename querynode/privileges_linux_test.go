package querynode_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A daemon of root has one privilege, to use its own files. Its random numbers
// need no device, which it could not open.
func TestDaemonsOfRootHaveNoPrivileges(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	seen := map[string]bool{}
	for range 2 {
		seen[n.cell("a", "SELECT hex(randomblob(16))")] = true
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.daemonOf("a")))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			if name != "CapEff" && name != "CapPrm" && name != "CapInh" && name != "CapAmb" {
				continue
			}
			caps, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			if err != nil || caps&^(1<<unix.CAP_DAC_OVERRIDE) != 0 {
				t.Errorf("%s of a daemon: %x, %v", name, caps, err)
			}
		}
		n.killDaemon("a")
	}
	if len(seen) != 2 {
		t.Errorf("two daemons have the same random numbers: %v", seen)
	}
}
