//go:build cgo && (linux || darwin)

// UUIDs (RFC 9562): uuid() returns a random one (version 4), uuid_str(X) the
// usual form of any form, uuid_blob(X) its 16 bytes. An invalid UUID gives
// NULL.

#include "sqlfunc.h"

static int hex(unsigned char ch) {
	if (ch >= '0' && ch <= '9') return ch - '0';
	ch |= 0x20;
	if (ch >= 'a' && ch <= 'f') return ch - 'a' + 10;
	return -1;
}

// Reads 32 hexadecimal digits, optionally with hyphens between bytes and braces
// around them. Returns 0 for any other text.
static int parse(const unsigned char *s, unsigned char out[16]) {
	int i, open = s && *s == '{';
	if (!s) return 0;
	s += open;
	for (i = 0; i < 16; i++, s += 2) {
		if (i && *s == '-') s++;
		if (hex(s[0]) < 0 || hex(s[1]) < 0) return 0;
		out[i] = hex(s[0]) << 4 | hex(s[1]);
	}
	if (open && *s++ != '}') return 0;
	return !*s;
}

static int argument(sqlite3_value *v, unsigned char out[16]) {
	int i;
	const unsigned char *b;
	if (sqlite3_value_type(v) == SQLITE_TEXT) return parse(sqlite3_value_text(v), out);
	if (sqlite3_value_type(v) != SQLITE_BLOB || sqlite3_value_bytes(v) != 16) return 0;
	b = sqlite3_value_blob(v);
	for (i = 0; i < 16; i++) out[i] = b[i];
	return 1;
}

static void result(sqlite3_context *ctx, const unsigned char id[16]) {
	static const char digits[] = "0123456789abcdef";
	char text[36];
	int i, n = 0;
	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10) text[n++] = '-';
		text[n++] = digits[id[i] >> 4];
		text[n++] = digits[id[i] & 15];
	}
	sqlite3_result_text(ctx, text, n, SQLITE_TRANSIENT);
}

static void uuid(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	unsigned char id[16];
	(void)argc;
	(void)argv;
	sqlite3_randomness(sizeof id, id);
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	result(ctx, id);
}

static void uuid_str(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	unsigned char id[16];
	(void)argc;
	if (argument(argv[0], id)) result(ctx, id);
}

static void uuid_blob(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	unsigned char id[16];
	(void)argc;
	if (argument(argv[0], id)) sqlite3_result_blob64(ctx, id, sizeof id, SQLITE_TRANSIENT);
}

int sqlfunc_uuid(sqlite3 *db) {
	int rc = sqlfunc_add(db, "uuid", 0, SQLFUNC_FLAGS, 0, uuid);
	if (!rc) rc = sqlfunc_add(db, "uuid_str", 1, SQLFUNC_PURE, 0, uuid_str);
	if (!rc) rc = sqlfunc_add(db, "uuid_blob", 1, SQLFUNC_PURE, 0, uuid_blob);
	return rc;
}
