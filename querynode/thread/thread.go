// Package thread runs functions on threads of their own, for what belongs to a
// thread and cannot be taken back: a priority, a place in a control group.
package thread

import "runtime"

// Run runs fn on a thread that is fn's alone and ends with it, and waits for
// that. It is never the process's first thread: that one never ends, and the
// kernel counts the memory of all threads where it is. If the runtime offers
// it, it is kept busy while another does the work.
func Run(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if isFirst() {
			defer runtime.UnlockOSThread()
			Run(fn)
			return
		}
		fn()
	}()
	<-done
}
