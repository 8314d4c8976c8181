//go:build linux && cgo

package sandbox

/*
#cgo LDFLAGS: -lpthread
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>

static int ayb_thread_stack(size_t bytes) {
	pthread_attr_t attr;
	int rc = pthread_attr_init(&attr);
	if (rc != 0) return rc;
	rc = pthread_attr_setstacksize(&attr, bytes);
	if (rc == 0) rc = pthread_setattr_default_np(&attr);
	pthread_attr_destroy(&attr);
	return rc;
}
*/
import "C"

// shrinkThreadStacks makes threads started from now on use ThreadStack bytes.
// A refusal costs memory, not safety, so it is not reported.
func shrinkThreadStacks() { C.ayb_thread_stack(ThreadStack) }
