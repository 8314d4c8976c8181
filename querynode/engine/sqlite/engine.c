//go:build cgo && (linux || darwin)

#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "engine.h"

enum {
	PROGRESS_OPS = 1000,       // VM steps between two checks of the clock
	FLUSH_NS = 20 * 1000000,   // rows wait no longer than this
	BUSY_MS = 5000,
	VDBE_OPS = 10 * 1000000,
	LIKE_PATTERN = 4096,       // LIKE cannot be interrupted, so its pattern is short
};

static int64_t clock_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int tick(ayb_conn *c) {
	c->tick = clock_ns();
	if (!c->start) c->start = c->tick;
	if (c->budget > 0 && c->tick - c->start > c->budget) c->expired = 1;
	return c->expired;
}

static int on_progress(void *p) {
	ayb_conn *c = p;
	if (__atomic_load_n(&c->cancel, __ATOMIC_RELAXED)) return 1;
	return tick(c);
}

int ayb_process(int64_t heap, const char *temp_dir) {
	sqlite3_mutex *m;
	int rc;
	char *copy;
#ifdef __GLIBC__
	// One malloc arena for all threads: an arena per thread costs memory and
	// system calls, and SQLite's own lock serializes allocations anyway.
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
#endif
	ayb_memory();
	rc = sqlite3_initialize();
	if (rc) return rc;
	ayb_space_vfs();
	sqlite3_hard_heap_limit64(heap);
	copy = sqlite3_mprintf("%s", temp_dir);
	if (!copy) return SQLITE_NOMEM;
	m = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);
	sqlite3_mutex_enter(m);
	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory = copy;
	sqlite3_mutex_leave(m);
	return SQLITE_OK;
}

static void harden(sqlite3 *db, int sql_bytes, int value_bytes) {
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0, (int *)0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, (int *)0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0, (int *)0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0, (int *)0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, (int *)0);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, value_bytes);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, sql_bytes);
	sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, VDBE_OPS);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LIKE_PATTERN);
	sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1000);
}

int ayb_open(ayb_conn **out, const char *path, int flags, int sql_bytes, int value_bytes) {
	int rc;
	ayb_conn *c = calloc(1, sizeof *c);
	*out = c;
	if (!c) return SQLITE_NOMEM;
	rc = sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE, AYB_VFS);
	if (rc) return rc;
	harden(c->db, sql_bytes, value_bytes);
	sqlite3_busy_timeout(c->db, BUSY_MS);
	rc = ayb_functions(c);
	if (rc) return rc;
	sqlite3_set_authorizer(c->db, ayb_authorize, c);
	sqlite3_progress_handler(c->db, PROGRESS_OPS, on_progress, c);
	return SQLITE_OK;
}

int ayb_close(ayb_conn *c) {
	int rc = sqlite3_close(c->db);
	free(c);
	return rc;
}

int ayb_prepare(ayb_conn *c, const char *sql, int size, int mode, int keep) {
	const char *tail = sql;
	int rc;
	c->mode = mode;
	c->seen = c->refusal = c->expired = c->enforce = 0;
	c->start = 0;
	c->stmt = 0;
	c->preparing = 1;
	ayb_reading(c);
	rc = sqlite3_prepare_v3(c->db, sql, size, keep ? SQLITE_PREPARE_PERSISTENT : 0, &c->stmt, &tail);
	ayb_reading(0);
	c->preparing = 0;
	if (c->enforce && !sqlite3_get_autocommit(c->db)) // otherwise SQLite has done it
		sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_FKEY, c->enforce > 0, (int *)0);
	c->tail = (int32_t)(tail - sql);
	if (rc || !c->stmt) return rc;
	c->columns = sqlite3_column_count(c->stmt);
	c->params = sqlite3_bind_parameter_count(c->stmt);
	c->readonly = sqlite3_stmt_readonly(c->stmt);
	c->explain = sqlite3_stmt_isexplain(c->stmt);
	c->stmt_bytes = keep ? sqlite3_stmt_status(c->stmt, SQLITE_STMTSTATUS_MEMUSED, 0) : -1;
	return SQLITE_OK;
}

// Replaces the last insert rowid while a statement runs that may set it. So a
// statement that sets the same rowid again can be distinguished from one that
// sets none.
#define NO_ROWID ((int64_t)0x8e5c0f3da94b7261)

