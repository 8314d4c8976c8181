//go:build cgo && (linux || darwin)

// Memory for statements that are to stop. SQLite looks for that between two
// steps of its virtual machine, and some steps take half a minute: those of
// FTS5 with an expression of a hundred thousand terms, for example. What takes
// long in one step asks for memory all the time, and gets no more when it has
// had a moment to stop as usual. Only a reader is stopped so: what a writer does
// when it is short of memory in the middle of a commit could not be told from
// outside.

#include <pthread.h>
#include <time.h>

#include "engine.h"

enum { MOMENT_NS = 100 * 1000000 };

static _Thread_local ayb_conn *reader; // whose statement this thread compiles or steps
static _Thread_local int64_t since;    // when it was seen that it is to stop

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
	// In a program that has used SQLite before it is too late; a daemon has not.
	sqlite3_config(SQLITE_CONFIG_MALLOC, &m);
}

void ayb_memory(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, set_up);
}
