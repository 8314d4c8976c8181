//go:build cgo && (linux || darwin)

// The part of SQLite's C interface that this package uses. The amalgamation
// is linked by github.com/mattn/go-sqlite3, whose header another module
// cannot include; these declarations are SQLite's stable public interface.
#ifndef AYB_SQLITE3_API_H
#define AYB_SQLITE3_API_H

#include <stdint.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct sqlite3_value sqlite3_value;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_mutex sqlite3_mutex;
typedef int64_t sqlite3_int64;

enum {
	SQLITE_OK = 0,
	SQLITE_ERROR = 1,
	SQLITE_BUSY = 5,
	SQLITE_NOMEM = 7,
	SQLITE_READONLY = 8,
	SQLITE_INTERRUPT = 9,
	SQLITE_IOERR = 10,
	SQLITE_IOERR_WRITE = 10 | 3 << 8,
	SQLITE_IOERR_SHMSIZE = 10 | 19 << 8,
	SQLITE_CORRUPT = 11,
	SQLITE_FULL = 13,
	SQLITE_CANTOPEN = 14,
	SQLITE_TOOBIG = 18,
	SQLITE_CONSTRAINT = 19,
	SQLITE_MISMATCH = 20,
	SQLITE_NOTADB = 26,
	SQLITE_ROW = 100,
	SQLITE_DONE = 101,

	SQLITE_INTEGER = 1,
	SQLITE_FLOAT = 2,
	SQLITE_TEXT = 3,
	SQLITE_BLOB = 4,
	SQLITE_NULL = 5,

	SQLITE_OPEN_READONLY = 0x00000001,
	SQLITE_OPEN_READWRITE = 0x00000002,
	SQLITE_OPEN_CREATE = 0x00000004,
	SQLITE_OPEN_MEMORY = 0x00000080,
	SQLITE_OPEN_MAIN_DB = 0x00000100,
	SQLITE_OPEN_TEMP_DB = 0x00000200,
	SQLITE_OPEN_TRANSIENT_DB = 0x00000400,
	SQLITE_OPEN_TEMP_JOURNAL = 0x00001000,
	SQLITE_OPEN_SUBJOURNAL = 0x00002000,
	SQLITE_OPEN_NOMUTEX = 0x00008000,
	SQLITE_OPEN_PRIVATECACHE = 0x00040000,
	SQLITE_OPEN_EXRESCODE = 0x02000000,

	SQLITE_DBCONFIG_ENABLE_FKEY = 1002,
	SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER = 1004,
	SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION = 1005,
	SQLITE_DBCONFIG_DEFENSIVE = 1010,
	SQLITE_DBCONFIG_WRITABLE_SCHEMA = 1011,
	SQLITE_DBCONFIG_TRUSTED_SCHEMA = 1017,
	SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE = 1020,
	SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE = 1021,

	SQLITE_LIMIT_LENGTH = 0,
	SQLITE_LIMIT_SQL_LENGTH = 1,
	SQLITE_LIMIT_VDBE_OP = 5,
	SQLITE_DBSTATUS_DEFERRED_FKS = 10,
	SQLITE_DBSTATUS_CACHE_SPILL = 12,
	SQLITE_FCNTL_FILE_POINTER = 7,
	SQLITE_FCNTL_JOURNAL_POINTER = 28,

	SQLITE_LIMIT_ATTACHED = 7,
	SQLITE_LIMIT_LIKE_PATTERN_LENGTH = 8,
	SQLITE_LIMIT_TRIGGER_DEPTH = 10,
	SQLITE_LIMIT_WORKER_THREADS = 11,

