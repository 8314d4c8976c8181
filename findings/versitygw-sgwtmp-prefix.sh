#!/usr/bin/env bash
# versitygw (posix): an object below .sgwtmp/ is in no listing of the bucket.
#
# Guess: an object that was stored and can be fetched is in the listing of its
# bucket, as S3 has it; or the store refuses a key that it needs for itself.
# Seen with versitygw 1.8.0: PUT of .sgwtmp/x succeeds and GET brings it back;
# neither a listing of the bucket nor one of the prefix .sgwtmp/ has it. Who
# copies, counts or empties a bucket by its listing misses it.
# What helps: no key that begins with .sgwtmp/.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
GOFLAGS='' CGO_ENABLED=0 GOBIN="$dir" go install -ldflags='-s -w' github.com/versity/versitygw/cmd/versitygw@v1.8.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$dir/data"
ROOT_ACCESS_KEY=key ROOT_SECRET_KEY=longsecret "$dir/versitygw" --quiet --port "127.0.0.1:$port" posix "$dir/data" >"$dir/log" 2>&1 &
server=$!
python3 -m venv "$dir/v"
"$dir/v/bin/pip" -q --disable-pip-version-check install boto3==1.44.8
"$dir/v/bin/python" - "http://127.0.0.1:$port" <<'PY'
import sys
import boto3
from botocore.config import Config

s3 = boto3.client("s3", endpoint_url=sys.argv[1], aws_access_key_id="key", aws_secret_access_key="longsecret", region_name="us-east-1",
                  config=Config(retries={"max_attempts": 10, "mode": "standard"}))
s3.create_bucket(Bucket="bucket")
for key in ".sgwtmp/x", "y":
    s3.put_object(Bucket="bucket", Key=key, Body=b"hello")
failed = False


def expect(what, got, want):
    global failed
    print(f"{what}: {got}")
    if got != want:
        failed = True
        print(f"  changed: expected {want}")


def keys(prefix):
    return [o["Key"] for o in s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", [])]


expect("GET .sgwtmp/x", s3.get_object(Bucket="bucket", Key=".sgwtmp/x")["Body"].read(), b"hello")
expect("listing", keys(""), ["y"])
expect("listing of prefix .sgwtmp/", keys(".sgwtmp/"), [])
sys.exit(failed)
PY
