//go:build cgo && (linux || darwin)

// The C half of the engine: one connection, the policy it enforces while
// statements are prepared, and a stepper that packs many rows per call.
#ifndef AYB_ENGINE_H
#define AYB_ENGINE_H

#include "sqlite3_api.h"

// How the policy treats what a statement being prepared would do.
enum {
	AYB_CHECK = 1,  // find out what the body does; setting pragmas are left out
	AYB_ATOMIC = 2, // the engine holds the transaction of the body
	AYB_FREE = 3,   // the body holds its transactions itself
};

// What the policy saw while a statement was prepared.
enum {
	AYB_SEEN_TXN = 1,    // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE
	AYB_SEEN_SET = 2,    // a pragma that changes the connection from what is usual
	AYB_SEEN_WRITER = 4, // belongs on the writer whatever SQLite thinks
	AYB_SEEN_SCHEMA = 8, // changes the schema or what is known about the data
	AYB_SEEN_TEMP = 16,  // makes something that ends with the body
	AYB_SEEN_TEMP_WRITE = 32,
	AYB_SEEN_MAIN_WRITE = 64,
	AYB_SEEN_INSERT = 128,
	AYB_SEEN_ROWID = 256, // reads the last insert rowid
	AYB_SEEN_CHECK = 512, // compares indexes with their tables
};

// Why the policy refused.
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

// ayb_conn is one connection. It is used by one thread at a time, but for
// cancel, which any thread may set with an atomic store.
typedef struct ayb_conn {
	sqlite3 *db;

	// Set by the caller.
	int64_t budget; // nanoseconds the next call may take; 0: no limit
	int32_t cancel; // not 0: stop what runs
	int32_t own;    // the engine's own SQL is running, no policy
	int32_t reader; // nothing is ever written
	int32_t vacuum; // the tenant's VACUUM is running, one ATTACH '' is its own
	int32_t fresh;  // set the last insert rowid to rowid before the next step
	int64_t total;  // changes of the connection before this request
	int64_t wanted; // rows the next statement may still give
	int32_t marks;  // the next statement may insert, and does not look whether one before it did

	// Policy: the verdict of the last prepare or step.
	int32_t mode;
	int32_t preparing;
	int32_t seen;
	int32_t refusal;
	int32_t tainted; // sticky: this connection must not serve another body
	int32_t enforce; // foreign keys are to be on (1) or off (-1) from here on
	char named[64];  // what was refused, or the pragma that was set

	// The last insert rowid while a statement runs that may set it.
	int32_t marked; // it is a mark of ours in place of last
	int64_t last;

	// Time.
	int64_t start, tick;
	int32_t expired; // the budget was used up
	int32_t starved; // it got no more memory because it was to stop
	int32_t room;    // why it got no room on the disk; 0: it did

	// Result of ayb_prepare.
	sqlite3_stmt *stmt; // NULL for an empty statement
	int32_t tail;       // bytes of text up to and with this statement
	int32_t columns;
	int32_t readonly;
	int32_t explain;
	int32_t stmt_bytes;
	int32_t params; // how many it has

	// Result of ayb_fill.
	int32_t used, rows;
	int32_t pending;    // the current row is not packed yet
	int32_t big;        // the current row does not fit into an empty buffer
	int32_t timed;      // returned early so that what is there can be sent
	int32_t reprepared; // the schema changed: columns have to be asked again

	// Result of ayb_fill and ayb_drain when a statement is through.
	int64_t before;    // changes of the connection before it
	int64_t written;   // rows it wrote, those of triggers too
	int64_t affected;  // rows it wrote by itself
	int64_t rowid;     // the last insert rowid
	int32_t inserted;  // it set that
	int32_t truncated; // there were more rows than wanted
	int32_t bound;     // it has values that have to be cleared

	// Result of ayb_cell.
	int32_t cell_tag;
	int32_t cell_len;
	int64_t cell_bits;
	const void *cell_ptr;

	char text[512]; // first cell of ayb_exec, as much as has room
} ayb_conn;

// Process-wide: memory limit, and where SQLite puts its temporary files.
int ayb_process(int64_t heap, const char *temp_dir);