// Describes a cell. Returns SQLITE_NOMEM if its bytes cannot be fetched.
int ayb_cell(ayb_conn *c, sqlite3_stmt *s, int i) {
	c->cell_len = 0;
	c->cell_ptr = 0;
	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER:
		c->cell_tag = AYB_INT;
		c->cell_bits = sqlite3_column_int64(s, i);
		return SQLITE_OK;
	case SQLITE_FLOAT: {
		double d = sqlite3_column_double(s, i);
		c->cell_tag = AYB_REAL;
		memcpy(&c->cell_bits, &d, sizeof d);
		return SQLITE_OK;
	}
	case SQLITE_TEXT:
		c->cell_tag = AYB_TEXT;
		c->cell_ptr = sqlite3_column_text(s, i);
		break;
	case SQLITE_BLOB:
		c->cell_tag = AYB_BLOB;
		c->cell_ptr = sqlite3_column_blob(s, i);
		break;
	default:
		c->cell_tag = AYB_NULL;
		return SQLITE_OK;
	}
	c->cell_len = sqlite3_column_bytes(s, i);
	if (!c->cell_ptr) {
		if (c->cell_tag == AYB_TEXT || c->cell_len) return SQLITE_NOMEM;
		c->cell_len = 0; // an empty BLOB has no address
	}
	return SQLITE_OK;
}

// Packs the current row at p. Returns its size, -1 if it does not fit into room
// bytes, or -2 without memory.
static int pack(ayb_conn *c, sqlite3_stmt *s, int columns, unsigned char *p, int room) {
	unsigned char *start = p;
	int i;
	for (i = 0; i < columns; i++) {
		if (ayb_cell(c, s, i)) return -2;
		switch (c->cell_tag) {
		case AYB_NULL:
			if (room < 1) return -1;
			*p++ = AYB_NULL;
			room--;
			break;
		case AYB_INT:
		case AYB_REAL:
			if (room < 9) return -1;
			*p++ = (unsigned char)c->cell_tag;
			memcpy(p, &c->cell_bits, 8);
			p += 8;
			room -= 9;
			break;
		default:
			if (room - 5 < c->cell_len) return -1;
			*p++ = (unsigned char)c->cell_tag;
			memcpy(p, &c->cell_len, 4);
			p += 4;
			if (c->cell_len) memcpy(p, c->cell_ptr, c->cell_len);
			p += c->cell_len;
			room -= 5 + c->cell_len;
		}
	}
	return (int)(p - start);
}

static void begin(ayb_conn *c) {
	c->refusal = c->expired = c->used = c->rows = c->big = c->timed = 0;
	c->start = c->tick = 0;
	if (c->fresh) {
		sqlite3_set_last_insert_rowid(c->db, c->rowid);
		c->total = sqlite3_total_changes64(c->db);
		c->fresh = 0;
	}
}

// Binds the packed values to the parameters 1 to n. SQLite keeps copies,
// because the memory is Go's.
static int bind(sqlite3_stmt *s, const unsigned char *p, int n) {
	int i, rc = SQLITE_OK;
	for (i = 1; i <= n && !rc; i++) {
		int tag = *p++;
		int64_t bits;
		double d;
		int32_t len;
		switch (tag) {
		case AYB_INT:
			memcpy(&bits, p, 8);
			p += 8;
			rc = sqlite3_bind_int64(s, i, bits);
			break;
		case AYB_REAL:
			memcpy(&d, p, 8);
			p += 8;
			rc = sqlite3_bind_double(s, i, d);
			break;
		case AYB_TEXT:
		case AYB_BLOB:
			memcpy(&len, p, 4);
			p += 4;
			rc = tag == AYB_TEXT ? sqlite3_bind_text(s, i, (const char *)p, len, SQLITE_TRANSIENT)
				: sqlite3_bind_blob(s, i, p, len, SQLITE_TRANSIENT);
			p += len;
			break;
		default:
			rc = sqlite3_bind_null(s, i);
		}
	}
	return rc;
}

// Resets the state of the previous statement before the first step.
static int first_step(ayb_conn *c, sqlite3_stmt *s, const unsigned char *params, int n) {
	c->pending = c->reprepared = c->truncated = 0;
	c->before = sqlite3_total_changes64(c->db);
	c->last = sqlite3_last_insert_rowid(c->db);
	c->marked = c->marks;
	c->marks = 0;
	if (c->marked) sqlite3_set_last_insert_rowid(c->db, NO_ROWID);
	c->bound = n;
	return n ? bind(s, params, n) : SQLITE_OK;
}

// Records the effects of a finished statement.
static int finish(ayb_conn *c, sqlite3_stmt *s) {
	c->written = sqlite3_total_changes64(c->db) - c->before;
	// A reading statement affects no row; a full-text index may have written
	// earlier changes during it.
	c->affected = c->written && !sqlite3_stmt_readonly(s) ? sqlite3_changes64(c->db) : 0;
	c->rowid = sqlite3_last_insert_rowid(c->db);
	c->inserted = c->rowid != (c->marked ? NO_ROWID : c->last);
	if (!c->inserted && c->marked) {
		c->rowid = c->last;
		sqlite3_set_last_insert_rowid(c->db, c->last);
	}
	c->marked = 0;
	ayb_reset(c, s);
	return SQLITE_DONE;
}

