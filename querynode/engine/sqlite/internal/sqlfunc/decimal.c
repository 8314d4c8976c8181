//go:build cgo && (linux || darwin)

// decimal(X) is an exact decimal text: a REAL has all its digits.
// decimal_exp(X) is the same with an exponent. decimal_add, decimal_sub and
// decimal_mul compute without rounding, decimal_cmp returns -1, 0 or 1, and
// decimal_sum is an aggregate. The number of a text is its longest numeric
// prefix; NULL and BLOBs give NULL. A number may have 10000 digits.
//
// The shell's collation of that name is left out, because a database that uses
// it could not be opened elsewhere.

#include "decimal.h"

static void too_big(sqlite3_context *ctx) {
	sqlite3_result_error(ctx, "a decimal number may have at most 10000 digits, and an infinity is none", -1);
}

// Returns the number of an argument, or NULL. Then *failed says that the error
// is set.
static decimal *argument(sqlite3_context *ctx, sqlite3_value *v, int *failed) {
	decimal *d;
	const unsigned char *s;
	int big = 0, type = sqlite3_value_type(v);
	*failed = 0;
	if (type == SQLITE_NULL || type == SQLITE_BLOB) return 0;
	if (type == SQLITE_FLOAT) {
		d = decimal_from_double(sqlite3_value_double(v), &big);
	} else {
		s = sqlite3_value_text(v);
		d = s ? decimal_parse(s, sqlite3_value_bytes(v), &big) : 0;
	}
	if (d) return d;
	*failed = 1;
	if (big)
		too_big(ctx);
	else
		sqlite3_result_error_nomem(ctx);
	return 0;
}

// Sets a text that sqlite3_free frees as the result.
static void result(sqlite3_context *ctx, char *text) {
	if (text)
		sqlite3_result_text(ctx, text, -1, sqlite3_free);
	else
		sqlite3_result_error_nomem(ctx);
}

static void function(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	int failed;
	decimal *d = argument(ctx, argv[0], &failed);
	(void)argc;
	if (d) result(ctx, sqlite3_user_data(ctx) ? decimal_scientific(d) : decimal_text(d));
	decimal_free(d);
}

// A function of two numbers.
typedef void (*pair_function)(sqlite3_context *, decimal *, decimal *);

static void pair(sqlite3_context *ctx, sqlite3_value **argv, pair_function f) {
	int failed;
	decimal *a = argument(ctx, argv[0], &failed), *b = failed ? 0 : argument(ctx, argv[1], &failed);
	if (a && b) f(ctx, a, b);
	decimal_free(a);
	decimal_free(b);
}

static void sum_of(sqlite3_context *ctx, decimal *a, decimal *b) {
	if (decimal_add(a, b))
		result(ctx, decimal_text(a));
	else
		sqlite3_result_error_nomem(ctx);
}

static void difference_of(sqlite3_context *ctx, decimal *a, decimal *b) {
	b->negative = !b->negative;
	sum_of(ctx, a, b);
}

static void product_of(sqlite3_context *ctx, decimal *a, decimal *b) {
	sqlfunc_effort e = {ctx, 0};
	decimal *d = decimal_multiply(a, b, &e);
	if (d) {
		result(ctx, decimal_text(d));
	} else if (sqlite3_is_interrupted(sqlite3_context_db_handle(ctx))) {
		sqlfunc_interrupted(ctx);
	} else {
		sqlite3_result_error_nomem(ctx);
	}
	decimal_free(d);
}

static void comparison_of(sqlite3_context *ctx, decimal *a, decimal *b) {
	int c = decimal_compare(a, b);
	if (c < -1)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_int(ctx, c);
}

static void add(sqlite3_context *ctx, int argc, sqlite3_value **argv) { (void)argc, pair(ctx, argv, sum_of); }
static void sub(sqlite3_context *ctx, int argc, sqlite3_value **argv) { (void)argc, pair(ctx, argv, difference_of); }
static void mul(sqlite3_context *ctx, int argc, sqlite3_value **argv) { (void)argc, pair(ctx, argv, product_of); }
static void cmp(sqlite3_context *ctx, int argc, sqlite3_value **argv) { (void)argc, pair(ctx, argv, comparison_of); }

// decimal_sum and its inverse for windows. NULLs do not count.
typedef struct total {
	decimal *sum;
} total;

static void accumulate(sqlite3_context *ctx, sqlite3_value *v, int inverse) {
	total *t = sqlite3_aggregate_context(ctx, sizeof *t);
	int failed;
	decimal *d;
	if (!t) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	d = argument(ctx, v, &failed);
	if (!d) return;
	d->negative ^= inverse;
	if (!t->sum) {
		t->sum = d;
		return;
	}
	if (!decimal_add(t->sum, d)) sqlite3_result_error_nomem(ctx);
	decimal_free(d);
}

static void sum_step(sqlite3_context *ctx, int argc, sqlite3_value **argv) { (void)argc, accumulate(ctx, argv[0], 0); }
static void sum_inverse(sqlite3_context *ctx, int argc, sqlite3_value **argv) { (void)argc, accumulate(ctx, argv[0], 1); }

static void sum_value(sqlite3_context *ctx) {
	total *t = sqlite3_aggregate_context(ctx, 0);
	if (t && t->sum) result(ctx, decimal_text(t->sum));
}

static void sum_final(sqlite3_context *ctx) {
	total *t = sqlite3_aggregate_context(ctx, 0);
	sum_value(ctx);
	if (!t) return;
	decimal_free(t->sum);
	t->sum = 0;
}

int sqlfunc_decimal(sqlite3 *db) {
	static char scientific;
	int rc = sqlfunc_add(db, "decimal", 1, SQLFUNC_PURE, 0, function);
	if (!rc) rc = sqlfunc_add(db, "decimal_exp", 1, SQLFUNC_PURE, &scientific, function);
	if (!rc) rc = sqlfunc_add(db, "decimal_add", 2, SQLFUNC_PURE, 0, add);
	if (!rc) rc = sqlfunc_add(db, "decimal_sub", 2, SQLFUNC_PURE, 0, sub);
	if (!rc) rc = sqlfunc_add(db, "decimal_mul", 2, SQLFUNC_PURE, 0, mul);
	if (!rc) rc = sqlfunc_add(db, "decimal_cmp", 2, SQLFUNC_PURE, 0, cmp);
	if (!rc) rc = sqlite3_create_window_function(db, "decimal_sum", 1, SQLFUNC_PURE, 0, sum_step, sum_final, sum_value, sum_inverse, 0);
	return rc;
}
