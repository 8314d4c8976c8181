//go:build cgo && (linux || darwin)

// Reading, writing and computing.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"

decimal *decimal_new(int size, int frac) {
	decimal *d = sqlite3_malloc64(sizeof *d);
	if (!d) return 0;
	d->negative = 0;
	d->size = size;
	d->frac = frac;
	d->digit = sqlite3_malloc64(size);
	if (!d->digit) {
		sqlite3_free(d);
		return 0;
	}
	memset(d->digit, 0, size);
	return d;
}

void decimal_free(decimal *d) {
	if (!d) return;
	sqlite3_free(d->digit);
	sqlite3_free(d);
}

static int digit(int ch) { return ch >= '0' && ch <= '9'; }

// Reads an exponent at *at; other text is left there.
static int exponent(const unsigned char *s, int n, int at) {
	int v = 0, negative = 0;
	if (at >= n || (s[at] | 0x20) != 'e') return 0;
	at++;
	if (at < n && (s[at] == '-' || s[at] == '+')) negative = s[at++] == '-';
	for (; at < n && digit(s[at]); at++)
		if (v <= DECIMAL_DIGITS) v = v * 10 + s[at] - '0';
	return negative ? -v : v;
}

static int space(int ch) { return ch == ' ' || (ch >= '\t' && ch <= '\r'); }

decimal *decimal_parse(const unsigned char *s, int n, int *big) {
	int at = 0, negative = 0, from, whole, frac, point = 0, shift, zeros, i, k;
	decimal *d;
	while (at < n && space(s[at])) at++;
	if (at < n && (s[at] == '-' || s[at] == '+')) negative = s[at++] == '-';
	while (at < n && s[at] == '0') at++;
	for (from = at, whole = 0; at < n && digit(s[at]); at++) whole++;
	frac = 0;
	if (at < n && s[at] == '.') {
		point = 1;
		for (at++; at < n && digit(s[at]); at++) frac++;
	}
	shift = exponent(s, n, at);
	if (whole + frac > DECIMAL_DIGITS || shift > DECIMAL_DIGITS || shift < -DECIMAL_DIGITS) {
		*big = 1;
		return 0;
	}
	// The digits, with zeros around them if the exponent moves the point
	// outside.
	zeros = shift < 0 && -shift >= whole ? 1 - shift - whole : whole ? 0 : 1;
	k = shift > frac ? shift - frac : 0;
	d = decimal_new(zeros + whole + frac + k, frac + k - shift);
	if (!d) return 0;
	for (i = 0; i < whole; i++) d->digit[zeros + i] = s[from + i] - '0';
	for (i = 0; i < frac; i++) d->digit[zeros + whole + i] = s[from + whole + point + i] - '0';
	d->negative = negative;
	return d;
}

decimal *decimal_from_double(double v, int *big) {
	// The longest double has 1074 digits after the point, or 309 before it.
	char text[1500];
	int n;
	if (isinf(v) || isnan(v)) {
		*big = 1;
		return 0;
	}
	n = snprintf(text, sizeof text, "%.1074f", v);
	while (n > 0 && text[n - 1] == '0') n--;
	if (n > 0 && text[n - 1] == '.') n--;
	return decimal_parse((unsigned char *)text, n, big);
}

static int is_zero(const decimal *d) {
	int i;
	for (i = 0; i < d->size; i++)
		if (d->digit[i]) return 0;
	return 1;
}

char *decimal_text(const decimal *d) {
	char *text = sqlite3_malloc64((sqlite3_uint64)d->size + 4);
	int i = 0, n = 0, whole = d->size - d->frac;
	if (!text) return 0;
	if (d->negative && !is_zero(d)) text[n++] = '-';
	while (i < whole - 1 && !d->digit[i]) i++;
	for (; i < d->size; i++) {
		if (i == whole) text[n++] = '.';
		text[n++] = d->digit[i] + '0';
	}
	text[n] = 0;
	return text;
}

