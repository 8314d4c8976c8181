//go:build cgo && (linux || darwin)

// generate_series(START, STOP, STEP) is a table with a row for each integer
// from START to STOP. The defaults are 4294967295 for STOP and 1 for STEP. A
// negative STEP counts down; a STEP of 0 is 1.

#include <string.h>

#include "sqlfunc.h"

enum { VALUE, START, STOP, STEP };
enum { HAS_START = 1, HAS_STOP = 2, HAS_STEP = 4, ASCENDING = 8, DESCENDING = 16, HAS_BOUND = 32 };

// The comparisons of WHERE with the value, in the order of their bits from
// HAS_BOUND on.
static const unsigned char bounds[] = {
	SQLITE_INDEX_CONSTRAINT_EQ, SQLITE_INDEX_CONSTRAINT_GT, SQLITE_INDEX_CONSTRAINT_GE,
	SQLITE_INDEX_CONSTRAINT_LT, SQLITE_INDEX_CONSTRAINT_LE,
};
enum { BOUNDS = sizeof bounds };

typedef struct cursor {
	sqlite3_vtab_cursor base;
	int64_t start, stop, step; // the arguments
	int64_t value, delta;
	uint64_t left; // rows left, including this one
} cursor;

static int series_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **err) {
	int rc = sqlite3_declare_vtab(db, "CREATE TABLE x(value, start HIDDEN, stop HIDDEN, step HIDDEN)");
	(void)aux;
	(void)argc;
	(void)argv;
	(void)err;
	if (rc) return rc;
	*out = sqlite3_malloc64(sizeof **out);
	if (!*out) return SQLITE_NOMEM;
	memset(*out, 0, sizeof **out);
	sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
	return SQLITE_OK;
}

static int series_disconnect(sqlite3_vtab *t) {
	sqlite3_free(t);
	return SQLITE_OK;
}

// Uses each comparison with the value once as a bound. SQLite checks it again.
static void series_bounds(sqlite3_index_info *info, int n) {
	int i, k;
	for (k = 0; k < BOUNDS; k++) {
		for (i = 0; i < info->nConstraint; i++) {
			if (info->aConstraint[i].iColumn != VALUE || info->aConstraint[i].op != bounds[k] || !info->aConstraint[i].usable) continue;
			info->aConstraintUsage[i].argvIndex = ++n;
			info->idxNum |= HAS_BOUND << k;
			break;
		}
	}
}

// Finds the arguments, which are equalities on the hidden columns, in the order
// start, stop, step.
static int series_best_index(sqlite3_vtab *t, sqlite3_index_info *info) {
	int i, argument[4] = {-1, -1, -1, -1}, n = 0, unusable = 0;
	for (i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn;
		if (column < START || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
		if (info->aConstraint[i].usable)
			argument[column] = i;
		else
			unusable |= 1 << column;
	}
	for (i = START; i <= STEP; i++) {
		if (argument[i] < 0) {
			// The argument depends on a later table: SQLite has to find another
			// order.
			if (unusable & 1 << i) return SQLITE_CONSTRAINT;
			continue;
		}
		info->idxNum |= 1 << (i - START);
		info->aConstraintUsage[argument[i]].argvIndex = ++n;
		info->aConstraintUsage[argument[i]].omit = 1;
	}
	if (!(info->idxNum & HAS_START)) {
		sqlite3_free(t->zErrMsg);
		t->zErrMsg = sqlite3_mprintf("generate_series() needs the first value as its first argument");
		return SQLITE_ERROR;
	}
	series_bounds(info, n);
	if (info->nOrderBy == 1 && info->aOrderBy[0].iColumn == VALUE) {
		info->orderByConsumed = 1;
		info->idxNum |= info->aOrderBy[0].desc ? DESCENDING : ASCENDING;
	}
	info->estimatedRows = info->idxNum & HAS_STOP ? 1000 : 4294967296;
	info->estimatedCost = (double)info->estimatedRows * (info->idxNum & HAS_STEP ? 1 : 2);
	return SQLITE_OK;
}

static int series_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out) {
	cursor *c = sqlite3_malloc64(sizeof *c);
	(void)t;
	if (!c) return SQLITE_NOMEM;
	memset(c, 0, sizeof *c);
	*out = &c->base;
	return SQLITE_OK;
}

static int series_close(sqlite3_vtab_cursor *base) {
	sqlite3_free(base);
	return SQLITE_OK;
}

// Returns the number of values from low to high in steps of step. The full
// range of the type would overflow, so one less is returned then.
static uint64_t count(int64_t low, int64_t high, uint64_t step) {
	uint64_t n = ((uint64_t)high - (uint64_t)low) / step;
	return n == UINT64_MAX ? n : n + 1;
}