void ayb_reset(ayb_conn *c, sqlite3_stmt *s) {
	sqlite3_reset(s);
	if (c->marked) { // it has failed, or its rest is not needed
		if (sqlite3_last_insert_rowid(c->db) == NO_ROWID) sqlite3_set_last_insert_rowid(c->db, c->last);
		c->marked = 0;
	}
	if (c->bound && s) sqlite3_clear_bindings(s);
	c->bound = 0;
}

// Steps to the next wanted row.
static int next_row(ayb_conn *c, sqlite3_stmt *s) {
	int rc = sqlite3_step(s);
	if (rc != SQLITE_ROW) return rc;
	if (c->wanted > 0) {
		c->wanted--;
		return rc;
	}
	c->truncated = 1;
	if (sqlite3_stmt_readonly(s)) return SQLITE_DONE;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
	}
	return rc;
}

static int fill(ayb_conn *c, sqlite3_stmt *s, unsigned char *buf, int cap, int first, const unsigned char *params, int n) {
	int rc;
	begin(c);
	if (first && (rc = first_step(c, s, params, n))) return rc;
	for (;;) {
		int size;
		if (!c->pending) {
			rc = next_row(c, s);
			if (first) {
				first = 0;
				c->columns = sqlite3_column_count(s);
				c->reprepared = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_REPREPARE, 1) > 0;
			}
			if (rc == SQLITE_DONE) return finish(c, s);
			if (rc != SQLITE_ROW) return rc;
			c->pending = 1;
		}
		size = pack(c, s, c->columns, buf + c->used, cap - c->used);
		if (size == -2) return SQLITE_NOMEM;
		if (size == -1) {
			c->big = c->rows == 0;
			return SQLITE_ROW;
		}
		c->used += size;
		c->rows++;
		c->pending = 0;
		if ((c->rows & 7) == 0) tick(c);
		if (c->tick - c->start > FLUSH_NS) {
			c->timed = 1;
			return SQLITE_ROW;
		}
	}
}

int ayb_fill(ayb_conn *c, sqlite3_stmt *s, unsigned char *buf, int cap, int first, const unsigned char *params, int n) {
	int rc;
	ayb_reading(c);
	rc = fill(c, s, buf, cap, first, params, n);
	ayb_reading(0);
	return rc;
}

static int drain(ayb_conn *c, sqlite3_stmt *s, const unsigned char *params, int n) {
	int rc;
	begin(c);
	if ((rc = first_step(c, s, params, n))) return rc;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
	}
	return rc == SQLITE_DONE ? finish(c, s) : rc;
}

int ayb_drain(ayb_conn *c, sqlite3_stmt *s, const unsigned char *params, int n) {
	int rc;
	ayb_reading(c);
	rc = drain(c, s, params, n);
	ayb_reading(0);
	return rc;
}

// Appends a text after its length, which is -1 for none, if buf is not null.
// Returns the number of bytes.
static int put(unsigned char *buf, const char *text) {
	int32_t len = text ? (int32_t)strlen(text) : -1;
	int size = len > 0 ? len : 0;
	if (!buf) return 4 + size;
	memcpy(buf, &len, 4);
	if (size) memcpy(buf + 4, text, size);
	return 4 + size;
}

int ayb_columns(sqlite3_stmt *s, unsigned char *buf, int cap) {
	int columns = sqlite3_column_count(s);
	int i, at, need = 0;
	for (i = 0; i < columns; i++) {
		need += put(0, sqlite3_column_name(s, i));
		need += put(0, sqlite3_column_decltype(s, i));
	}
	for (i = at = 0; need <= cap && i < columns; i++) {
		at += put(buf + at, sqlite3_column_name(s, i));
		at += put(buf + at, sqlite3_column_decltype(s, i));
	}
	return need;
}

int ayb_parameters(sqlite3_stmt *s, unsigned char *buf, int cap) {
	int n = sqlite3_bind_parameter_count(s);
	int i, at, need = 0;
	for (i = 1; i <= n; i++) need += put(0, sqlite3_bind_parameter_name(s, i));
	for (i = 1, at = 0; need <= cap && i <= n; i++) at += put(buf + at, sqlite3_bind_parameter_name(s, i));
	return need;
}

static int on_cell(void *p, int n, char **values, char **names) {
	ayb_conn *c = p;
	(void)names;
	if (!c->text[0] && n > 0 && values[0]) strncpy(c->text, values[0], sizeof c->text - 1);
	return 0;
}

int ayb_exec(ayb_conn *c, const char *sql) {
	int rc;
	memset(c->text, 0, sizeof c->text);
	c->own = 1;
	c->refusal = 0;
	c->start = 0;
	ayb_space_for(c);
	rc = sqlite3_exec(c->db, sql, on_cell, c, 0);
	ayb_space_for(0);
	c->own = 0;
	return rc;
}

void ayb_enforce(ayb_conn *c, int on) {
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_FKEY, on, (int *)0);
}

void ayb_defend(ayb_conn *c, int on) {
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, on, (int *)0);
}
