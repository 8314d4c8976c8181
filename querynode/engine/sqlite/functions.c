//go:build cgo && (linux || darwin)

#include "engine.h"

static int letter(unsigned char ch) {
	if (ch >= 'a' && ch <= 'z') return ch - 'a';
	if (ch >= 'A' && ch <= 'Z') return ch - 'A';
	return -1;
}

// soundex(X) as with SQLITE_SOUNDEX: "?000" if X has no ASCII letter.
static void soundex(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	static const char code[] = "01230120022455012623010202";
	char out[5] = "?000";
	const unsigned char *s = sqlite3_value_text(argv[0]);
	(void)argc;
	while (s && *s && letter(*s) < 0) s++;
	if (s && *s) {
		int n = 1;
		char prev = code[letter(*s)];
		out[0] = 'A' + letter(*s);
		for (s++; *s && n < 4; s++) {
			char now = letter(*s) < 0 ? '0' : code[letter(*s)];
			if (now != '0' && now != prev) out[n++] = now;
			prev = now;
		}
	}
	sqlite3_result_text(ctx, out, 4, SQLITE_TRANSIENT);
}

// changes() and total_changes() as on a new connection: changes of other
// requests do not count.
static void changes(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	ayb_conn *c = sqlite3_user_data(ctx);
	(void)argc;
	(void)argv;
	sqlite3_result_int64(ctx, sqlite3_total_changes64(c->db) == c->total ? 0 : sqlite3_changes64(c->db));
}

static void total_changes(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	ayb_conn *c = sqlite3_user_data(ctx);
	(void)argc;
	(void)argv;
	sqlite3_result_int64(ctx, sqlite3_total_changes64(c->db) - c->total);
}

int ayb_functions(ayb_conn *c) {
	enum { FLAGS = SQLITE_UTF8 | SQLITE_INNOCUOUS };
	int rc = sqlite3_create_function_v2(c->db, "soundex", 1, FLAGS | SQLITE_DETERMINISTIC, 0, soundex, 0, 0, 0);
	if (!rc) rc = sqlite3_create_function_v2(c->db, "changes", 0, FLAGS, c, changes, 0, 0, 0);
	if (!rc) rc = sqlite3_create_function_v2(c->db, "total_changes", 0, FLAGS, c, total_changes, 0, 0, 0);
	return rc;
}