char *decimal_scientific(const decimal *d) {
	char *digits, *text;
	int first = 0, last = d->size, i, n = 0, power;
	if (is_zero(d)) return sqlite3_mprintf("+0.0e+00");
	while (!d->digit[first]) first++;
	while (!d->digit[last - 1]) last--;
	power = d->size - d->frac - 1 - first;
	digits = sqlite3_malloc64(last - first + 2);
	if (!digits) return 0;
	for (i = first + 1; i < last; i++) digits[n++] = d->digit[i] + '0';
	if (!n) digits[n++] = '0';
	digits[n] = 0;
	text = sqlite3_mprintf("%c%d.%se%c%02d", d->negative ? '-' : '+', d->digit[first], digits, power < 0 ? '-' : '+', power < 0 ? -power : power);
	sqlite3_free(digits);
	return text;
}

int decimal_widen(decimal *d, int whole, int frac) {
	int before = whole - (d->size - d->frac), behind = frac - d->frac;
	signed char *wide;
	if (before < 0) before = 0;
	if (behind < 0) behind = 0;
	if (!before && !behind) return 1;
	wide = sqlite3_malloc64((sqlite3_uint64)d->size + before + behind);
	if (!wide) return 0;
	memset(wide, 0, before);
	memcpy(wide + before, d->digit, d->size);
	memset(wide + before + d->size, 0, behind);
	sqlite3_free(d->digit);
	d->digit = wide;
	d->size += before + behind;
	d->frac += behind;
	return 1;
}

// Brings both to the same form.
static int align(decimal *a, decimal *b) {
	return decimal_widen(a, b->size - b->frac, b->frac) && decimal_widen(b, a->size - a->frac, a->frac);
}

static int magnitude(const decimal *a, const decimal *b) { return memcmp(a->digit, b->digit, a->size); }

int decimal_compare(decimal *a, decimal *b) {
	int c;
	if (!align(a, b)) return -2;
	c = magnitude(a, b);
	if (a->negative == b->negative) return c == 0 ? 0 : (c < 0) != a->negative ? -1 : 1;
	if (is_zero(a) && is_zero(b)) return 0;
	return a->negative ? -1 : 1;
}

int decimal_add(decimal *a, decimal *b) {
	int i, carry = 0;
	if (!align(a, b)) return 0;
	if (a->negative == b->negative) {
		if (!decimal_widen(a, a->size - a->frac + 1, 0) || !decimal_widen(b, a->size - a->frac, 0)) return 0;
		for (i = a->size - 1; i >= 0; i--) {
			int v = a->digit[i] + b->digit[i] + carry;
			carry = v >= 10;
			a->digit[i] = v - 10 * carry;
		}
		// A sum must not grow by a digit with each added number.
		if (!a->digit[0]) memmove(a->digit, a->digit + 1, --a->size);
		return 1;
	}
	if (magnitude(a, b) < 0) {
		signed char *digits = a->digit;
		a->digit = b->digit;
		b->digit = digits;
		a->negative = b->negative;
	}
	for (i = a->size - 1; i >= 0; i--) {
		int v = a->digit[i] - b->digit[i] - carry;
		carry = v < 0;
		a->digit[i] = v + 10 * carry;
	}
	return 1;
}

decimal *decimal_multiply(const decimal *a, const decimal *b, sqlfunc_effort *e) {
	decimal *d = decimal_new(a->size + b->size, a->frac + b->frac);
	int i, k, least = a->frac < b->frac ? a->frac : b->frac;
	if (!d) return 0;
	for (i = a->size - 1; i >= 0; i--) {
		int carry = 0;
		if (sqlfunc_work(e, b->size)) {
			decimal_free(d);
			return 0;
		}
		for (k = b->size - 1; k >= 0; k--) {
			int v = d->digit[i + k + 1] + a->digit[i] * b->digit[k] + carry;
			d->digit[i + k + 1] = v % 10;
			carry = v / 10;
		}
		d->digit[i] = carry;
	}
	d->negative = a->negative != b->negative;
	while (d->frac > least && !d->digit[d->size - 1]) d->frac--, d->size--;
	return d;
}
