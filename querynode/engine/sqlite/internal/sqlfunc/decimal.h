//go:build cgo && (linux || darwin)

// Decimal numbers of any size up to a limit.
#ifndef SQLFUNC_DECIMAL_H
#define SQLFUNC_DECIMAL_H

#include "sqlfunc.h"

// decimal is a number: its digits, the first one most significant, of which
// the last frac are behind the point. There is at least one digit before the
// point.
typedef struct decimal {
	int negative;
	int size, frac;
	signed char *digit; // 0 to 9
} decimal;

// The functions return NULL without memory.
decimal *decimal_new(int size, int frac);
void decimal_free(decimal *d);

// Reads a number such as "-12.50e3", as far as there is one: no number is 0.
// *big is set when it has more digits than there may be.
decimal *decimal_parse(const unsigned char *s, int n, int *big);
// The value of a double, exactly; NULL with *big set for an infinity.
decimal *decimal_from_double(double v, int *big);

// Writes the number as text, which sqlite3_free frees.
char *decimal_text(const decimal *d);
// The same with one digit before the point and an exponent.
char *decimal_scientific(const decimal *d);

// Brings a number to at least size digits before the point and frac behind it.
// Returns 0 without memory.
int decimal_widen(decimal *d, int whole, int frac);
// Compares two numbers: below 0, 0 or above 0; -2 without memory.
int decimal_compare(decimal *a, decimal *b);
// Adds b to a; returns 0 without memory.
int decimal_add(decimal *a, decimal *b);
// Multiplies; NULL without memory or when the statement was interrupted, where
// the error is set.
decimal *decimal_multiply(const decimal *a, const decimal *b, sqlfunc_effort *e);

enum { DECIMAL_DIGITS = 10000 }; // most digits of an argument

#endif
