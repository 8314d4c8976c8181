package supervisor

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Signals returns a context that ends with the first SIGINT or SIGTERM, and a
// channel for Deps.Force that is closed by the second. stop restores the default
// handling of signals and ends the context; it may be called several times.
func Signals(parent context.Context) (ctx context.Context, force <-chan struct{}, stop func()) {
	arrived := make(chan os.Signal, 2)
	signal.Notify(arrived, os.Interrupt, syscall.SIGTERM)
	ctx, force, end := watchSignals(parent, arrived)
	return ctx, force, func() {
		signal.Stop(arrived)
		end()
	}
}

// watchSignals is Signals with a channel of signals, for tests.
func watchSignals(parent context.Context, arrived <-chan os.Signal) (context.Context, <-chan struct{}, func()) {
	ctx, cancel := context.WithCancel(parent)
	force, quit := make(chan struct{}), make(chan struct{})
	go func() {
		for n := 0; ; {
			select {
			case <-quit:
				return
			case <-arrived:
				n++
			}
			cancel()
			if n == 2 {
				close(force)
				return
			}
		}
	}()
	return ctx, force, sync.OnceFunc(func() { close(quit); cancel() })
}
