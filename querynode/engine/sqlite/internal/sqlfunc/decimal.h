//go:build cgo && (linux || darwin)

// Decimal numbers with a limited number of digits.
#ifndef SQLFUNC_DECIMAL_H
#define SQLFUNC_DECIMAL_H

#include "sqlfunc.h"

// decimal is a number: its digits, the most significant first. The last frac
// digits are fractional, and there is at least one digit before the point.
typedef struct decimal {
	int negative;
	int size, frac;
	signed char *digit; // 0 to 9
} decimal;

// The functions return NULL without memory.
decimal *decimal_new(int size, int frac);
void decimal_free(decimal *d);

// Reads a number such as "-12.50e3" from the longest numeric prefix; none is 0.
// *big is set if it has too many digits.
decimal *decimal_parse(const unsigned char *s, int n, int *big);
// Returns the exact value of a double, or NULL with *big set for an infinity.
decimal *decimal_from_double(double v, int *big);

// Writes the number as text, which sqlite3_free frees.
char *decimal_text(const decimal *d);
// The same with one digit before the point and an exponent.
char *decimal_scientific(const decimal *d);

// Extends a number to at least size digits before the point and frac after it.
// Returns 0 without memory.
int decimal_widen(decimal *d, int whole, int frac);
// Compares two numbers: negative, 0 or positive; -2 without memory.
int decimal_compare(decimal *a, decimal *b);
// Adds b to a; returns 0 without memory.
int decimal_add(decimal *a, decimal *b);
// Multiplies. Returns NULL without memory, or with the error set when the
// statement was interrupted.
decimal *decimal_multiply(const decimal *a, const decimal *b, sqlfunc_effort *e);

enum { DECIMAL_DIGITS = 10000 }; // limit of digits in an argument

#endif
