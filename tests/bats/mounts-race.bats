# SPDX-License-Identifier: Apache-2.0
# Directories of a volume that are exchanged while mounts are made below them (CVE-2021-30465): whatever
# comes out, nothing appears outside of the container's root.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() {
    make_rootfs
    mkdir -p "$BATS_FILE_TMPDIR/rootfs/vol"
    cc -O1 -static -o "$BATS_FILE_TMPDIR/exchange" -x c - <<'END' || true
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
/* exchange A B: for ever, with pauses of changing length */
int main(int argc, char **argv)
{
	unsigned long n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (argc == 3) {
		syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE);
		if (++n % 7 == 0)
			usleep(n * 37 % 400);
	}
	return 1;
}
END
}
setup() {
    requires root world "file:$BATS_FILE_TMPDIR/exchange"
    start_test
    make_canary
    exchangers=()
}
teardown() {
    for pid in "${exchangers[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    umount_all
    end_test
}
exchange() {
    "$BATS_FILE_TMPDIR/exchange" "$@" 3>&- &
    exchangers+=($!)
}

# race FILTER: 150 containers with a volume below which everything is exchanged all the time
race() {
    local i made=0 b before
    mkdir -p volume/a/b/c "canary/b/c" files
    echo mine >files/mine
    # what the links lead to has the same names, so that a lookup there would succeed
    touch canary/f && rm -f "$BATS_TEST_TMPDIR/canary.before" && canary_state >"$BATS_TEST_TMPDIR/canary.before"
    ln -s "$CANARY" volume/l
    ln -s ../../../../../../../../../../../../../.."$CANARY" volume/k
    touch volume/a/f
    b=$(bundle racing "$(args true)" "$1" \
        "$(adds "$(mount_json bind "$BATS_TEST_TMPDIR/volume" /vol rbind)" \
            "$(mount_json tmpfs tmpfs /vol/a/b/c tmpcopyup)" \
            "$(mount_json bind "$BATS_TEST_TMPDIR/files/mine" /vol/a/f bind)" \
            "$(mount_json bind "$BATS_TEST_TMPDIR/files/mine" /vol/a/new bind)" \
            "$(mount_json bind "$BATS_TEST_TMPDIR/files" /vol/a/made/here bind)" \
            "$(mount_json bind "$BATS_TEST_TMPDIR/files/mine" /vol/a/g bind dest-nofollow)" \
            "$(mount_json bind "$BATS_TEST_TMPDIR/volume/l" /vol/a/copied bind copy-symlink)")")
    chmod -R a+rwX volume
    before=$(grep -c . /proc/self/mountinfo)
    exchange volume/a volume/l
    exchange volume/a volume/k
    for ((i = 0; i < 150; i++)); do
        if shim_in 20 run -b "$b" "race$i" </dev/null >/dev/null 2>>errors; then made=$((made + 1)); fi
        [ ! -e "$CANARY/made" ] && [ ! -e "$CANARY/new" ] && [ ! -L "$CANARY/copied" ] && [ ! -e "$CANARY/g" ]
    done
    echo "$made of $i were made"
    # the race is one: some find their targets, and some do not
    is "$(grep -c . /proc/self/mountinfo)" "$before"
    # both ends of it: neither always nor never
    [ "$made" -gt 0 ] && [ "$made" -lt "$i" ]
    # no other errors than those of a lookup that leads astray inside, and of a source that is not what was judged
    ! grep -vE "vol/a|volume/l' was exchanged after it was judged" errors | head -5 | grep .
}

@test "150 containers: mounts below directories that are exchanged for links stay inside" {
    race .
}

@test "150 containers in a user namespace: mounts below directories that are exchanged for links stay inside" {
    race "$(user_namespace)"
}
