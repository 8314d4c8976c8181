// Package thread runs functions on threads of their own, for properties of a
// thread that cannot be undone: a priority, a control group.
package thread

import "runtime"

// Run runs fn on a new thread, which ends with fn, and waits for it. The thread
// is never the first one of the process: that one never ends, and the kernel
// charges the memory of all threads to its group. When the runtime offers the
// first thread, Run occupies it until another thread has done the work.
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
