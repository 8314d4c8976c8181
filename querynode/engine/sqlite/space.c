//go:build cgo && (linux || darwin)

// Limits disk space. Growth of a file is checked before the write: the disk
// keeps a reserve, and temporary files count against the limits of the account
// and of the node. A write without space fails with SQLITE_FULL, and the
// connection records the reason. The files are those of SQLite's own VFS, with
// three methods replaced.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine.h"

enum {
	CREDIT = 1 << 20,   // limit of bytes written without checking the disk
	CREDIT_PART = 1024, // the same as a fraction of the free space
	METHODS = 8,        // SQLite has fewer sets of methods
};

// ayb_account and ayb_node in words of shared memory, see the package space.
enum { LIMIT = 0, USED = 1, SEATS = 2 };

static struct {
	int64_t *seat;          // bytes of this process, which alone writes there
	const int64_t *account; // limit, number of seats, seats
	const int64_t *node;    // limit, bytes of all processes
	int64_t reserve;
	char dir[4096];
} space;

static int64_t own_seat; // used if there is no shared one
static int64_t credit;
static _Thread_local ayb_conn *working;

void ayb_space(int64_t *seat, const int64_t *account, const int64_t *node, int64_t reserve, const char *dir) {
	space.seat = seat ? seat : &own_seat;
	space.account = account;
	space.node = node;
	space.reserve = reserve;
	strncpy(space.dir, dir, sizeof space.dir - 1);
	__atomic_store_n(&credit, 0, __ATOMIC_RELAXED);
}

void ayb_space_for(ayb_conn *c) {
	working = c;
	if (c) c->room = 0;
}

static int64_t word(const int64_t *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }

// Reports whether the disk has space for n more bytes beside the reserve.
static int disk(int64_t n, int64_t reserve) {
	struct statvfs s;
	int64_t left;
	if (reserve <= 0) return 1;
	if (__atomic_sub_fetch(&credit, n, __ATOMIC_RELAXED) >= 0) return 1;
	if (statvfs(space.dir, &s)) return 1; // the write will show it
	left = (int64_t)s.f_bavail * (int64_t)s.f_frsize - reserve - n;
	__atomic_store_n(&credit, left > 0 ? (left / CREDIT_PART < CREDIT ? left / CREDIT_PART : CREDIT) : 0, __ATOMIC_RELAXED);
	return left >= 0;
}

// Returns why n more bytes of temporary files are denied, which are counted
// already.
static int shares(int64_t n) {
	int64_t sum = 0, limit;
	int i, seats;
	if (space.account && (limit = word(space.account + LIMIT)) > 0) {
		seats = (int)word(space.account + USED);
		for (i = 0; i < seats; i++) sum += word(space.account + SEATS + i);
		if (sum > limit) return AYB_ROOM_ACCOUNT;
	}
	if (space.node && (limit = word(space.node + LIMIT)) > 0 && word(space.node + USED) + n > limit) return AYB_ROOM_NODE;
	return 0;
}

int ayb_space_grow(int64_t n, int kind) {
	int why = 0;
	if (!space.seat) return 0;
	if (kind == AYB_GROW_TEMP) {
		__atomic_add_fetch(space.seat, n, __ATOMIC_RELAXED);
		why = shares(n);
	}
	// Moving the write-ahead log into its database may use half of the reserve:
	// otherwise committed data would stay on the disk twice.
	if (!why && !disk(n, kind == AYB_GROW_MAIN ? space.reserve / 2 : space.reserve)) why = AYB_ROOM_DISK;
	if (why && kind == AYB_GROW_TEMP) ayb_space_shrink(n);
	return why;
}

void ayb_space_count(int64_t n) {
	if (space.seat) __atomic_add_fetch(space.seat, n, __ATOMIC_RELAXED);
}

void ayb_space_shrink(int64_t n) { ayb_space_count(-n); }

// A set of methods with the replaced ones.
typedef struct methods {
	sqlite3_io_methods m;
	const sqlite3_io_methods *base;
} methods;

// The state of a file, behind SQLite's own.
typedef struct state {
	sqlite3_int64 end; // known size
	int kind;
} state;

static sqlite3_vfs ours;
static sqlite3_vfs *base_vfs;
static methods sets[METHODS];
static pthread_mutex_t setting = PTHREAD_MUTEX_INITIALIZER;