	SQLITE_DENY = 1,
	SQLITE_IGNORE = 2,
	SQLITE_CREATE_INDEX = 1,
	SQLITE_CREATE_TABLE = 2,
	SQLITE_CREATE_TEMP_INDEX = 3,
	SQLITE_CREATE_TEMP_TABLE = 4,
	SQLITE_CREATE_TEMP_TRIGGER = 5,
	SQLITE_CREATE_TEMP_VIEW = 6,
	SQLITE_CREATE_TRIGGER = 7,
	SQLITE_CREATE_VIEW = 8,
	SQLITE_DROP_INDEX = 10,
	SQLITE_DROP_TABLE = 11,
	SQLITE_DROP_TEMP_INDEX = 12,
	SQLITE_DROP_TEMP_TABLE = 13,
	SQLITE_DROP_TEMP_TRIGGER = 14,
	SQLITE_DROP_TEMP_VIEW = 15,
	SQLITE_DROP_TRIGGER = 16,
	SQLITE_DROP_VIEW = 17,
	SQLITE_PRAGMA = 19,
	SQLITE_READ = 20,
	SQLITE_TRANSACTION = 22,
	SQLITE_ATTACH = 24,
	SQLITE_DETACH = 25,
	SQLITE_DELETE = 9,
	SQLITE_INSERT = 18,
	SQLITE_UPDATE = 23,
	SQLITE_ALTER_TABLE = 26,
	SQLITE_REINDEX = 27,
	SQLITE_ANALYZE = 28,
	SQLITE_CREATE_VTABLE = 29,
	SQLITE_DROP_VTABLE = 30,
	SQLITE_FUNCTION = 31,
	SQLITE_SAVEPOINT = 32,

	SQLITE_CONFIG_MALLOC = 4,
	SQLITE_CONFIG_GETMALLOC = 5,

	SQLITE_PREPARE_PERSISTENT = 0x01,
	SQLITE_STMTSTATUS_REPREPARE = 5,
	SQLITE_STMTSTATUS_MEMUSED = 99,
	SQLITE_UTF8 = 1,
	SQLITE_DETERMINISTIC = 0x000000800,
	SQLITE_INNOCUOUS = 0x000200000,
	SQLITE_MUTEX_STATIC_VFS1 = 11,
};

#define SQLITE_STATIC ((void (*)(void *))0)
#define SQLITE_TRANSIENT ((void (*)(void *))-1)

extern char *sqlite3_temp_directory;

typedef struct sqlite3_mem_methods {
	void *(*xMalloc)(int);
	void (*xFree)(void *);
	void *(*xRealloc)(void *, int);
	int (*xSize)(void *);
	int (*xRoundup)(int);
	int (*xInit)(void *);
	void (*xShutdown)(void *);
	void *pAppData;
} sqlite3_mem_methods;

typedef struct sqlite3_file sqlite3_file;
typedef struct sqlite3_vfs sqlite3_vfs;

typedef struct sqlite3_io_methods {
	int iVersion;
	int (*xClose)(sqlite3_file *);
	int (*xRead)(sqlite3_file *, void *, int, sqlite3_int64);
	int (*xWrite)(sqlite3_file *, const void *, int, sqlite3_int64);
	int (*xTruncate)(sqlite3_file *, sqlite3_int64);
	int (*xSync)(sqlite3_file *, int);
	int (*xFileSize)(sqlite3_file *, sqlite3_int64 *);
	int (*xLock)(sqlite3_file *, int);
	int (*xUnlock)(sqlite3_file *, int);
	int (*xCheckReservedLock)(sqlite3_file *, int *);
	int (*xFileControl)(sqlite3_file *, int, void *);
	int (*xSectorSize)(sqlite3_file *);
	int (*xDeviceCharacteristics)(sqlite3_file *);
	int (*xShmMap)(sqlite3_file *, int, int, int, void volatile **);
	int (*xShmLock)(sqlite3_file *, int, int, int);
	void (*xShmBarrier)(sqlite3_file *);
	int (*xShmUnmap)(sqlite3_file *, int);
	int (*xFetch)(sqlite3_file *, sqlite3_int64, int, void **);
	int (*xUnfetch)(sqlite3_file *, sqlite3_int64, void *);
} sqlite3_io_methods;

struct sqlite3_file {
	const sqlite3_io_methods *pMethods;
};

struct sqlite3_vfs {
	int iVersion;
	int szOsFile;
	int mxPathname;
	sqlite3_vfs *pNext;
	const char *zName;
	void *pAppData;
	int (*xOpen)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
	void *names[3]; // of files
	void *libraries[4];
	int (*xRandomness)(sqlite3_vfs *, int, char *);
	void *others[7]; // of version 3
};

