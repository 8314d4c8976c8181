//go:build cgo && (linux || darwin)

// sha3(X, BITS) is the SHA-3 digest (FIPS 202) of a text or BLOB as a BLOB, of
// 224, 256 (the default), 384 or 512 bits.

#include "sqlfunc.h"

typedef struct sponge {
	uint64_t lane[25];
	unsigned rate, at; // bytes
} sponge;

static uint64_t rotate(uint64_t x, unsigned n) { return n ? x << n | x >> (64 - n) : x; }

// The round constants come from a shift register, the offsets and positions of
// rho and pi from a walk over the lanes (FIPS 202, 3.2).
static void permute(uint64_t a[25]) {
	unsigned char lfsr = 1;
	int round, i, j;
	for (round = 0; round < 24; round++) {
		uint64_t c[5], moved, kept;
		unsigned x = 1, y = 0, r = 0;
		for (i = 0; i < 5; i++) c[i] = a[i] ^ a[i + 5] ^ a[i + 10] ^ a[i + 15] ^ a[i + 20];
		for (i = 0; i < 25; i++) a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1);
		moved = a[1];
		for (i = 0; i < 24; i++) {
			unsigned z = (2 * x + 3 * y) % 5;
			r = (r + i + 1) % 64;
			x = y;
			y = z;
			kept = a[x + 5 * y];
			a[x + 5 * y] = rotate(moved, r);
			moved = kept;
		}
		for (j = 0; j < 25; j += 5) {
			for (i = 0; i < 5; i++) c[i] = a[j + i];
			for (i = 0; i < 5; i++) a[j + i] = c[i] ^ (~c[(i + 1) % 5] & c[(i + 2) % 5]);
		}
		for (i = 0; i < 7; i++) {
			if (lfsr & 1) a[0] ^= (uint64_t)1 << ((1u << i) - 1);
			lfsr = (unsigned char)(lfsr << 1 ^ (lfsr >> 7 ? 0x71 : 0));
		}
	}
}

static void absorb(sponge *s, unsigned char b) {
	s->lane[s->at / 8] ^= (uint64_t)b << 8 * (s->at % 8);
	if (++s->at == s->rate) {
		permute(s->lane);
		s->at = 0;
	}
}

static void sha3(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
	int i, n, bits = argc > 1 ? sqlite3_value_int(argv[1]) : 256;
	const unsigned char *b;
	unsigned char out[64];
	sponge s = {{0}, 0, 0};
	sqlfunc_effort e = {ctx, 0};
	if (bits != 224 && bits != 256 && bits != 384 && bits != 512) {
		sqlite3_result_error(ctx, "the size of a SHA-3 digest is 224, 256, 384 or 512 bits", -1);
		return;
	}
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL) return;
	b = sqlite3_value_type(argv[0]) == SQLITE_BLOB ? sqlite3_value_blob(argv[0]) : sqlite3_value_text(argv[0]);
	n = sqlite3_value_bytes(argv[0]);
	if (!b && n) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	s.rate = 200 - bits / 4;
	for (i = 0; i < n; i++) {
		absorb(&s, b[i]);
		if (sqlfunc_work(&e, 1)) return;
	}
	s.lane[s.at / 8] ^= (uint64_t)0x06 << 8 * (s.at % 8);
	s.lane[(s.rate - 1) / 8] ^= (uint64_t)0x80 << 8 * ((s.rate - 1) % 8);
	permute(s.lane);
	for (i = 0; i < bits / 8; i++) out[i] = s.lane[i / 8] >> 8 * (i % 8);
	sqlite3_result_blob64(ctx, out, bits / 8, SQLITE_TRANSIENT);
}

int sqlfunc_sha3(sqlite3 *db) {
	int rc = sqlfunc_add(db, "sha3", 1, SQLFUNC_PURE, 0, sha3);
	if (!rc) rc = sqlfunc_add(db, "sha3", 2, SQLFUNC_PURE, 0, sha3);
	return rc;
}
