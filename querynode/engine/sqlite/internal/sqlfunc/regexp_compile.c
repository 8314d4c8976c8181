//go:build cgo && (linux || darwin)

// From a pattern to a tree, and from the tree to a program.
//
// A pattern has the characters themselves, . for any, [a-z] and [^a-z], * + ?
// {m} {m,} {m,n}, also with a ? behind, | and ( ) and (?: ), ^ and $ for the
// ends of the text, \b \B \d \D \s \S \w \W, \f \n \r \t \v, \xHH and \uHHHH,
// and a backslash before what is meant as it stands. (?i) at the beginning
// makes ASCII letters match in either case.

#include <string.h>

#include "regexp.h"

enum {
	PATTERN_BYTES = 4096, // limit of a pattern
	PROGRAM_SIZE = 10000, // limit of instructions
	EMIT_STEPS = 200000,  // limit of steps to emit them
	REPEATS = 1000,       // limit of numbers in { }
	DEPTH = 200,          // limit of nested ( )
};

enum node_kind { N_EMPTY, N_INST, N_CAT, N_ALT, N_REPEAT };

typedef struct node {
	int kind, a, b; // a and b are nodes; of N_REPEAT, b counts from min to max
	int min, max;   // max is -1 for any number
	regexp_inst inst;
} node;

typedef struct parser {
	const unsigned char *s;
	int n, at, depth;
	node *nodes;
	int used, space;
	int64_t steps;
	regexp_program *p;
	const char *wrong;
} parser;

static int fail(parser *x, const char *wrong) {
	if (!x->wrong) x->wrong = wrong;
	return 0;
}

// Extends a growing list by one entry. Returns 0 without memory.
static int grow(parser *x, void **list, int used, int *space, int size) {
	void *bigger;
	if (used < *space) return 1;
	bigger = sqlite3_realloc64(*list, (sqlite3_uint64)(*space * 2 + 32) * size);
	if (!bigger) return fail(x, "");
	*list = bigger;
	*space = *space * 2 + 32;
	return 1;
}

static int new_node(parser *x, int kind, int a, int b) {
	node *n;
	if (!grow(x, (void **)&x->nodes, x->used, &x->space, sizeof *n)) return 0;
	n = &x->nodes[x->used];
	memset(n, 0, sizeof *n);
	n->kind = kind;
	n->a = a;
	n->b = b;
	return x->used++;
}

static int leaf(parser *x, int op, int32_t arg, int32_t count) {
	int i = new_node(x, N_INST, 0, 0);
	if (!x->wrong) x->nodes[i].inst = (regexp_inst){op, arg, count};
	return i;
}

static int range(parser *x, int32_t low, int32_t high) {
	regexp_program *p = x->p;
	if (!grow(x, (void **)&p->ranges, p->used, &p->space, sizeof *p->ranges)) return 0;
	p->ranges[p->used++] = (regexp_range){low, high};
	return 1;
}

static int more(parser *x) { return !x->wrong && x->at < x->n; }
static int next_is(parser *x, char ch) { return more(x) && x->s[x->at] == ch; }

static int32_t rune(parser *x) { return regexp_rune(x->s, x->n, &x->at); }

static int32_t hex(parser *x, int digits) {
	int32_t v = 0;
	while (digits--) {
		int ch = x->at < x->n ? x->s[x->at++] | 0x20 : 0;
		if (ch >= '0' && ch <= '9')
			v = v * 16 + ch - '0';
		else if (ch >= 'a' && ch <= 'f')
			v = v * 16 + ch - 'a' + 10;
		else
			return fail(x, "the regular expression has a \\x or \\u without its 2 or 4 hexadecimal digits");
	}
	return v;
}

// Adds the ranges of \d, \s or \w; returns 0 for another letter.
static int named(parser *x, int ch) {
	switch (ch) {
	case 'd':
		return range(x, '0', '9');
	case 's':
		return range(x, '\t', '\r') && range(x, ' ', ' ');
	case 'w':
		return range(x, '0', '9') && range(x, 'A', 'Z') && range(x, '_', '_') && range(x, 'a', 'z');
	}
	return 0;
}