sqlite3_vfs *sqlite3_vfs_find(const char *);
int sqlite3_vfs_register(sqlite3_vfs *, int);

int sqlite3_config(int, ...);
int sqlite3_initialize(void);
const char *sqlite3_libversion(void);
sqlite3_mutex *sqlite3_mutex_alloc(int);
void sqlite3_mutex_enter(sqlite3_mutex *);
void sqlite3_mutex_leave(sqlite3_mutex *);
char *sqlite3_mprintf(const char *, ...);
void sqlite3_free(void *);
int sqlite3_stricmp(const char *, const char *);
void *sqlite3_user_data(sqlite3_context *);
void sqlite3_result_int64(sqlite3_context *, sqlite3_int64);
sqlite3_int64 sqlite3_hard_heap_limit64(sqlite3_int64);

int sqlite3_open_v2(const char *, sqlite3 **, int, const char *);
int sqlite3_close(sqlite3 *);
int sqlite3_db_config(sqlite3 *, int, ...);
int sqlite3_limit(sqlite3 *, int, int);
int sqlite3_file_control(sqlite3 *, const char *, int, void *);
int sqlite3_db_status(sqlite3 *, int, int *, int *, int);
int sqlite3_busy_timeout(sqlite3 *, int);
int sqlite3_set_authorizer(sqlite3 *, int (*)(void *, int, const char *, const char *, const char *, const char *), void *);
void sqlite3_progress_handler(sqlite3 *, int, int (*)(void *), void *);
int sqlite3_create_function_v2(sqlite3 *, const char *, int, int, void *,
	void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *, int, sqlite3_value **),
	void (*)(sqlite3_context *), void (*)(void *));
void sqlite3_interrupt(sqlite3 *);
int sqlite3_get_autocommit(sqlite3 *);
sqlite3_int64 sqlite3_changes64(sqlite3 *);
sqlite3_int64 sqlite3_total_changes64(sqlite3 *);
sqlite3_int64 sqlite3_last_insert_rowid(sqlite3 *);
void sqlite3_set_last_insert_rowid(sqlite3 *, sqlite3_int64);
int sqlite3_db_release_memory(sqlite3 *);
int sqlite3_extended_errcode(sqlite3 *);
const char *sqlite3_errmsg(sqlite3 *);
int sqlite3_error_offset(sqlite3 *);
int sqlite3_exec(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);

int sqlite3_prepare_v3(sqlite3 *, const char *, int, unsigned int, sqlite3_stmt **, const char **);
int sqlite3_step(sqlite3_stmt *);
int sqlite3_reset(sqlite3_stmt *);
int sqlite3_finalize(sqlite3_stmt *);
int sqlite3_bind_parameter_count(sqlite3_stmt *);
const char *sqlite3_bind_parameter_name(sqlite3_stmt *, int);
int sqlite3_bind_null(sqlite3_stmt *, int);
int sqlite3_bind_int64(sqlite3_stmt *, int, sqlite3_int64);
int sqlite3_bind_double(sqlite3_stmt *, int, double);
int sqlite3_bind_text(sqlite3_stmt *, int, const char *, int, void (*)(void *));
int sqlite3_bind_blob(sqlite3_stmt *, int, const void *, int, void (*)(void *));
int sqlite3_clear_bindings(sqlite3_stmt *);
int sqlite3_stmt_readonly(sqlite3_stmt *);
int sqlite3_stmt_isexplain(sqlite3_stmt *);
int sqlite3_stmt_status(sqlite3_stmt *, int, int);
int sqlite3_column_count(sqlite3_stmt *);
const char *sqlite3_column_name(sqlite3_stmt *, int);
const char *sqlite3_column_decltype(sqlite3_stmt *, int);
int sqlite3_column_type(sqlite3_stmt *, int);
sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *, int);
double sqlite3_column_double(sqlite3_stmt *, int);
const unsigned char *sqlite3_column_text(sqlite3_stmt *, int);
const void *sqlite3_column_blob(sqlite3_stmt *, int);
int sqlite3_column_bytes(sqlite3_stmt *, int);

const unsigned char *sqlite3_value_text(sqlite3_value *);
void sqlite3_result_text(sqlite3_context *, const char *, int, void (*)(void *));

#endif
