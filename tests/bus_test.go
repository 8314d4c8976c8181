package tests

import (
	"strings"
	"testing"

	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/tests/harness"
)

// B6: separate roles connect over a bus with TLS, all with the same
// configuration. The certificate is for the name that other machines use.
func TestRolesTalkTLS(t *testing.T) {
	cert := bustest.Certify(t, t.TempDir(), 1, "bus.example.org")
	srv := harness.Start(t, harness.Split, harness.WithEnv("AYB__BUS__TLS_CERT="+cert.CertFile, "AYB__BUS__TLS_KEY="+cert.KeyFile))
	alice := srv.Register("alice") // the mail also goes over the bus
	alice.Create("shop.sqlite")
	alice.Exec("shop.sqlite", "CREATE TABLE t(x); INSERT INTO t VALUES ('hello')")
	if got := alice.Cell("shop.sqlite", "SELECT x FROM t"); got != "hello" {
		t.Errorf("got %q", got)
	}
	for _, role := range srv.Topology.Roles() {
		if out := srv.Process(role).Output(); strings.Contains(out, "tls:") || strings.Contains(out, "certificate") {
			t.Errorf("%s has trouble with TLS:\n%s", role, out)
		}
	}
}
