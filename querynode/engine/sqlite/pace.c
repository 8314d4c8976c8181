//go:build cgo && (linux || darwin)

#include <time.h>

#include "engine.h"

// Work on the whole database rests of its own accord while callers want
// something. A low priority is not enough and does harm: the kernel would make
// the thread wait in the middle of something, with a lock of SQLite's or of the
// file system's journal, and everybody would wait for that. Here none is held.

enum {
	PACE_OPS = 1000,            // steps between two looks at the clock
	TURN_NS = 2 * 1000000,      // the least that is done at a time
	RESTS = 4,                  // so many times as long as the work before
	LONGEST_NS = 50 * 1000000,  // so that it can be canceled
};

static int64_t clock_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int on_progress(void *arg) {
	ayb_pace *p = arg;
	int64_t now, ran, rest;
	if (__atomic_load_n(&p->conn->cancel, __ATOMIC_RELAXED)) return 1;
	now = clock_ns();
	if (now - p->since < TURN_NS) return 0;
	ran = __atomic_load_n(&p->ran, __ATOMIC_RELAXED);
	if (ran != p->seen) {
		rest = (now - p->since) * RESTS;
		if (rest > LONGEST_NS) rest = LONGEST_NS;
		nanosleep(&(struct timespec){0, rest}, 0); // woken early, it rests less
		now = clock_ns();
	}
	p->seen = ran;
	p->since = now;
	return 0;
}

void ayb_give_way(ayb_pace *p, ayb_conn *c) {
	p->conn = c;
	p->since = clock_ns();
	sqlite3_progress_handler(c->db, PACE_OPS, on_progress, p);
}
