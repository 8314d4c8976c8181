//go:build cgo && (linux || darwin)

// What a tenant's statement may do. SQLite asks while it compiles a
// statement, and many pragmas act at that very moment, so the answer cannot
// wait until the statement is looked at as a whole.

#include <string.h>

#include "engine.h"

enum {
	REPORT = 1, // tells something; takes no value
	SELECTS,    // tells something; the value says about what
	SCRIPT,     // may be set, for the rest of the body
	FOREIGN,    // foreign_keys: as SCRIPT, and has no effect in a transaction
	STORED,     // may be set by writers; kept in the database
	WRITES,     // for writers
};

static const struct {
	const char *name;
	int kind;
} pragmas[] = {
	{"table_info", SELECTS},
	{"table_xinfo", SELECTS},
	{"table_list", SELECTS},
	{"index_list", SELECTS},
	{"index_info", SELECTS},
	{"index_xinfo", SELECTS},
	{"foreign_key_list", SELECTS},
	{"foreign_key_check", SELECTS},
	{"integrity_check", SELECTS},
	{"quick_check", SELECTS},
	{"foreign_keys", FOREIGN},
	{"defer_foreign_keys", SCRIPT},
	{"recursive_triggers", SCRIPT},
	{"reverse_unordered_selects", SCRIPT},
	{"legacy_alter_table", SCRIPT},
	{"ignore_check_constraints", SCRIPT},
	{"user_version", STORED},
	{"application_id", STORED},
	{"optimize", WRITES},
	{"collation_list", REPORT},
	{"function_list", REPORT},
	{"module_list", REPORT},
	{"pragma_list", REPORT},
	{"compile_options", REPORT},
	{"page_count", REPORT},
	{"page_size", REPORT},
	{"freelist_count", REPORT},
	{"encoding", REPORT},
	{"schema_version", REPORT},
	{"data_version", REPORT},
	{"journal_mode", REPORT},
	{"synchronous", REPORT},
	{"cache_size", REPORT},
	{"auto_vacuum", REPORT},
	{"busy_timeout", REPORT},
	{"max_page_count", REPORT},
	{"wal_autocheckpoint", REPORT},
	{"analysis_limit", REPORT},
	{"secure_delete", REPORT},
	{"temp_store", REPORT},
	{"trusted_schema", REPORT},
	{"mmap_size", REPORT},
	{"locking_mode", REPORT},
	{"query_only", REPORT},
	{"cell_size_check", REPORT},
	{"journal_size_limit", REPORT},
};

static int refuse(ayb_conn *c, int why, const char *name) {
	c->refusal = why;
	c->refused[0] = 0;
	if (name) {
		strncpy(c->refused, name, sizeof c->refused - 1);
		c->refused[sizeof c->refused - 1] = 0;
	}
	return SQLITE_DENY;
}

// Surely "on" to SQLite. Other spellings of it count as a change, which is
// always safe.
static int on(const char *s) {
	return !strcmp(s, "1") || !sqlite3_stricmp(s, "on") || !sqlite3_stricmp(s, "yes") || !sqlite3_stricmp(s, "true");
}

// A value that is set for the rest of the body.
static int set(ayb_conn *c, int kind, int mode, const char *value) {
	if (kind == FOREIGN) {
		int now = 0;
		sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &now);
		// Saying what holds anyway is common, and must not cost a body
		// its single transaction.
		if (now && on(value)) return SQLITE_OK;
	}
	c->seen |= AYB_SEEN_SET;
	if (mode == AYB_CHECK) return SQLITE_IGNORE;
	if (mode == AYB_ATOMIC && kind == FOREIGN) return refuse(c, AYB_REFUSED_HERE, 0);
	c->tainted = 1;
	return SQLITE_OK;
}

static int pragma(ayb_conn *c, int mode, const char *name, const char *value) {
	unsigned i;
	for (i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
		if (sqlite3_stricmp(name, pragmas[i].name)) continue;
		switch (pragmas[i].kind) {
		case SELECTS:
			return SQLITE_OK;
		case WRITES:
			c->seen |= AYB_SEEN_WRITER | AYB_SEEN_SCHEMA;
			return SQLITE_OK;
		case STORED:
			if (value) c->seen |= AYB_SEEN_WRITER;
			return SQLITE_OK;
		case REPORT:
			return value ? refuse(c, AYB_REFUSED_PRAGMA_VALUE, name) : SQLITE_OK;
		default:
			return value ? set(c, pragmas[i].kind, mode, value) : SQLITE_OK;
		}
	}
	return refuse(c, AYB_REFUSED_PRAGMA, name);
}

// Transactions of the body's own. Statements that run inside virtual tables
// and inside VACUUM are SQLite's business: they come while stepping.
static int transaction(ayb_conn *c) {
	if (!c->preparing) return SQLITE_OK;
	c->seen |= AYB_SEEN_TXN;
	return c->mode == AYB_ATOMIC ? refuse(c, AYB_REFUSED_HERE, 0) : SQLITE_OK;
}

static int schema(int action) {
	switch (action) {
	case SQLITE_CREATE_INDEX:
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_CREATE_TEMP_VIEW:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_CREATE_VIEW:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_INDEX:
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_TEMP_INDEX:
	case SQLITE_DROP_TEMP_TABLE:
	case SQLITE_DROP_TEMP_TRIGGER:
	case SQLITE_DROP_TEMP_VIEW:
	case SQLITE_DROP_TRIGGER:
	case SQLITE_DROP_VIEW:
	case SQLITE_DROP_VTABLE:
	case SQLITE_ALTER_TABLE:
	case SQLITE_REINDEX:
	case SQLITE_ANALYZE:
		return 1;
	}
	return 0;
}

int ayb_authorize(void *p, int action, const char *a, const char *b, const char *db, const char *trigger) {
	ayb_conn *c = p;
	int mode = c->preparing ? c->mode : AYB_FREE;
	(void)trigger;
	if (c->own) return SQLITE_OK;
	if (c->preparing && schema(action)) c->seen |= AYB_SEEN_SCHEMA;
	switch (action) {
	case SQLITE_ATTACH:
		if (c->vacuum && !c->preparing && a && !*a) return SQLITE_OK;
		return refuse(c, c->vacuum ? AYB_REFUSED_VACUUM_INTO : AYB_REFUSED_ATTACH, 0);
	case SQLITE_DETACH:
		return refuse(c, AYB_REFUSED_DETACH, 0);
	case SQLITE_PRAGMA:
		return pragma(c, mode, a ? a : "", b);
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		return transaction(c);
	case SQLITE_FUNCTION:
		if (b && (!sqlite3_stricmp(b, "fts3_tokenizer") || !sqlite3_stricmp(b, "load_extension")))
			return refuse(c, AYB_REFUSED_FUNCTION, b);
		return SQLITE_OK;
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_CREATE_TEMP_VIEW:
		if (mode != AYB_CHECK) c->tainted = 1;
		return SQLITE_OK;
	case SQLITE_CREATE_VTABLE:
		if (mode != AYB_CHECK && db && !sqlite3_stricmp(db, "temp")) c->tainted = 1;
		return SQLITE_OK;
	}
	return SQLITE_OK;
}
