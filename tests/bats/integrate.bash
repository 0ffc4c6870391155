# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# What the files on contrib/integrate share: its files are in $ETC, which is no engine's.

# ETC_OF_ROOT: where nothing above can be written by others, as the links and programs of integrate want it.
start_integrate_test() {
    requires root world cmd:diff
    ETC=$BATS_TEST_TMPDIR/etc
    mkdir "$ETC"
    cd "$BATS_TEST_TMPDIR" || return 1
}
root_alone_writes() { ETC=/run/distro-shim-test/etc && mkdir -p "$ETC"; }
end_integrate_test() { rm -rf /run/distro-shim-test; }

integrate() { "$DISTRO_SHIM_SOURCE/contrib/integrate" "$1" --etc-dir "$ETC" "${@:2}"; }
everything() { find "$ETC" -printf '%P %y %m %U:%G %l\n' -type f -exec sha256sum {} + | sort; }
# refused PATTERN ARGUMENT...: exit status 1, the reason on stderr, and nothing has changed
refused() {
    local pattern=$1
    shift
    everything >refused.before
    run integrate "$@"
    is "$status" 1
    matches "$output" "$pattern"
    everything | diff refused.before -
}
# an engine that answers as it is told
engine_says() { # NAME SCRIPT
    mkdir -p bin && printf '#!/bin/bash\n%s\n' "$2" >"bin/$1" && chmod 755 "bin/$1"
}
# killed_at STEP ARGUMENT...: integrate, killed at its n-th call of a program that writes; $killed is its exit status
killed_at() {
    cat >trip.sh <<END
count=0
for name in mv cp mkdir rm rmdir chmod ln; do
    eval "\$name() { count=\\\$((count + 1)); [ \\\$count -lt $1 ] || kill -KILL \\\$\\\$; command \$name \\"\\\$@\\"; }"
done
END
    killed=0
    BASH_ENV=$PWD/trip.sh bash "$DISTRO_SHIM_SOURCE/contrib/integrate" "${@:2}" --etc-dir "$ETC" >out 2>&1 3>&- || killed=$?
    [ "$killed" = 0 ] || is "$killed" 137
}
