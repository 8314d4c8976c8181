package sqlite

import "github.com/ayb-go/ayb/querynode/thread"

// background is a thread of the lowest priority, for work that takes long and
// that nobody who queries shall feel. Only SQLite runs on it: what it does in
// Go would hold up the other goroutines of the process whenever the thread is
// made to wait.
type background struct{ work chan func() }

// maxExports is how many exports of a database run at once.
const maxExports = 2

func newBackground() *background {
	b := &background{make(chan func())}
	// A thread of its own, for its priority could not be raised again.
	go thread.Run(func() {
		lowerPriority()
		for f := range b.work {
			f()
		}
	})
	return b
}

// Do runs f on the thread and waits for its end. One goroutine at a time may
// call it.
func (b *background) do(f func()) {
	done := make(chan struct{})
	b.work <- func() {
		f()
		close(done)
	}
	<-done
}

// End ends the thread.
func (b *background) stop() { close(b.work) }
