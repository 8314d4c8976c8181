//go:build cgo && (linux || darwin)

// Decides what a tenant's statement may do. SQLite asks while it compiles a
// statement. Many pragmas take effect at that moment, so the decision cannot
// wait until the statement is complete.

#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum {
	REPORT = 1, // reports; takes no value
	SELECTS,    // reports; the value selects the subject
	CHECKS,     // like SELECTS, on a connection without cached state
	SCRIPT,     // settable for the rest of the body
	FOREIGN,    // foreign_keys: like SCRIPT, but on by default
	STORED,     // settable by writers; stored in the database
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
	{"integrity_check", CHECKS},
	{"quick_check", CHECKS},
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

static void say(ayb_conn *c, const char *name) {
	strncpy(c->named, name ? name : "", sizeof c->named - 1);
	c->named[sizeof c->named - 1] = 0;
}

static int refuse(ayb_conn *c, int why, const char *name) {
	c->refusal = why;
	say(c, name);
	return SQLITE_DENY;
}

// Reports whether SQLite reads a value as "on".
static int on(const char *s) {
	if (*s >= '0' && *s <= '9') {
		long n = strtol(s, 0, *s == '0' && (s[1] | 32) == 'x' ? 16 : 10);
		return n == (int32_t)n && n != 0;
	}
	return !sqlite3_stricmp(s, "on") || !sqlite3_stricmp(s, "yes") || !sqlite3_stricmp(s, "true");
}

// Sets a value for the rest of the body. Setting the default is always allowed
// and has an effect only after another value. SQLite ignores foreign_keys
// within a transaction, so ayb_prepare sets it.
static int set(ayb_conn *c, int kind, int mode, const char *name, const char *value) {
	int wanted = on(value);
	int usual = kind == FOREIGN;
	if (wanted != usual) {
		c->seen |= AYB_SEEN_SET;
		say(c, name);
	}
	if (mode == AYB_CHECK) return wanted == usual ? SQLITE_OK : SQLITE_IGNORE;
	if (wanted == usual && !c->tainted) return SQLITE_OK;
	c->tainted = 1;
	if (kind == FOREIGN && c->preparing) c->enforce = wanted ? 1 : -1;
	return SQLITE_OK;
}

static int pragma(ayb_conn *c, int mode, const char *name, const char *value) {
	unsigned i;
	for (i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
		if (sqlite3_stricmp(name, pragmas[i].name)) continue;
		switch (pragmas[i].kind) {
		case CHECKS:
			c->seen |= AYB_SEEN_CHECK;
			return SQLITE_OK;
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
			return value ? set(c, pragmas[i].kind, mode, name, value) : SQLITE_OK;
		}
	}
	return refuse(c, AYB_REFUSED_PRAGMA, name);
}

// Transactions of the body. SQLite uses others inside virtual tables and
// VACUUM, while it steps.
static int transaction(ayb_conn *c, const char *operation) {
	int begins = operation && !strcmp(operation, "BEGIN");
	if (!c->preparing) return SQLITE_OK;
	c->seen |= AYB_SEEN_TXN;
	if (c->mode == AYB_ATOMIC && !begins) return refuse(c, AYB_REFUSED_END, 0);
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

// Reports whether a statement creates an object in the temporary database.
// SQLite has separate actions for TEMP, and otherwise names the database.
static int makes(int action, const char *db) {
	switch (action) {
	case SQLITE_CREATE_INDEX:
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_CREATE_VIEW:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_TRIGGER:
	case SQLITE_CREATE_TEMP_VIEW:
		return db && !sqlite3_stricmp(db, "temp");
	}
	return 0;
}

// The statement reads the last insert rowid, so NO_ROWID must not be there,
// also when SQLite compiles the statement again at its start.
static void asks(ayb_conn *c) {
	c->seen |= AYB_SEEN_ROWID;
	if (!c->preparing && c->marked) {
		sqlite3_set_last_insert_rowid(c->db, c->last);
		c->marked = 0;
	}
}

// Records where a statement writes: to the temporary database, which ends with
// its body, or to the hosted one.
static void writes(ayb_conn *c, int action, const char *a, const char *db) {
	switch (action) {
	case SQLITE_INSERT:
		c->seen |= AYB_SEEN_INSERT;
		break;
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		break;
	case SQLITE_ALTER_TABLE:
		db = a;
		break;
	default:
		if (!schema(action)) return;
		if (makes(action, db)) c->seen |= AYB_SEEN_TEMP;
	}
	c->seen |= db && !sqlite3_stricmp(db, "temp") ? AYB_SEEN_TEMP_WRITE : AYB_SEEN_MAIN_WRITE;
}

int ayb_authorize(void *p, int action, const char *a, const char *b, const char *db, const char *trigger) {
	ayb_conn *c = p;
	int mode = c->preparing ? c->mode : AYB_FREE;
	(void)trigger;
	if (c->own) return SQLITE_OK;
	if (mode != AYB_CHECK && makes(action, db)) c->tainted = 1;
	if (c->preparing) {
		if (schema(action)) c->seen |= AYB_SEEN_SCHEMA;
		writes(c, action, a, db);
	}
	switch (action) {
	case SQLITE_ATTACH:
		if (c->vacuum && !c->preparing && a && !*a) return SQLITE_OK;
		return refuse(c, c->vacuum ? AYB_REFUSED_VACUUM_INTO : AYB_REFUSED_ATTACH, 0);
	case SQLITE_DETACH:
		return refuse(c, AYB_REFUSED_DETACH, 0);
	case SQLITE_PRAGMA:
		return pragma(c, mode, a ? a : "", b);
	case SQLITE_READ:
		if (a && (!sqlite3_stricmp(a, "pragma_integrity_check") || !sqlite3_stricmp(a, "pragma_quick_check"))) c->seen |= AYB_SEEN_CHECK;
		return SQLITE_OK;
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		return transaction(c, a);
	case SQLITE_FUNCTION:
		if (b && (!sqlite3_stricmp(b, "fts3_tokenizer") || !sqlite3_stricmp(b, "load_extension")))
			return refuse(c, AYB_REFUSED_FUNCTION, b);
		if (b && !sqlite3_stricmp(b, "last_insert_rowid")) asks(c);
		return SQLITE_OK;
	}
	return SQLITE_OK;
}
