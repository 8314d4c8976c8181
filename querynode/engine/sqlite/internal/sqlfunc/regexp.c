//go:build cgo && (linux || darwin)

// X REGEXP Y and regexp(Y, X) report whether the text X has a match of the
// regular expression Y at any place; regexpi(Y, X) ignores the case of ASCII
// letters. NULL gives NULL.

#include <limits.h>
#include <string.h>

#include "regexp.h"

int32_t regexp_rune(const unsigned char *s, int n, int *at) {
	static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
	int i = (*at)++, more, k;
	int32_t r = s[i];
	if (r < 0x80) return r;
	more = r >= 0xf0 && r < 0xf8 ? 3 : r >= 0xe0 ? 2 : r >= 0xc0 ? 1 : 0;
	if (!more || r >= 0xf8) return 0xfffd;
	r &= 0x3f >> more;
	for (k = 1; k <= more; k++) {
		if (i + k >= n || (s[i + k] & 0xc0) != 0x80) return 0xfffd;
		r = r << 6 | (s[i + k] & 0x3f);
	}
	if (r < least[more] || r > 0x10ffff || (r >= 0xd800 && r < 0xe000)) return 0xfffd;
	*at = i + more + 1;
	return r;
}

static int word(int32_t ch) {
	return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '_';
}

static int32_t other_case(int32_t ch) {
	if ((ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z')) return ch ^ 0x20;
	return ch;
}

static int in_ranges(const regexp_program *p, const regexp_inst *in, int32_t ch) {
	const regexp_range *r = p->ranges + in->arg, *end = r + in->n;
	for (; r < end; r++)
		if (ch >= r->low && ch <= r->high) return 1;
	return 0;
}

static int takes(const regexp_program *p, const regexp_inst *in, int32_t ch) {
	int32_t other = p->fold ? other_case(ch) : ch;
	switch (in->op) {
	case RE_CHAR:
		return ch == in->arg || other == in->arg;
	case RE_ANY:
		return 1;
	case RE_CLASS:
		return in_ranges(p, in, ch) || (other != ch && in_ranges(p, in, other));
	case RE_NCLASS:
		return !(in_ranges(p, in, ch) || (other != ch && in_ranges(p, in, other)));
	}
	return 0;
}

// Adds a state to a set of n states, with all states that it reaches without a
// character. before and after are the surrounding characters, or -1. Returns
// the new size of the set, or -1 for a match.
static int add(regexp_program *p, int *set, int n, int state, int32_t before, int32_t after) {
	int depth = 0;
	p->stack[depth++] = state;
	while (depth) {
		int i = p->stack[--depth], border;
		const regexp_inst *in = &p->code[i];
		if (p->mark[i] == p->round) continue;
		p->mark[i] = p->round;
		border = (before >= 0 && word(before)) != (after >= 0 && word(after));
		switch (in->op) {
		case RE_MATCH:
			return -1;
		case RE_SPLIT:
			p->stack[depth++] = in->n;
			p->stack[depth++] = in->arg;
			break;
		case RE_JUMP:
			p->stack[depth++] = in->arg;
			break;
		case RE_BEGIN:
			if (before < 0) p->stack[depth++] = i + 1;
			break;
		case RE_END:
			if (after < 0) p->stack[depth++] = i + 1;
			break;
		case RE_WORD:
			if (border) p->stack[depth++] = i + 1;
			break;
		case RE_NWORD:
			if (!border) p->stack[depth++] = i + 1;
			break;
		default:
			set[n++] = i;
		}
	}
	return n;
}

static void next_round(regexp_program *p) {
	if (p->round == INT_MAX) {
		memset(p->mark, 0, p->size * sizeof *p->mark);
		p->round = 0;
	}
	p->round++;
}

int regexp_match(regexp_program *p, const unsigned char *text, int n, sqlfunc_effort *e) {
	int at = 0, now = 0, size = 0, i;
	int32_t before = -1, ch = n ? regexp_rune(text, n, &at) : -1;
	int begins = p->code[0].op == RE_BEGIN; // a match cannot begin later
	next_round(p);
	for (;;) {
		int *set = p->set[now], *then = p->set[!now], count = 0;
		int32_t after;
		// A match may begin here, after those that have begun before.
		if (before < 0 || !begins) size = add(p, set, size, 0, before, ch);
		if (size < 0) return 1;
		if (ch < 0 || (!size && begins)) return 0;
		if (sqlfunc_work(e, size + p->size)) return -1;
		after = at < n ? regexp_rune(text, n, &at) : -1;
		next_round(p);
		for (i = 0; i < size && count >= 0; i++)
			if (takes(p, &p->code[set[i]], ch)) count = add(p, then, count, set[i] + 1, ch, after);
		if (count < 0) return 1;
		before = ch;
		ch = after;
		size = count;
		now = !now;
	}
}

static void regexp(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	regexp_program *p = sqlite3_get_auxdata(ctx, 0);
	const char *wrong;
	const unsigned char *text;
	sqlfunc_effort e = {ctx, 0};
	int found, made = !p;
	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL) return;
	if (made) {
		const unsigned char *pattern = sqlite3_value_text(argv[0]);
		p = pattern ? regexp_compile(pattern, sqlite3_value_bytes(argv[0]), sqlite3_user_data(ctx) != 0, &wrong) : 0;
		if (!p && pattern && *wrong) {
			sqlite3_result_error(ctx, wrong, -1);
			return;
		}
	}
	text = p ? sqlite3_value_text(argv[1]) : 0;
	if (!text) {
		sqlite3_result_error_nomem(ctx);
	} else {
		found = regexp_match(p, text, sqlite3_value_bytes(argv[1]), &e);
		if (found >= 0) sqlite3_result_int(ctx, found);
	}
	// Last, since it may free the program at once.
	if (made && p) sqlite3_set_auxdata(ctx, 0, p, regexp_free);
}

int sqlfunc_regexp(sqlite3 *db) {
	static char fold;
	int rc = sqlfunc_add(db, "regexp", 2, SQLFUNC_PURE, 0, regexp);
	if (!rc) rc = sqlfunc_add(db, "regexpi", 2, SQLFUNC_PURE, &fold, regexp);
	return rc;
}
