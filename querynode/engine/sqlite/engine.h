//go:build cgo && (linux || darwin)

// The C half of the engine: one connection, the policy for statements while
// they are compiled, and a stepper that packs many rows per call.
#ifndef AYB_ENGINE_H
#define AYB_ENGINE_H

#include "sqlite3_api.h"

// How the policy treats the statement that is being compiled.
enum {
	AYB_CHECK = 1,  // analyzes the body; setting pragmas have no effect
	AYB_ATOMIC = 2, // the engine holds the transaction of the body
	AYB_FREE = 3,   // the body has its own transactions
};

// Properties that the policy found while a statement was compiled.
enum {
	AYB_SEEN_TXN = 1,    // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE
	AYB_SEEN_SET = 2,    // a pragma that changes a setting of the connection
	AYB_SEEN_WRITER = 4, // belongs on the writer, even if SQLite calls it read-only
	AYB_SEEN_SCHEMA = 8, // changes the schema or the statistics
	AYB_SEEN_TEMP = 16,  // creates an object that ends with the body
	AYB_SEEN_TEMP_WRITE = 32,
	AYB_SEEN_MAIN_WRITE = 64,
	AYB_SEEN_INSERT = 128,
	AYB_SEEN_ROWID = 256, // reads the last insert rowid
	AYB_SEEN_CHECK = 512, // compares indexes with their tables
};

// Why the policy rejected a statement.
enum {
	AYB_REFUSED_ATTACH = 1,
	AYB_REFUSED_DETACH,
	AYB_REFUSED_VACUUM_INTO,
	AYB_REFUSED_PRAGMA,
	AYB_REFUSED_PRAGMA_VALUE,
	AYB_REFUSED_FUNCTION,
	AYB_REFUSED_HERE, // allowed, but not inside the engine's transaction
	AYB_REFUSED_END,  // ends a transaction that the body has not begun
};

// Tags of packed cells.
enum { AYB_NULL = 0, AYB_INT, AYB_REAL, AYB_TEXT, AYB_BLOB };

// ayb_conn is one connection, used by one thread at a time. Only cancel may be
// set by any thread, with an atomic store.
typedef struct ayb_conn {
	sqlite3 *db;

	// Set by the caller.
	int64_t budget; // time limit of the next call in nanoseconds; 0: no limit
	int32_t cancel; // not 0: stop the running statement
	int32_t own;    // SQL of the engine is running, without policy
	int32_t reader; // the connection never writes
	int32_t vacuum; // a tenant's VACUUM is running, whose ATTACH '' is allowed
	int32_t fresh;  // set the last insert rowid to rowid before the next step
	int64_t total;  // changes of the connection before this request
	int64_t wanted; // row limit of the next statement
	int32_t marks;  // the next statement may insert, and does not read the last insert rowid

	// Policy: the result of the last prepare or step.
	int32_t mode;
	int32_t preparing;
	int32_t seen;
	int32_t refusal;
	int32_t tainted; // stays set: the connection must not serve another body
	int32_t enforce; // switch foreign keys on (1) or off (-1)
	char named[64];  // the rejected object, or the pragma that was set

	// The last insert rowid while a statement runs that may set it.
	int32_t marked; // NO_ROWID stands in place of last
	int64_t last;

	// Time.
	int64_t start, tick;
	int32_t expired; // the budget was used up
	int32_t starved; // it was denied memory because it has to stop
	int32_t room;    // why it was denied disk space; 0: it was not

	// Result of ayb_prepare.
	sqlite3_stmt *stmt; // NULL for an empty statement
	int32_t tail;       // bytes of text up to the end of this statement
	int32_t columns;
	int32_t readonly;
	int32_t explain;
	int32_t stmt_bytes;
	int32_t params; // number of parameters

	// Result of ayb_fill.
	int32_t used, rows;
	int32_t pending;    // the current row is not packed yet
	int32_t big;        // the current row does not fit into an empty buffer
	int32_t timed;      // returned early so that these rows can be sent
	int32_t reprepared; // the schema changed: read the columns again

	// Result of ayb_fill and ayb_drain after the end of a statement.
	int64_t before;    // changes of the connection before it
	int64_t written;   // rows written, including those of triggers
	int64_t affected;  // rows written by the statement itself
	int64_t rowid;     // the last insert rowid
	int32_t inserted;  // the statement set rowid
	int32_t truncated; // there were more rows than wanted
	int32_t bound;     // it has values to be cleared

	// Result of ayb_cell.
	int32_t cell_tag;
	int32_t cell_len;
	int64_t cell_bits;
	const void *cell_ptr;

	char text[512]; // first cell of ayb_exec, as far as it fits
} ayb_conn;

