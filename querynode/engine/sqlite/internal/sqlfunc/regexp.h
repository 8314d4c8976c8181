//go:build cgo && (linux || darwin)

// Regular expressions: a pattern is compiled into a program, which runs in all
// states at once. So the time is at most the length of the text times that of
// the program.
#ifndef SQLFUNC_REGEXP_H
#define SQLFUNC_REGEXP_H

#include "sqlfunc.h"

enum regexp_op {
	RE_CHAR,   // the character arg
	RE_ANY,    // any character
	RE_CLASS,  // one of the ranges from arg on, n of them
	RE_NCLASS, // none of these ranges
	RE_SPLIT,  // continues at arg and at n
	RE_JUMP,   // continues at arg
	RE_BEGIN,  // the beginning of the text
	RE_END,    // its end
	RE_WORD,   // a boundary of a word
	RE_NWORD,  // no boundary of a word
	RE_MATCH,
};

typedef struct regexp_inst {
	int op;
	int32_t arg, n;
} regexp_inst;

typedef struct regexp_range {
	int32_t low, high;
} regexp_range;

typedef struct regexp_program {
	regexp_inst *code;
	int size, room;
	regexp_range *ranges;
	int used, space;
	int fold;    // ASCII letters match in either case
	int *set[2]; // the states of this character and of the next
	int *mark;   // the round in which a state was added
	int *stack;
	int round;
} regexp_program;

// Compiles a pattern of n bytes. Returns NULL and the error, a static text, or
// "" without memory.
regexp_program *regexp_compile(const unsigned char *pattern, int n, int fold, const char **wrong);
void regexp_free(void *program);

// Reports whether a text of n bytes has a match: 1, 0, or -1 if it was
// interrupted.
int regexp_match(regexp_program *p, const unsigned char *text, int n, sqlfunc_effort *e);

// Reads a character, U+FFFD for invalid UTF-8, and advances *at.
int32_t regexp_rune(const unsigned char *text, int n, int *at);

#endif
