//go:build cgo && (linux || darwin)

#include <time.h>

#include "engine.h"

// Work on the entire database pauses during requests of callers. A low priority
// is not enough and does harm: the kernel would suspend the thread while it
// holds a lock of SQLite's or of the file system's journal, and all callers
// would wait for it. Here the thread holds no lock.

enum {
	CHECK_OPS = 1000,            // VM steps between two checks of the clock
	WORK_NS = 2 * 1000000,      // minimum time of work
	PAUSE_FACTOR = 4,                  // pause in multiples of the work before
	LONGEST_PAUSE_NS = 50 * 1000000,  // keeps it cancelable
};

static int64_t clock_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int on_progress(void *arg) {
	ayb_throttle *p = arg;
	int64_t now, ran, pause;
	if (__atomic_load_n(&p->conn->cancel, __ATOMIC_RELAXED)) return 1;
	now = clock_ns();
	if (now - p->since < WORK_NS) return 0;
	ran = __atomic_load_n(&p->ran, __ATOMIC_RELAXED);
	if (ran != p->seen) {
		pause = (now - p->since) * PAUSE_FACTOR;
		if (pause > LONGEST_PAUSE_NS) pause = LONGEST_PAUSE_NS;
		nanosleep(&(struct timespec){0, pause}, 0); // an early wake-up shortens the pause
		now = clock_ns();
	}
	p->seen = ran;
	p->since = now;
	return 0;
}

void ayb_throttle_conn(ayb_throttle *p, ayb_conn *c) {
	p->conn = c;
	p->since = clock_ns();
	sqlite3_progress_handler(c->db, CHECK_OPS, on_progress, p);
}