// Opens a connection. *out is set on failure too, unless memory ran out.
int ayb_open(ayb_conn **out, const char *path, int flags, int sql_bytes, int value_bytes);
// Closes it. Every statement must be finalized.
int ayb_close(ayb_conn *c);

// Prepares the statement at the start of sql, which has size bytes, the last
// of them NUL.
int ayb_prepare(ayb_conn *c, const char *sql, int size, int mode, int keep);
// Steps and packs rows until buf is full, a while has passed, or the end.
// SQLITE_ROW: call again. SQLITE_DONE: finished and reset. Else an error;
// the statement is not reset, so that its message can be read. The first call
// gives the statement n values, packed as cells are.
int ayb_fill(ayb_conn *c, sqlite3_stmt *s, unsigned char *buf, int cap, int first, const unsigned char *params, int n);
// Steps to the end and forgets the rows; resets when done.
int ayb_drain(ayb_conn *c, sqlite3_stmt *s, const unsigned char *params, int n);
// Ends a statement wherever it is, and clears its values.
void ayb_reset(ayb_conn *c, sqlite3_stmt *s);
// Describes one cell of the current row; cell_ptr is valid until the next
// step. SQLITE_NOMEM or SQLITE_OK.
int ayb_cell(ayb_conn *c, sqlite3_stmt *s, int i);
// Copies name and declared type of each column, each after its length, which
// is -1 for none. Returns the bytes needed; nothing is copied when cap is
// smaller. ayb_parameters does so with the names of parameters.
int ayb_columns(sqlite3_stmt *s, unsigned char *buf, int cap);
int ayb_parameters(sqlite3_stmt *s, unsigned char *buf, int cap);
// Runs SQL of the engine itself and keeps the first cell in c->text.
int ayb_exec(ayb_conn *c, const char *sql);

// Turns foreign keys on (1) or off (0), also within a transaction.
void ayb_enforce(ayb_conn *c, int on);
// Keeps the tables behind virtual tables from being written to (1), or not (0).
void ayb_defend(ayb_conn *c, int on);

// throttle.c
typedef struct ayb_throttle {
	int64_t ran; // what callers asked for so far; others add to it
	// Of the work that gives way.
	ayb_conn *conn;
	int64_t seen, since;
} ayb_throttle;

// Has what runs on the connection from here on rest while callers want
// something. One connection at a time can do so.
void ayb_throttle_conn(ayb_throttle *p, ayb_conn *c);

// log.c
// Takes off the log what a transaction that was undone has written there. Only
// the writer may be asked.
void ayb_trim(ayb_conn *c);

// memory.c
void ayb_memory(void);
// Says what this thread compiles or steps from here on, 0 being nothing: if it
// is a reader's, it gets no more memory a moment after it was told to stop.
void ayb_reading(ayb_conn *c);

// sthrottle.c
#define AYB_VFS "ayb"

// What grows: temporary files, the database itself, everything else.
enum { AYB_GROW_OTHER = 0, AYB_GROW_TEMP, AYB_GROW_MAIN };
// Why there is no room.
enum { AYB_ROOM_DISK = 1, AYB_ROOM_ACCOUNT, AYB_ROOM_NODE };

// Registers the VFS under its name.
void ayb_space_vfs(void);
// Process-wide: the counters, which may be 0, what the disk keeps in reserve,
// and a directory on that disk.
void ayb_space(int64_t *seat, const int64_t *account, const int64_t *node, int64_t reserve, const char *dir);
// Says for whom this thread works from here on, 0 being nobody.
void ayb_space_for(ayb_conn *c);
// Asks for room. 0, or why there is none. What was given as temporary is given
// back with ayb_space_shrink.
int ayb_space_grow(int64_t n, int kind);
// Counts what is there already as temporary.
void ayb_space_count(int64_t n);
void ayb_space_shrink(int64_t n);

// policy.c
int ayb_authorize(void *p, int action, const char *a, const char *b, const char *db, const char *trigger);
// functions.c
int ayb_functions(ayb_conn *c);

#endif
