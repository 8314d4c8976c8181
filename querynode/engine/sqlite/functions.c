//go:build cgo && (linux || darwin)

#include "engine.h"

static int letter(unsigned char ch) {
	if (ch >= 'a' && ch <= 'z') return ch - 'a';
	if (ch >= 'A' && ch <= 'Z') return ch - 'A';
	return -1;
}

// soundex(X), as SQLite builds with SQLITE_SOUNDEX have it: "?000" when X
// has no ASCII letter.
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

int ayb_functions(sqlite3 *db) {
	return sqlite3_create_function_v2(db, "soundex", 1,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, 0, soundex, 0, 0, 0);
}
