package sqlite

import "github.com/ayb-go/ayb/querynode/thread"

// background is a thread of the lowest priority, for long work that must not
// slow down callers. Only SQLite runs on it: Go code would block the other
// goroutines of the process whenever the kernel makes the thread wait.
type background struct{ work chan func() }

// maxExports is how many exports of a database run at once.
const maxExports = 2

func newBackground() *background {
	b := &background{make(chan func())}
	// An exclusive thread, because its priority cannot be raised again.
	go thread.Run(func() {
		lowerPriority()
		for f := range b.work {
			f()
		}
	})
	return b
}

// do runs f on the thread and waits for its end. One goroutine at a time may
// call it.
func (b *background) do(f func()) {
	done := make(chan struct{})
	b.work <- func() {
		f()
		close(done)
	}
	<-done
}

// stop ends the thread.
func (b *background) stop() { close(b.work) }
