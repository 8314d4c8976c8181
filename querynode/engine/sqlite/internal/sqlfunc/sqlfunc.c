//go:build cgo && (linux || darwin)

#include "sqlfunc.h"

enum { LOOK_EVERY = 1 << 16 };

void sqlfunc_interrupted(sqlite3_context *ctx) {
	sqlite3_result_error(ctx, "interrupted", -1);
	sqlite3_result_error_code(ctx, SQLITE_INTERRUPT);
}

int sqlfunc_work(sqlfunc_effort *e, int64_t units) {
	e->units += units;
	if (e->units < LOOK_EVERY) return 0;
	e->units = 0;
	if (!sqlite3_is_interrupted(sqlite3_context_db_handle(e->ctx))) return 0;
	sqlfunc_interrupted(e->ctx);
	return 1;
}

int sqlfunc_add(sqlite3 *db, const char *name, int args, int flags, void *arg, sqlfunc_scalar f) {
	return sqlite3_create_function_v2(db, name, args, flags, arg, f, 0, 0, 0);
}

int sqlfunc_register(sqlite3 *db) {
	int rc = sqlfunc_regexp(db);
	if (!rc) rc = sqlfunc_series(db);
	if (!rc) rc = sqlfunc_decimal(db);
	if (!rc) rc = sqlfunc_uuid(db);
	if (!rc) rc = sqlfunc_sha3(db);
	return rc;
}
