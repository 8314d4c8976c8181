//go:build cgo && (linux || darwin)

// Stops statements by denying memory. SQLite checks for cancellation between
// two steps of its virtual machine, and some steps take half a minute, for
// example those of FTS5 with an expression of a hundred thousand terms. A long
// step allocates memory all the time; it gets no more when it had a moment to
// stop regularly. Only readers are stopped in this way: the state of a writer
// that lacks memory in the middle of a commit would be unknown.

#include <pthread.h>
#include <time.h>

#include "engine.h"

enum { MOMENT_NS = 100 * 1000000 };

static _Thread_local ayb_conn *reader; // the reader whose statement this thread compiles or steps
static _Thread_local int64_t since;    // when it was found that it has to stop

static sqlite3_mem_methods base;

void ayb_reading(ayb_conn *c) {
	reader = c && c->reader ? c : 0;
	since = 0;
	if (c) c->starved = 0;
	ayb_space_for(c);
}

static int given_up(void) {
	struct timespec t;
	int64_t now;
	if (!reader || !__atomic_load_n(&reader->cancel, __ATOMIC_RELAXED)) return 0;
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	if (!since) since = now;
	if (now - since > MOMENT_NS) reader->starved = 1;
	return reader->starved;
}

static void *take(int n) { return given_up() ? 0 : base.xMalloc(n); }

static void *resize(void *p, int n) { return given_up() ? 0 : base.xRealloc(p, n); }

static void set_up(void) {
	sqlite3_mem_methods m;
	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &base)) return;
	m = base;
	m.xMalloc = take;
	m.xRealloc = resize;
	// This works only before the first use of SQLite, which a daemon
	// guarantees.
	sqlite3_config(SQLITE_CONFIG_MALLOC, &m);
}

void ayb_memory(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, set_up);
}
