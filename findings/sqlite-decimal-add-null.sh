#!/usr/bin/env bash
# SQLite's decimal extension: adding a NULL is called "out of memory".
#
# Guess: decimal_add(NULL, 1) is NULL, as 1 + NULL is, and as the manual lets
# one expect of all functions of the extension.
# Seen with the sqlite3 shell 3.54.1 (from the package apsw 3.54.1.0 of PyPI):
# decimal_add and decimal_sub fail with "out of memory" as soon as one argument
# is NULL, which ends the whole query over a column with one NULL in it;
# decimal_mul and decimal_cmp are NULL.
# What helps: coalesce(x, '0'), or WHERE x IS NOT NULL.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" -q --disable-pip-version-check install apsw==3.54.1.0
shell=$(find "$dir/v" -name sqlite3_shell)
chmod +x "$shell"
"$shell" --version

ask() { "$shell" :memory: "$1" 2>&1 || true; }
failed=0
expect() { # expect SQL PATTERN
	got=$(ask "$1")
	printf '%-40s -> %s\n' "$1" "$got"
	[[ $got == $2 ]] || { echo "  changed: expected $2" && failed=1; }
}
expect "SELECT decimal_add('1.5', '2')" '3.5'
expect "SELECT decimal_add(NULL, 1)" '*out of memory*'
expect "SELECT decimal_add(1, NULL)" '*out of memory*'
expect "SELECT decimal_sub(NULL, 1)" '*out of memory*'
expect "SELECT decimal_mul(NULL, 1) IS NULL" '1'
expect "SELECT decimal_cmp(NULL, 1) IS NULL" '1'
exit $failed
