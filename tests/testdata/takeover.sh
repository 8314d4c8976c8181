#!/bin/bash
# Makes takeover.tar.gz: the data of a server of commit 1f92363, for
# TestTakeOver. It is kept so that the test always has the files of that version.
# To make it again:
#
#	git worktree add /tmp/ayb-1f92363 1f92363
#	cd /tmp/ayb-1f92363
#	go build -tags "$(sed -n 's/^TAGS := //p' Makefile)" -o /tmp/ayb-old .
#	tests/testdata/takeover.sh /tmp/ayb-old bin/tools/versitygw-v1.8.0 tests/testdata/takeover.tar.gz
#
# The archive holds
#
#	data/         the data directory, with the metadata store and a WAL that
#	              was left by kill -9
#	bucket/       the objects of the snapshots in the object store, by their keys
#	client/       the settings files of the two users' clients
#	facts         tokens and the id of a snapshot, NAME=VALUE
set -euo pipefail

ayb=$(realpath "$1")
versitygw=$(realpath "$2")
out=$(realpath -m "$3")
dir=$(mktemp -d)
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
mkdir buckets buckets/bucket client

ROOT_ACCESS_KEY=testkey ROOT_SECRET_KEY=testsecret HOME=$dir "$versitygw" --quiet --port 127.0.0.1:5442 posix "$dir/buckets" &
pids+=($!)

cat > ayb.toml <<TOML
host = "127.0.0.1"
port = 5441
public_url = "http://127.0.0.1:5441"
database_url = "sqlite://data/ayb.sqlite"
data_path = "data"
[authentication]
fernet_key = "dTP6YWiMRoA4b3yqMMEGGRmfyRuCPLF7HJfHHFNFhYo="
token_expiration_seconds = 3600
[email.file]
path = "mails.jsonl"
[cors]
origin = "*"
[retention]
deletion_grace = "87600h"
[limits]
rate_per_minute = 0
[snapshots]
access_key_id = "testkey"
secret_access_key = "testsecret"
bucket = "bucket"
path_prefix = "sqlite"
endpoint_url = "http://127.0.0.1:5442"
region = "us-east-1"
force_path_style = true
TOML

"$ayb" all-in-one --config ayb.toml &
server=$!
pids+=("$server")
until curl -sf http://127.0.0.1:5441/health > /dev/null; do sleep 0.1; done

as() { # USER COMMAND...
	local user=$1
	shift
	AYB_CLIENT_CONFIG_FILE=client/$user.json "$ayb" client "$@"
}

register() { # USER
	as "$1" register "$1" "$1@example.org"
	local token=
	until [ -n "$token" ]; do
		sleep 0.1
		token=$(grep "$1@example.org" mails.jsonl | grep -o 'ayb client confirm [^"\\]*' | tail -1 | cut -d' ' -f4)
	done
	as "$1" confirm "$token"
}

for user in alice bob; do
	as "$user" set_default_url http://127.0.0.1:5441
	register "$user"
done
as alice update_profile alice --display_name "Alice A." --location Bern

as alice create_database alice/shop.sqlite
as alice query alice/shop.sqlite "
	CREATE TABLE fruit(id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, picture BLOB);
	CREATE INDEX fruit_name ON fruit(name);
	CREATE VIEW cheap AS SELECT name FROM fruit WHERE price < 1;
	INSERT INTO fruit VALUES (1, 'apple', 0.5, x'00ff'), (2, 'Äpfel', 1.25, NULL)"
as alice take_snapshot alice/shop.sqlite --message "two fruits" | tee snapshot
as alice share alice/shop.sqlite bob read-write
as bob query alice/shop.sqlite "INSERT INTO fruit VALUES (3, 'pear', 2, NULL)"
as bob fork alice/shop.sqlite bob/my-shop.sqlite
as bob query bob/my-shop.sqlite "DELETE FROM fruit WHERE id = 1"

as alice create_database alice/old-name.sqlite
as alice query alice/old-name.sqlite "CREATE TABLE t(x); INSERT INTO t VALUES ('renamed')"
as alice share alice/old-name.sqlite bob manager
as alice rename alice/old-name.sqlite new-name.sqlite

as alice create_database alice/open.sqlite sqlite read-only
as alice query alice/open.sqlite "CREATE TABLE t(x); INSERT INTO t VALUES ('public')"

as alice create_database alice/gone.sqlite
as alice query alice/gone.sqlite "CREATE TABLE t(x); INSERT INTO t VALUES ('deleted')"
as alice share alice/gone.sqlite bob read-only
as alice delete_database alice/gone.sqlite --yes

as alice create_token --name backup | tee full
as alice create_token --database alice/shop.sqlite --level read-only --name "shop page" | tee scoped
as alice create_token --name revoked | tee revoked
as alice revoke_token "$(grep -o 'ayb_[^_]*_' revoked | cut -d_ -f2)"

as alice create_database alice/wal.sqlite
as alice query alice/wal.sqlite "CREATE TABLE t(x); INSERT INTO t VALUES ('first')"
as alice query alice/wal.sqlite "INSERT INTO t VALUES ('in the WAL')"

# The process and its daemons end at once, so that WALs and locks are left.
daemons=$(pgrep -P "$server")
kill -9 "$server" $daemons

last() { grep -oE "$1" "$2" | tail -1; }
{
	echo "FULL=$(last 'ayb_[1-9A-Za-z]+_[1-9A-Za-z]+$' full)"
	echo "SCOPED=$(last 'ayb_[1-9A-Za-z]+_[1-9A-Za-z]+$' scoped)"
	echo "REVOKED=$(last 'ayb_[1-9A-Za-z]+_[1-9A-Za-z]+$' revoked)"
	echo "SNAPSHOT=$(last '[0-9a-f]{64}' snapshot)"
} > facts
cat facts
mv buckets/bucket bucket
find data -type s -delete
find data -name '*-wal' -size +0 | grep -q . # a WAL was left
find data bucket client -exec ls -ld {} +
tar --sort=name --owner=0 --group=0 --numeric-owner -czf "$out" data bucket client facts
ls -l "$out"
