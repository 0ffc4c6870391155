# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the scripts of contrib/ and tests/check share. In a checkout a script sources this file; into a script that is
# installed make puts its text (contrib/inline.awk), so that each installed script is one file.

# The colours are for a terminal.
bold='' red='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'; fi

# The help of a script is the comment at its head, from "usage:" on.
usage()
{
    awk '/^# usage: / { on = 1 } on && !/^#/ { exit } on { sub(/^# ?/, ""); print }' "$0"
}

say() { printf '%s\n' "$*"; }
step() { printf '%s== %s%s\n' "$bold" "$*" "$plain"; } # what begins now
ok() { printf '%sok%s %s\n' "$green" "$plain" "$*"; }  # what was seen to be right
typed() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; } # what one would type at a shell
warn() { printf '%s: warning: %s\n' "${0##*/}" "$*" >&2; }

fail() # MESSAGE [WHAT-TO-DO]...: exit status 1
{
    printf '%s%s: %s%s\n' "$red" "${0##*/}" "$1" "$plain" >&2
    shift
    if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
    exit 1
}

bad_usage() # MESSAGE: exit status 2
{
    printf '%s: %s; see --help\n' "${0##*/}" "$1" >&2
    usage | sed '/^$/,$d' >&2
    exit 2
}

GIVEN=("$@") # what the script that sources this was given
need_root()
{
    [ "$(id -u)" = 0 ] || fail "must be root" "try: sudo $0${GIVEN[*]:+ ${GIVEN[*]}}"
}

# What a script needs, one line each, then what is missing of it all at once.
MISSING=()
need() # PACKAGE COMMAND...: the package is missing if the command fails
{
    "${@:2}" >/dev/null 2>&1 || MISSING+=("$1")
}
need_end()
{
    [ ${#MISSING[@]} -eq 0 ] || fail "missing: ${MISSING[*]}" "on Debian: apt-get install ${MISSING[*]}"
}
