#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make ./configure from a checkout. Needs autoconf, automake and pkg-config (its macros).
set -eu
cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
	command -v "$tool" >/dev/null || {
		echo "autogen.sh: '$tool' is not installed" >&2
		echo "  Debian: apt-get install autoconf automake pkg-config" >&2
		echo "  Fedora: dnf install autoconf automake pkgconf-pkg-config" >&2
		echo "  Alpine: apk add autoconf automake pkgconf" >&2
		exit 1
	}
done
autoreconf --install --force --warnings=all
echo "now run ./configure && make"