// Process-wide: memory limit, and the directory of SQLite's temporary files.
int ayb_process(int64_t heap, const char *temp_dir);

// Opens a connection. *out is set on failure too, except without memory.
int ayb_open(ayb_conn **out, const char *path, int flags, int sql_bytes, int value_bytes);
// Closes a connection. Every statement must be finalized.
int ayb_close(ayb_conn *c);

// Compiles the statement at the start of sql, which has size bytes. The last
// byte is NUL.
int ayb_prepare(ayb_conn *c, const char *sql, int size, int mode, int keep);
// Steps and packs rows until buf is full, some time has passed, or the end.
// SQLITE_ROW: call again. SQLITE_DONE: finished and reset. Any other code is an
// error; then the statement is not reset, so that its message can be read. The
// first call binds n packed values.
int ayb_fill(ayb_conn *c, sqlite3_stmt *s, unsigned char *buf, int cap, int first, const unsigned char *params, int n);
// Steps to the end, drops the rows, and resets at the end.
int ayb_drain(ayb_conn *c, sqlite3_stmt *s, const unsigned char *params, int n);
// Resets a statement at any point, and clears its values.
void ayb_reset(ayb_conn *c, sqlite3_stmt *s);
// Describes one cell of the current row. cell_ptr is valid until the next step.
// Returns SQLITE_NOMEM or SQLITE_OK.
int ayb_cell(ayb_conn *c, sqlite3_stmt *s, int i);
// Copies name and declared type of each column, each after its length, which is
// -1 for none. Returns the number of bytes; no byte is copied if cap is
// smaller. ayb_parameters does the same for the names of parameters.
int ayb_columns(sqlite3_stmt *s, unsigned char *buf, int cap);
int ayb_parameters(sqlite3_stmt *s, unsigned char *buf, int cap);
// Runs SQL of the engine and keeps the first cell in c->text.
int ayb_exec(ayb_conn *c, const char *sql);

// Turns foreign keys on (1) or off (0), also within a transaction.
void ayb_enforce(ayb_conn *c, int on);
// Makes the shadow tables of virtual tables read-only (1) or writable (0).
void ayb_defend(ayb_conn *c, int on);

// throttle.c
typedef struct ayb_throttle {
	int64_t ran; // number of requests so far; callers add to it
	// Of the background work.
	ayb_conn *conn;
	int64_t seen, since;
} ayb_throttle;

// Makes the work on the connection pause during requests. Only one connection
// can do so at a time.
void ayb_throttle_conn(ayb_throttle *p, ayb_conn *c);

// Removes from the write-ahead log what a transaction wrote that was rolled
// back. Only for the writer.
void ayb_trim(ayb_conn *c);

// memory.c
void ayb_memory(void);
// Sets the connection that this thread uses, or 0. A reader that has to stop
// gets no more memory a moment later.
void ayb_reading(ayb_conn *c);

// sthrottle.c
#define AYB_VFS "ayb"

// The kinds of growing files: temporary files, the database itself, all others.
enum { AYB_GROW_OTHER = 0, AYB_GROW_TEMP, AYB_GROW_MAIN };
// Why space was denied.
enum { AYB_ROOM_DISK = 1, AYB_ROOM_ACCOUNT, AYB_ROOM_NODE };

// Registers the VFS under its name.
void ayb_space_vfs(void);
// Process-wide: the shared counters, which may be 0, the reserve of the disk,
// and a directory on that disk.
void ayb_space(int64_t *seat, const int64_t *account, const int64_t *node, int64_t reserve, const char *dir);
// Sets the connection for which this thread works, or 0.
void ayb_space_for(ayb_conn *c);
// Reserves space. Returns 0, or why it was denied. Temporary space is released
// with ayb_space_shrink.
int ayb_space_grow(int64_t n, int kind);
// Counts existing bytes as temporary.
void ayb_space_count(int64_t n);
void ayb_space_shrink(int64_t n);

// policy.c
int ayb_authorize(void *p, int action, const char *a, const char *b, const char *db, const char *trigger);
// functions.c
int ayb_functions(ayb_conn *c);

#endif
