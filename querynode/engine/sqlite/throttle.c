//go:build cgo && (linux || darwin)

#include <time.h>

#include "engine.h"

// Work on the whole database rests of its own accord while callers want
// something. A low priority is not enough and does harm: the kernel would make
// the thread wait in the middle of something, with a lock of SQLite's or of the
// file system's journal, and everybody would wait for that. Here none is held.

enum {
	CHECK_OPS = 1000,            // steps between two looks at the clock
	WORK_NS = 2 * 1000000,      // the least that is done at a time
	PAUSE_FACTOR = 4,                  // so many times as long as the work before
	LONGEST_PAUSE_NS = 50 * 1000000,  // so that it can be canceled
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
		nanosleep(&(struct timespec){0, pause}, 0); // woken early, it rests less
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
