//go:build unix

package supervisor

import (
	"os"
	"syscall"
	"testing"
)

func TestSignalsEndTheContext(t *testing.T) {
	ctx, force, stop := Signals(t.Context())
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-force
}

func TestSignalsStopTwice(t *testing.T) {
	ctx, _, stop := Signals(t.Context())
	stop()
	stop()
	if ctx.Err() == nil {
		t.Error("the context did not end")
	}
}
