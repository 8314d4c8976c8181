//go:build cgo && (linux || darwin)

// Memory for statements that are to stop. SQLite looks for that between two
// steps of its virtual machine, and some steps take half a minute: those of
// FTS5 with an expression of a hundred thousand terms, for example. What takes
// long in one step asks for memory all the time, and gets no more. Only a
// reader is stopped so: what a writer does when it is short of memory in the
// middle of a commit could not be told from outside.

#include <pthread.h>

#include "engine.h"

_Thread_local ayb_conn *ayb_reading;

static sqlite3_mem_methods base;

static int given_up(void) {
	return ayb_reading && __atomic_load_n(&ayb_reading->cancel, __ATOMIC_RELAXED);
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
