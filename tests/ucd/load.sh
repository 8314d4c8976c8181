#!/bin/sh
# Loads the Unicode Character Database into a database of an ayb server, in
# batches of INSERTs over HTTP:
#
#   AYB_TOKEN=ayb_… tests/ucd/load.sh http://localhost:5433 alice/unicode.sqlite
#
# The database exists and is empty. Afterwards ask the questions beside this
# file, for example
#
#   ayb client query alice/unicode.sqlite "$(cat tests/ucd/questions/01-categories.sql)"
#
# and compare with what awk says from the files alone:
#
#   cd tests/ucd/questions
#   awk -f ucd.awk -f 01-categories.awk /usr/share/unicode/Blocks.txt /usr/share/unicode/UnicodeData.txt
set -eu

[ $# = 2 ] && [ -n "${AYB_TOKEN:-}" ] || {
	echo "usage: AYB_TOKEN=TOKEN $0 URL ENTITY/DATABASE" >&2
	exit 2
}
url=$1/v1/$2/query
files=${UCD_DIR:-/usr/share/unicode}
batch=2000 # rows in a request

# The token stays out of the arguments, which everybody on the machine sees.
umask 077
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
printf 'Authorization: Bearer %s\n' "$AYB_TOKEN" >"$headers"
post="curl --silent --show-error --fail-with-body --output /dev/null --header @$headers --data-binary @- $url"

$post <<'SQL'
CREATE TABLE block (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, name TEXT NOT NULL UNIQUE);
CREATE TABLE char (
	cp INTEGER PRIMARY KEY, -- the code point; the fields of the file follow
	code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, category TEXT NOT NULL, combining INTEGER NOT NULL,
	bidi TEXT NOT NULL, decomposition TEXT, decimal TEXT, digit TEXT, numeric TEXT, mirrored TEXT NOT NULL,
	old_name TEXT, comment TEXT, upper TEXT, lower TEXT, title TEXT
);
SQL

# insert TABLE: VALUES lines become requests of $batch rows.
insert() {
	awk -v post="$post" -v table="$1" -v batch="$batch" '
		function done() { if (close(post) != 0) failed = 1 }
		{ printf "%s%s\n", NR % batch == 1 ? "INSERT INTO " table " VALUES " : ",", $0 | post }
		NR % batch == 0 { done(); if (failed) exit }
		END { if (NR % batch && !failed) done(); exit failed }'
}

awk '
	function quoted(s) { gsub(/\047/, "\047\047", s); return s == "" ? "NULL" : "\047" s "\047" }
	BEGIN { FS = ";" }
	{ sub(/\r$/, "") }
	FILENAME ~ /Blocks/ && /^[0-9A-F]/ {
		split($1, ends, /\.\./)
		sub(/^ +/, "", $2)
		printf "(0x%s,0x%s,%s)\n", ends[1], ends[2], quoted($2)
	}' "$files/Blocks.txt" | insert block

awk '
	function quoted(s) { gsub(/\047/, "\047\047", s); return s == "" ? "NULL" : "\047" s "\047" }
	BEGIN { FS = ";" }
	{
		printf "(0x%s", $1
		for (i = 1; i <= 15; i++) printf ",%s", quoted($i)
		print ")"
	}' "$files/UnicodeData.txt" | insert char

$post <<'SQL'
CREATE VIRTUAL TABLE name_search USING fts5(name, content = 'char', content_rowid = 'cp');
INSERT INTO name_search(name_search) VALUES ('rebuild');
CREATE VIRTUAL TABLE word USING fts5vocab(name_search, row);
SQL
