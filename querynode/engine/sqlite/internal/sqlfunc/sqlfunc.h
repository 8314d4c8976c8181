//go:build cgo && (linux || darwin)

#ifndef SQLFUNC_H
#define SQLFUNC_H

#include "sqlite3_vtab.h"

// Registers all functions. Returns SQLite's result code.
int sqlfunc_register(sqlite3 *db);

// The parts, one file each.
int sqlfunc_regexp(sqlite3 *db);
int sqlfunc_series(sqlite3 *db);
int sqlfunc_decimal(sqlite3 *db);
int sqlfunc_uuid(sqlite3 *db);
int sqlfunc_sha3(sqlite3 *db);

// sqlfunc_work counts units of work, of some nanoseconds each, and sometimes
// checks for an interrupt. It returns 1 with the error set when the function
// has to stop.
typedef struct sqlfunc_effort {
	sqlite3_context *ctx;
	int64_t units;
} sqlfunc_effort;
int sqlfunc_work(sqlfunc_effort *e, int64_t units);

// Sets an error that ends the statement.
void sqlfunc_interrupted(sqlite3_context *ctx);

enum { SQLFUNC_FLAGS = SQLITE_UTF8 | SQLITE_INNOCUOUS, SQLFUNC_PURE = SQLFUNC_FLAGS | SQLITE_DETERMINISTIC };

// A scalar function.
typedef void (*sqlfunc_scalar)(sqlite3_context *, int, sqlite3_value **);
int sqlfunc_add(sqlite3 *db, const char *name, int args, int flags, void *arg, sqlfunc_scalar f);

#endif
