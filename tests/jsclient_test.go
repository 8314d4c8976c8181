package tests

import (
	"os"
	"os/exec"
	"testing"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// The JavaScript client passes its own tests in Node.js, against a real server.
func TestJavaScriptClient(t *testing.T) {
	if _, err := os.Stat("../web/client/dist/index.js"); err != nil {
		t.Fatalf("the client is not built (make client builds it): %v", err)
	}
	srv := harness.Start(t, harness.AllInOne)
	alice := srv.Register("alice")
	alice.Create("app.sqlite")
	other, err := alice.CreateToken(t.Context(), httpapi.NewTokenRequest{Database: "alice/app.sqlite", Level: "read-only"})
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "--test", "client/test/")
	node.Dir = "../web"
	node.Env = append(os.Environ(), "AYB_URL="+srv.URL+"/v1/alice/app.sqlite", "AYB_TOKEN="+alice.Token, "AYB_OTHER_TOKEN="+other.Token)
	if out, err := node.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
