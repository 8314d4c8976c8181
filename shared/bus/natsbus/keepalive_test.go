package natsbus_test

import (
	"context"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/errs"
)

const callSubject = "ayb.v1.node.test.database.work"

// Keep-alives are frequent; the timeout is long enough for a busy machine, where a
// goroutine may wait for a second.
const (
	keepAlive = 20 * time.Millisecond
	patience  = 2 * time.Second
)

// worker answers calls with handle.
func worker(t *testing.T, c *natsbus.Conn, handle bus.Handler) {
	t.Helper()
	c.SetKeepAlive(keepAlive, patience)
	stop, err := c.Serve(bus.Service{Name: "test", Version: "1.0.0", Endpoints: []bus.Endpoint{{Name: "work", Subject: callSubject, Handle: handle}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

func longCall(ctx context.Context, c *natsbus.Conn) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	out, err := c.Request(ctx, callSubject, []byte("do"))
	return string(out), err
}

// A call may take longer than the keep-alive timeout.
func TestLongCalls(t *testing.T) {
	bothWays(t, func(t *testing.T, connect func(natsbus.Role) *natsbus.Conn) {
		control := connect(natsbus.ControlPlane)
		control.SetKeepAlive(keepAlive, patience)
		if _, err := longCall(t.Context(), control); !errs.Is(err, errs.Unavailable) {
			t.Errorf("no service: %v", err)
		}
		fail := make(chan error, 1)
		worker(t, connect(natsbus.QueryNode), func(ctx context.Context, _ []byte) ([]byte, error) {
			select {
			case <-time.After(patience + time.Second):
				return []byte("done"), nil
			case err := <-fail:
				return nil, err
			case <-ctx.Done():
				return nil, errs.Wrap(errs.Timeout, ctx.Err(), "too late")
			}
		})
		if out, err := longCall(t.Context(), control); err != nil || out != "done" {
			t.Errorf("%q, %v", out, err)
		}
		fail <- errs.E(errs.Full, "no room")
		if _, err := longCall(t.Context(), control); !errs.Is(err, errs.Full) {
			t.Errorf("%v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience+500*time.Millisecond)
		defer cancel()
		if _, err := control.Request(ctx, callSubject, nil); !errs.Is(err, errs.Timeout) {
			t.Errorf("over time: %v", err)
		}
	})
}

// A callee that dies loses the answer: the caller soon gets an error, even if another
// process serves the subject again.
func TestWorkerOfLongCallDies(t *testing.T) {
	connect := network(t)
	node, control := connect(natsbus.QueryNode), connect(natsbus.ControlPlane)
	control.SetKeepAlive(keepAlive, patience)
	begun := make(chan struct{})
	worker(t, node, func(ctx context.Context, _ []byte) ([]byte, error) {
		close(begun)
		<-ctx.Done()
		return nil, errs.Wrap(errs.Canceled, ctx.Err(), "given up")
	})
	failed := make(chan error, 1)
	go func() {
		_, err := longCall(t.Context(), control)
		failed <- err
	}()
	<-begun
	node.Close()
	worker(t, connect(natsbus.QueryNode), func(context.Context, []byte) ([]byte, error) { return []byte("done"), nil })
	select {
	case err := <-failed:
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("it failed with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the caller waits for an answer that cannot come")
	}
	bustest.Until(t, "another one to answer", func() bool {
		out, err := longCall(t.Context(), control)
		return err == nil && out == "done"
	})
}

// The handler is canceled when its caller has died.
func TestCallerOfLongCallDies(t *testing.T) {
	connect := network(t)
	control := connect(natsbus.ControlPlane)
	control.SetKeepAlive(keepAlive, patience)
	begun, ended := make(chan struct{}), make(chan struct{})
	worker(t, connect(natsbus.QueryNode), func(ctx context.Context, _ []byte) ([]byte, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return nil, errs.Wrap(errs.Canceled, ctx.Err(), "given up")
	})
	go func() { _, _ = longCall(t.Context(), control) }() // it fails in any case
	<-begun
	control.Close()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the handler still runs")
	}
}
