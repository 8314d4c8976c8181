#!/bin/sh
# Installs what the tests need and the machine lacks. Running it again does
# nothing.
set -eu

missing=
need() { # need PACKAGE COMMAND...: the package is missing when the command fails
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}

have_postgres() { # any version will do
	for server in /usr/lib/postgresql/*/bin/postgres; do
		[ ! -x "$server" ] || return 0
	done
	command -v postgres
}

have_chromium() {
	command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable
}

need gcc command -v gcc
need libc6-dev test -f /usr/include/stdlib.h
need curl command -v curl
need sqlite3 command -v sqlite3
need gawk command -v awk
need chromium have_chromium
need postgresql have_postgres
need unicode-data test -f /usr/share/unicode/UnicodeData.txt

# The S3 server of the tests comes from the module proxy, outside this module's
# graph and tags.
s3_version=v1.8.0
s3_server=bin/tools/versitygw-$s3_version
cd "$(dirname "$0")/.."
if [ ! -x "$s3_server" ] && ! command -v versitygw >/dev/null; then
	mkdir -p bin/tools
	GOFLAGS='' CGO_ENABLED=0 GOBIN="$PWD/bin/tools" go install -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$s3_version"
	mv bin/tools/versitygw "$s3_server"
fi

if [ -z "$missing" ]; then
	echo "everything is there"
	exit 0
fi
echo "missing:$missing"
if ! command -v apt-get >/dev/null; then
	echo "install these packages by hand, then start again" >&2
	exit 1
fi
as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
$as_root apt-get update -qq
install() {
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@"
}
case $missing in
*postgresql*)
	# The package would make and start a server of its own. Only the programs
	# are wanted.
	install postgresql-common
	$as_root sed -i -E 's/^#?[[:space:]]*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
	;;
esac
# shellcheck disable=SC2086 # a list of words
install $missing