static const sqlite3_io_methods *base_of(sqlite3_file *f) { return ((const methods *)f->pMethods)->base; }

static state *state_of(sqlite3_file *f) { return (state *)((char *)f + base_vfs->szOsFile); }

static int refused(int why) {
	if (working) working->room = why;
	return SQLITE_FULL;
}

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
	state *s = state_of(f);
	sqlite3_int64 end = at + n, more = 0;
	int rc, why;
	if (end > s->end && s->kind != AYB_GROW_TEMP) base_of(f)->xFileSize(f, &s->end); // another connection may have written
	if (end > s->end) {
		more = end - s->end;
		why = ayb_space_grow(more, s->kind);
		if (why) return refused(why);
	}
	rc = base_of(f)->xWrite(f, p, n, at);
	if ((rc & 0xff) == SQLITE_FULL) refused(AYB_ROOM_DISK);
	if (more && !rc) s->end = end;
	if (more && rc && s->kind == AYB_GROW_TEMP) ayb_space_shrink(more);
	return rc;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size) {
	state *s = state_of(f);
	int rc = base_of(f)->xTruncate(f, size);
	if (!rc && size < s->end) {
		if (s->kind == AYB_GROW_TEMP) ayb_space_shrink(s->end - size);
		s->end = size;
	}
	return rc;
}

static int on_close(sqlite3_file *f) {
	state *s = state_of(f);
	if (s->kind == AYB_GROW_TEMP) ayb_space_shrink(s->end);
	s->end = 0;
	return base_of(f)->xClose(f);
}

// Returns the set for one of SQLite's own, or 0 if the array is full, which
// does not happen.
static const sqlite3_io_methods *ours_for(const sqlite3_io_methods *base) {
	const sqlite3_io_methods *found = 0;
	int i;
	pthread_mutex_lock(&setting);
	for (i = 0; i < METHODS && !found; i++) {
		if (!sets[i].base) {
			sets[i].m = *base;
			sets[i].m.xWrite = on_write;
			sets[i].m.xTruncate = on_truncate;
			sets[i].m.xClose = on_close;
			sets[i].base = base;
		}
		if (sets[i].base == base) found = &sets[i].m;
	}
	pthread_mutex_unlock(&setting);
	return found;
}

// Returns the kind of a file. Copies for the node are not counted, but need
// free space. Copies for exports count, because they wait for a reader.
static int kind_of(const char *name, int flags) {
	size_t n = sqlite3_temp_directory ? strlen(sqlite3_temp_directory) : 0;
	if (flags & (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_SUBJOURNAL)) return AYB_GROW_TEMP;
	if (name && n && !strncmp(name, sqlite3_temp_directory, n) && name[n] == '/') {
		return strncmp(name + n + 1, "copy-", 5) ? AYB_GROW_TEMP : AYB_GROW_OTHER;
	}
	return flags & SQLITE_OPEN_MAIN_DB ? AYB_GROW_MAIN : AYB_GROW_OTHER;
}

static int on_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
	const sqlite3_io_methods *m;
	state *s;
	int rc = base_vfs->xOpen(v, name, f, flags, out);
	if (rc || !f->pMethods) return rc;
	m = ours_for(f->pMethods);
	if (!m) return SQLITE_OK;
	s = state_of(f);
	s->end = 0;
	s->kind = kind_of(name, flags);
	f->pMethods = m;
	return SQLITE_OK;
}

// Seeds SQLite's random generator without a device, because the sandbox does
// not let a daemon open one. Without a seed the process aborts: a predictable
// one would be worse.
static int on_randomness(sqlite3_vfs *v, int n, char *out) {
	int at, part;
	(void)v;
	for (at = 0; at < n; at += part) {
		part = n - at < 256 ? n - at : 256; // limit of one call
		if (getentropy(out + at, (size_t)part)) abort();
	}
	return n;
}

static void set_up(void) {
	base_vfs = sqlite3_vfs_find(0);
	if (!base_vfs) return;
	ours = *base_vfs;
	ours.zName = AYB_VFS;
	ours.szOsFile = base_vfs->szOsFile + (int)sizeof(state);
	ours.pNext = 0;
	ours.xOpen = on_open;
	ours.xRandomness = on_randomness;
	sqlite3_vfs_register(&ours, 1); // the first VFS provides the seed
}

void ayb_space_vfs(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, set_up);
}
