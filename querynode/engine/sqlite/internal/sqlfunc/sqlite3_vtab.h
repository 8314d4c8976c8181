//go:build cgo && (linux || darwin)

// The part of SQLite's C interface that this package uses. The amalgamation
// is linked by github.com/mattn/go-sqlite3, whose header another module
// cannot include; these declarations are SQLite's stable public interface.
#ifndef SQLFUNC_SQLITE3_H
#define SQLFUNC_SQLITE3_H

#include <stdint.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_value sqlite3_value;
typedef struct sqlite3_context sqlite3_context;
typedef int64_t sqlite3_int64;
typedef uint64_t sqlite3_uint64;

enum {
	SQLITE_OK = 0,
	SQLITE_ERROR = 1,
	SQLITE_NOMEM = 7,
	SQLITE_INTERRUPT = 9,
	SQLITE_CONSTRAINT = 19,
	SQLITE_INTEGER = 1,
	SQLITE_FLOAT = 2,
	SQLITE_TEXT = 3,
	SQLITE_BLOB = 4,
	SQLITE_NULL = 5,
	SQLITE_UTF8 = 1,
	SQLITE_DETERMINISTIC = 0x000000800,
	SQLITE_INNOCUOUS = 0x000200000,
	SQLITE_INDEX_CONSTRAINT_EQ = 2,
	SQLITE_INDEX_CONSTRAINT_GT = 4,
	SQLITE_INDEX_CONSTRAINT_LE = 8,
	SQLITE_INDEX_CONSTRAINT_LT = 16,
	SQLITE_INDEX_CONSTRAINT_GE = 32,
	SQLITE_VTAB_INNOCUOUS = 2,
};

#define SQLITE_STATIC ((void (*)(void *))0)
#define SQLITE_TRANSIENT ((void (*)(void *))-1)

void *sqlite3_malloc64(sqlite3_uint64);
void *sqlite3_realloc64(void *, sqlite3_uint64);
void sqlite3_free(void *);
char *sqlite3_mprintf(const char *, ...);
void sqlite3_randomness(int, void *);
int sqlite3_is_interrupted(sqlite3 *);

int sqlite3_create_function_v2(sqlite3 *, const char *, int, int, void *,
	void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *), void (*)(void *));
int sqlite3_create_window_function(sqlite3 *, const char *, int, int, void *,
	void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *),
	void (*)(sqlite3_context *),
	void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(void *));
sqlite3 *sqlite3_context_db_handle(sqlite3_context *);
void *sqlite3_user_data(sqlite3_context *);
void *sqlite3_aggregate_context(sqlite3_context *, int);
void *sqlite3_get_auxdata(sqlite3_context *, int);
void sqlite3_set_auxdata(sqlite3_context *, int, void *, void (*)(void *));

int sqlite3_value_type(sqlite3_value *);
int sqlite3_value_bytes(sqlite3_value *);
int sqlite3_value_int(sqlite3_value *);
sqlite3_int64 sqlite3_value_int64(sqlite3_value *);
double sqlite3_value_double(sqlite3_value *);
const unsigned char *sqlite3_value_text(sqlite3_value *);
const void *sqlite3_value_blob(sqlite3_value *);

void sqlite3_result_blob64(sqlite3_context *, const void *, sqlite3_uint64, void (*)(void *));
void sqlite3_result_error(sqlite3_context *, const char *, int);
void sqlite3_result_error_code(sqlite3_context *, int);
void sqlite3_result_error_nomem(sqlite3_context *);
void sqlite3_result_int(sqlite3_context *, int);
void sqlite3_result_int64(sqlite3_context *, sqlite3_int64);
void sqlite3_result_text(sqlite3_context *, const char *, int, void (*)(void *));

// Virtual tables.
typedef struct sqlite3_module sqlite3_module;
typedef struct sqlite3_vtab {
	const sqlite3_module *pModule;
	int nRef;
	char *zErrMsg;
} sqlite3_vtab;
typedef struct sqlite3_vtab_cursor {
	sqlite3_vtab *pVtab;
} sqlite3_vtab_cursor;
typedef struct sqlite3_index_info {
	int nConstraint;
	struct sqlite3_index_constraint {
		int iColumn;
		unsigned char op;
		unsigned char usable;
		int iTermOffset;
	} *aConstraint;
	int nOrderBy;
	struct sqlite3_index_orderby {
		int iColumn;
		unsigned char desc;
	} *aOrderBy;
	struct sqlite3_index_constraint_usage {
		int argvIndex;
		unsigned char omit;
	} *aConstraintUsage;
	int idxNum;
	char *idxStr;
	int needToFreeIdxStr;
	int orderByConsumed;
	double estimatedCost;
	sqlite3_int64 estimatedRows;
	int idxFlags;
	sqlite3_uint64 colUsed;
} sqlite3_index_info;
struct sqlite3_module {
	int iVersion;
	int (*xCreate)(sqlite3 *, void *, int, const char *const *, sqlite3_vtab **, char **);
	int (*xConnect)(sqlite3 *, void *, int, const char *const *, sqlite3_vtab **, char **);
	int (*xBestIndex)(sqlite3_vtab *, sqlite3_index_info *);
	int (*xDisconnect)(sqlite3_vtab *);
	int (*xDestroy)(sqlite3_vtab *);
	int (*xOpen)(sqlite3_vtab *, sqlite3_vtab_cursor **);
	int (*xClose)(sqlite3_vtab_cursor *);
	int (*xFilter)(sqlite3_vtab_cursor *, int, const char *, int, sqlite3_value **);
	int (*xNext)(sqlite3_vtab_cursor *);
	int (*xEof)(sqlite3_vtab_cursor *);
	int (*xColumn)(sqlite3_vtab_cursor *, sqlite3_context *, int);
	int (*xRowid)(sqlite3_vtab_cursor *, sqlite3_int64 *);
	int (*xUpdate)(sqlite3_vtab *, int, sqlite3_value **, sqlite3_int64 *);
	int (*xBegin)(sqlite3_vtab *);
	int (*xSync)(sqlite3_vtab *);
	int (*xCommit)(sqlite3_vtab *);
	int (*xRollback)(sqlite3_vtab *);
	int (*xFindFunction)(sqlite3_vtab *, int, const char *, void (**)(sqlite3_context *, int, sqlite3_value **), void **);
	int (*xRename)(sqlite3_vtab *, const char *);
	int (*xSavepoint)(sqlite3_vtab *, int);
	int (*xRelease)(sqlite3_vtab *, int);
	int (*xRollbackTo)(sqlite3_vtab *, int);
	int (*xShadowName)(const char *);
	int (*xIntegrity)(sqlite3_vtab *, const char *, const char *, int, char **);
};
int sqlite3_create_module_v2(sqlite3 *, const char *, const sqlite3_module *, void *, void (*)(void *));
int sqlite3_declare_vtab(sqlite3 *, const char *);
int sqlite3_vtab_config(sqlite3 *, int, ...);

#endif