// Narrows low and high to the bounds of WHERE. Returns 0 if no value is left.
static int narrow(int plan, sqlite3_value **argv, int64_t *low, int64_t *high) {
	int k, n = 0;
	for (k = 0; k < BOUNDS; k++) {
		int64_t v;
		if (!(plan & HAS_BOUND << k)) continue;
		if (sqlite3_value_type(argv[n]) != SQLITE_INTEGER) {
			n++;
			continue;
		}
		v = sqlite3_value_int64(argv[n++]);
		if ((bounds[k] == SQLITE_INDEX_CONSTRAINT_GT && v == INT64_MAX) || (bounds[k] == SQLITE_INDEX_CONSTRAINT_LT && v == INT64_MIN)) return 0;
		if (bounds[k] == SQLITE_INDEX_CONSTRAINT_GT) v++;
		if (bounds[k] == SQLITE_INDEX_CONSTRAINT_LT) v--;
		if (k <= 2 && v > *low) *low = v;
		if ((k == 0 || k > 2) && v < *high) *high = v;
	}
	return *low <= *high;
}

// Advances from to the first step at or after bound. It wraps around if there
// is no such integer.
static int64_t first_step(int64_t from, int64_t bound, uint64_t size, int up) {
	uint64_t gap = up ? (uint64_t)bound - (uint64_t)from : (uint64_t)from - (uint64_t)bound;
	uint64_t moved = (gap / size + (gap % size != 0)) * size;
	return (int64_t)(up ? (uint64_t)from + moved : (uint64_t)from - moved);
}

static int series_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc, sqlite3_value **argv) {
	cursor *c = (cursor *)base;
	int64_t low = INT64_MIN, high = INT64_MAX, from, to;
	uint64_t size;
	int i, n = 0;
	(void)text;
	c->left = 0;
	for (i = 0; i < argc; i++)
		if (sqlite3_value_type(argv[i]) == SQLITE_NULL) return SQLITE_OK;
	c->start = sqlite3_value_int64(argv[n++]);
	c->stop = plan & HAS_STOP ? sqlite3_value_int64(argv[n++]) : 4294967295;
	c->step = plan & HAS_STEP ? sqlite3_value_int64(argv[n++]) : 1;
	if (!c->step) c->step = 1;
	if (!narrow(plan, argv + n, &low, &high)) return SQLITE_OK;
	size = c->step < 0 ? 0 - (uint64_t)c->step : (uint64_t)c->step;
	from = c->start;
	to = c->stop;
	if (c->step > 0) {
		if (to > high) to = high;
		if (from > to || low > to) return SQLITE_OK;
		if (low > from) from = first_step(from, low, size, 1);
		if (from < low || from > to) return SQLITE_OK; // there is no step within the bounds
		c->left = count(from, to, size);
	} else {
		if (to < low) to = low;
		if (from < to || high < to) return SQLITE_OK;
		if (high < from) from = first_step(from, high, size, 0);
		if (from > high || from < to) return SQLITE_OK;
		c->left = count(to, from, size);
	}
	c->value = from;
	c->delta = c->step;
	// The requested order is the reverse: begin at the last value.
	if ((plan & ASCENDING && c->step < 0) || (plan & DESCENDING && c->step > 0)) {
		c->value = (int64_t)((uint64_t)from + (c->left - 1) * (uint64_t)c->step);
		c->delta = (int64_t)(0 - (uint64_t)c->step);
	}
	return SQLITE_OK;
}

static int series_next(sqlite3_vtab_cursor *base) {
	cursor *c = (cursor *)base;
	c->value = (int64_t)((uint64_t)c->value + (uint64_t)c->delta);
	c->left--;
	return SQLITE_OK;
}

static int series_eof(sqlite3_vtab_cursor *base) { return ((cursor *)base)->left == 0; }

static int series_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i) {
	cursor *c = (cursor *)base;
	int64_t columns[] = {c->value, c->start, c->stop, c->step};
	sqlite3_result_int64(ctx, columns[i]);
	return SQLITE_OK;
}

static int series_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out) {
	*out = ((cursor *)base)->value;
	return SQLITE_OK;
}

// Without xCreate the table exists under its own name only.
static const sqlite3_module module = {
	.xConnect = series_connect, .xBestIndex = series_best_index, .xDisconnect = series_disconnect,
	.xOpen = series_open, .xClose = series_close, .xFilter = series_filter, .xNext = series_next,
	.xEof = series_eof, .xColumn = series_column, .xRowid = series_rowid,
};

int sqlfunc_series(sqlite3 *db) { return sqlite3_create_module_v2(db, "generate_series", &module, 0, 0); }