// Returns the character after a backslash.
static int32_t escaped(parser *x) {
	static const char from[] = "afnrtv", to[] = "\a\f\n\r\t\v";
	const char *f;
	int32_t ch;
	if (!more(x)) return fail(x, "the regular expression ends with a backslash");
	ch = rune(x);
	if (ch == 'x') return hex(x, 2);
	if (ch == 'u') return hex(x, 4);
	f = ch && ch < 128 ? strchr(from, ch) : 0;
	if (f) return to[f - from];
	if ((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'))
		return fail(x, "the regular expression has a backslash before a letter or digit that means nothing there; references back are not available");
	return ch;
}

static int class_escape(int ch) { return ch == 'd' || ch == 's' || ch == 'w'; }

static int parse_class(parser *x) {
	int negated = next_is(x, '^'), from, first = 1;
	x->at += negated;
	from = x->p->used;
	for (; more(x) && (first || !next_is(x, ']')); first = 0) {
		int32_t low = rune(x), high;
		if (low == '\\' && x->at < x->n && class_escape(x->s[x->at])) {
			named(x, x->s[x->at++]);
			continue;
		}
		if (low == '[' && next_is(x, ':'))
			return fail(x, "the regular expression has a [:name:]; write \\d, \\s, \\w or a range");
		if (low == '\\') low = escaped(x);
		high = low;
		if (next_is(x, '-') && x->at + 1 < x->n && x->s[x->at + 1] != ']') {
			x->at++;
			high = rune(x);
			if (high == '\\') high = escaped(x);
			if (high < low) return fail(x, "the regular expression has a range in [ ] whose end is before its beginning");
		}
		range(x, low, high);
	}
	if (!next_is(x, ']')) return fail(x, "the regular expression has a [ without ]");
	x->at++;
	return leaf(x, negated ? RE_NCLASS : RE_CLASS, from, x->p->used - from);
}

static int parse_backslash(parser *x) {
	int ch = x->at < x->n ? x->s[x->at] : 0, from = x->p->used;
	if (ch == 'b' || ch == 'B') {
		x->at++;
		return leaf(x, ch == 'b' ? RE_WORD : RE_NWORD, 0, 0);
	}
	if (class_escape(ch) || (ch && class_escape(ch + 'a' - 'A'))) {
		x->at++;
		named(x, ch | 0x20);
		return leaf(x, ch & 0x20 ? RE_CLASS : RE_NCLASS, from, x->p->used - from);
	}
	return leaf(x, RE_CHAR, escaped(x), 0);
}

static int parse_alternatives(parser *x);

static int parse_group(parser *x) {
	int inside;
	if (next_is(x, '?')) {
		if (x->at + 1 >= x->n || x->s[x->at + 1] != ':')
			return fail(x, "the regular expression has a (? that is not available; there are ( ), (?: ) and, at the beginning, (?i)");
		x->at += 2;
	}
	if (++x->depth > DEPTH) return fail(x, "the regular expression has more than 200 ( inside one another");
	inside = parse_alternatives(x);
	x->depth--;
	if (!next_is(x, ')')) return fail(x, "the regular expression has a ( without )");
	x->at++;
	return inside;
}

static int parse_atom(parser *x) {
	int32_t ch = rune(x);
	switch (ch) {
	case '(':
		return parse_group(x);
	case '[':
		return parse_class(x);
	case '\\':
		return parse_backslash(x);
	case '.':
		return leaf(x, RE_ANY, 0, 0);
	case '^':
		return leaf(x, RE_BEGIN, 0, 0);
	case '$':
		return leaf(x, RE_END, 0, 0);
	case '*':
	case '+':
	case '?':
	case '{':
		return fail(x, "the regular expression has a *, +, ? or { with nothing before it");
	}
	return leaf(x, RE_CHAR, ch, 0);
}

static int number(parser *x) {
	int v = -1;
	while (more(x) && x->s[x->at] >= '0' && x->s[x->at] <= '9') {
		v = (v < 0 ? 0 : v) * 10 + x->s[x->at++] - '0';
		if (v > REPEATS) return fail(x, "the regular expression has a number above 1000 in { }");
	}
	return v;
}

static void braces(parser *x, int *min, int *max) {
	*min = *max = number(x);
	if (next_is(x, ',')) {
		x->at++;
		*max = number(x);
	}
	if (*min < 0 || !next_is(x, '}')) {
		fail(x, "the regular expression has a { that is not of the form {2}, {2,} or {2,5}");
		return;
	}
	x->at++;
	if (*max >= 0 && *max < *min) fail(x, "the regular expression has a {m,n} in which n is less than m");
}

static int parse_repeated(parser *x) {
	int a = parse_atom(x);
	while (more(x)) {
		int min = 0, max = -1, ch = x->s[x->at];
		if (ch != '*' && ch != '+' && ch != '?' && ch != '{') break;
		x->at++;
		if (ch == '+') min = 1;
		if (ch == '?') max = 1;
		if (ch == '{') braces(x, &min, &max);
		if (next_is(x, '?')) x->at++; // a lazy match accepts the same texts
		a = new_node(x, N_REPEAT, a, 0);
		if (x->wrong) return 0;
		x->nodes[a].min = min;
		x->nodes[a].max = max;
	}
	return a;
}

static int parse_alternatives(parser *x) {
	int all = -1;
	for (;;) {
		int one = new_node(x, N_EMPTY, 0, 0);
		while (more(x) && !next_is(x, '|') && !next_is(x, ')')) one = new_node(x, N_CAT, one, parse_repeated(x));
		all = all < 0 ? one : new_node(x, N_ALT, all, one);
		if (!next_is(x, '|')) return all;
		x->at++;
	}
}

static int put(parser *x, int op, int32_t arg, int32_t n) {
	regexp_program *p = x->p;
	if (p->size >= PROGRAM_SIZE) return fail(x, "the regular expression is too large: what it repeats in { } has more than 10000 parts");
	if (!grow(x, (void **)&p->code, p->size, &p->room, sizeof *p->code)) return 0;
	p->code[p->size] = (regexp_inst){op, arg, n};
	return p->size++;
}

static void emit(parser *x, int i);

// Emits the minimum number of repetitions, then the optional ones.
static void emit_repeat(parser *x, node n) {
	int i, at;
	for (i = 0; i < n.min && !x->wrong; i++) emit(x, n.a);
	if (n.max < 0) {
		at = put(x, RE_SPLIT, 0, 0);
		emit(x, n.a);
		put(x, RE_JUMP, at, 0);
		if (!x->wrong) x->p->code[at].arg = at + 1, x->p->code[at].n = x->p->size;
		return;
	}
	for (i = n.min; i < n.max && !x->wrong; i++) {
		at = put(x, RE_SPLIT, 0, 0);
		emit(x, n.a);
		// Stopping here stops all further repetitions, through the next
		// instruction.
		if (!x->wrong) x->p->code[at].arg = at + 1, x->p->code[at].n = x->p->size;
	}
}

static void emit_alternatives(parser *x, node n) {
	int split = put(x, RE_SPLIT, 0, 0), jump;
	emit(x, n.a);
	jump = put(x, RE_JUMP, 0, 0);
	if (x->wrong) return;
	x->p->code[split].arg = split + 1;
	x->p->code[split].n = x->p->size;
	emit(x, n.b);
	if (!x->wrong) x->p->code[jump].arg = x->p->size;
}

static void emit(parser *x, int i) {
	node n;
	if (x->wrong) return;
	if (++x->steps > EMIT_STEPS) {
		fail(x, "the regular expression is too large: its { } repeat one another too often");
		return;
	}
	n = x->nodes[i];
	switch (n.kind) {
	case N_INST:
		put(x, n.inst.op, n.inst.arg, n.inst.n);
		return;
	case N_CAT:
		emit(x, n.a);
		emit(x, n.b);
		return;
	case N_ALT:
		emit_alternatives(x, n);
		return;
	case N_REPEAT:
		emit_repeat(x, n);
	}
}

// Allocates the memory to run a program: each state is in a set at most once.
static void allocate(parser *x) {
	regexp_program *p = x->p;
	int *all = sqlite3_malloc64((sqlite3_uint64)p->size * 5 * sizeof *all);
	if (!all) {
		fail(x, "");
		return;
	}
	p->set[0] = all;
	p->set[1] = all + p->size;
	p->mark = all + 2 * p->size;
	p->stack = all + 3 * p->size; // two for each instruction
	memset(p->mark, 0, p->size * sizeof *all);
}

regexp_program *regexp_compile(const unsigned char *pattern, int n, int fold, const char **wrong) {
	parser x = {.s = pattern, .n = n};
	int root;
	x.p = sqlite3_malloc64(sizeof *x.p);
	*wrong = "";
	if (!x.p) return 0;
	memset(x.p, 0, sizeof *x.p);
	x.p->fold = fold;
	if (n > PATTERN_BYTES) fail(&x, "the regular expression is longer than 4096 bytes");
	if (n >= 4 && !memcmp(pattern, "(?i)", 4)) {
		x.p->fold = 1;
		x.at = 4;
	}
	root = x.wrong ? 0 : parse_alternatives(&x);
	if (next_is(&x, ')')) fail(&x, "the regular expression has a ) without (");
	emit(&x, root);
	if (!x.wrong) put(&x, RE_MATCH, 0, 0);
	if (!x.wrong) allocate(&x);
	sqlite3_free(x.nodes);
	if (!x.wrong) return x.p;
	*wrong = x.wrong;
	regexp_free(x.p);
	return 0;
}

void regexp_free(void *program) {
	regexp_program *p = program;
	if (!p) return;
	sqlite3_free(p->code);
	sqlite3_free(p->ranges);
	sqlite3_free(p->set[0]);
	sqlite3_free(p);
}
