#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a caller leaves to the runtime: signals, limits, streams, umask, working directory, a changed /proc.
# Every command works as ever, or says what it lacks and leaves nothing behind.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for another shell

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    export SHIM_ROOT
}
teardown() { end_test; }

# Every command once, in whatever surroundings this is called; says which went wrong, and how.
every_command() {
    local failed=0 b c
    b=$BATS_TEST_TMPDIR/quick c=$BATS_TEST_TMPDIR/long
    say() { # WHAT STATUS SHIM-ARGUMENT...
        local what=$1 wanted=$2 got=0
        shift 2
        timeout -k 1 20 "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" </dev/null >said 2>&1 || got=$?
        [ "$got" = "$wanted" ] || { echo "$what: $got, $(<said)" && failed=1; }
    }
    say run 7 run -b "$b" r1
    say create 0 create -b "$c" c1
    say state 0 state c1
    say start 0 start c1
    say "run -d" 0 run -d -b "$c" c2
    say list 0 list
    grep -q '^c1 .*running' said && grep -q '^c2 .*running' said || { echo "list: $(<said)" && failed=1; }
    say members 0 members
    grep -q '^c1 ' said || { echo "members: $(<said)" && failed=1; }
    say exec 5 exec c1 sh -c 'exit 5'
    say "exec -d" 0 exec -d c1 true
    say ps 0 ps -f json c1
    say pause 0 pause c1
    say resume 0 resume c1
    say update 0 update --pids-limit 50 c1
    say events 0 events --stats c1
    say features 0 features
    say explain 0 explain c1
    say "explain -b" 0 explain -b "$b"
    mkdir -p spec && rm -f spec/config.json
    say spec 0 spec -b spec
    say policy 0 policy check
    say kill 0 kill c1 KILL
    say "delete c1" 0 delete --force c1
    say "delete --force" 0 delete --force c2
    say "list after" 0 list -q
    [ ! -s said ] || { echo "left: $(<said)" && failed=1; }
    return $failed
}
bundles() {
    b=$(bundle quick "$(args sh -c 'exit 7')" '.hooks = {createRuntime: [{path: "/bin/true"}], poststop: [{path: "/bin/true"}]}')
    c=$(bundle long "$(args sleep 1000)")
}
# in_mounts SCRIPT: every command in a mount namespace where SCRIPT has changed /proc
in_mounts() {
    export -f every_command
    unshare --mount --propagation private bash -c "$1"' && every_command'
}

@test "signals that the caller ignores or blocks change nothing" {
    bundles
    local way
    export -f every_command
    for way in --ignore-signal=CHLD --block-signal=CHLD --ignore-signal --block-signal; do
        env $way bash -c every_command || { echo "with $way" && return 1; }
    done
    b=$(bundle seen "$(args grep -E '^Sig(Blk|Ign)' /proc/self/status)")
    env --ignore-signal --block-signal "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 >out
    is "$(awk '{ print $2 }' out | sort -u)" 0000000000000000
    # hooks get none of it either
    edit_config "$b" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "grep -E ^Sig.Blk.Ign /proc/self/status >&2; grep -E \"^Sig(Blk|Ign)\" /proc/self/status | grep -qv 0000000000000000 && exit 3; true"]}]}'
    env --ignore-signal --block-signal "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 >out
}

@test "a hangup that the caller ignores does not end a command" {
    b=$(bundle hang "$(args true)" '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "touch $TEST/in; while [ ! -e $TEST/go ]; do sleep 0.05; done"], env: ["PATH=/bin:/usr/bin", "TEST='"$BATS_TEST_TMPDIR"'"]}]}')
    for signal in HUP INT; do
        rm -f in go
        env --ignore-signal=$signal "$DISTRO_SHIM" --root "$SHIM_ROOT" create -b "$b" c1 </dev/null >/dev/null 2>&1 3>&- &
        wait_until test -e in
        kill -$signal $!
        touch go
        wait $!
        succeeds delete --force c1
    done
}

# limited OPTION ARGUMENT...: the runtime under a limit of prlimit(1); $status, and in $said what it says, which no
# limit on files cuts
limited() {
    local option=$1
    shift
    status=0
    said=$(timeout -k 1 20 prlimit "$option" -- "$DISTRO_SHIM" --root "$SHIM_ROOT" "$@" 2>&1 </dev/null) || status=$?
}

@test "a limit on the size of files is an error, and nothing is left" {
    bundles
    local limit
    for limit in 0 1 100 1000; do
        limited --fsize=$limit run -b "$b" c1
        is "$limit: $status" "$limit: 1"
        is "$(grep -vc 'warning: poststop hook' <<<"$said")" 1
        contains "$said" "file too large"
        is "$(shim list -q)" ""
        is "$(find "$SHIM_ROOT" -mindepth 1)" ""
    done
    # what the program has is the caller's
    b=$(bundle big "$(args sh -c 'ulimit -f')")
    limited --fsize=1048576 run -b "$b" c1
    is "$said" 2048
    succeeds run -d -b "$c" c1
    for verb in "exec c1 true" "pause c1" "resume c1" "delete --force c1"; do
        # shellcheck disable=SC2086 # words
        limited --fsize=0 $verb
        is "$verb: $status $said" "$verb: 0 "
    done
}

@test "other limits: it works, or one clear error and nothing left" {
    bundles
    local limit
    for limit in --stack=65536 --as=20000000 --core=0 --memlock=0 --rss=0 --nproc=0 --sigpending=0; do
        limited $limit run -b "$b" c1
        case $limit:$status in
        *:7) [ -z "$said" ] ;;
        *) echo "$limit: $status $said" >&2 && return 1 ;;
        esac
        is "$(shim list -q)" ""
    done
}

@test "descriptors run out, wherever that is: one clear error, and nothing left" {
    bundles
    local limit before
    before=$(find /sys/fs/cgroup -type d | sort)
    for limit in {3..60}; do
        limited --nofile=$limit run -b "$b" c1
        case $limit:$status in
        *:7) [ -z "$said" ] ;;
        *:127) contains "$said" "loading shared libraries" ;;
        *:1) contains "$said" "too many open files" && is "$(grep -vc 'warning: poststop hook' <<<"$said")" 1 ;;
        *) echo "$limit: $status $said" >&2 && return 1 ;;
        esac
        is "$limit: $(shim list -q)" "$limit: "
        is "$limit: $(find /sys/fs/cgroup -type d | sort)" "$limit: $before"
    done
    is "$status" 7
}

@test "closed standard streams change nothing" {
    bundles
    local way
    export -f every_command
    for way in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
        for b in "$BATS_TEST_TMPDIR"/{quick,long}; do
            eval "\"\$DISTRO_SHIM\" --root \"\$SHIM_ROOT\" create -b \"\$b\" c1 $way"
            eval "\"\$DISTRO_SHIM\" --root \"\$SHIM_ROOT\" start c1 $way"
            eval "\"\$DISTRO_SHIM\" --root \"\$SHIM_ROOT\" delete --force c1 $way"
        done
    done
    # no record has become a stream of the program's
    is "$(shim list -q)" ""
}

@test "an umask of 0777 or 0 changes nothing" {
    bundles
    export -f every_command
    local mask
    for mask in 0777 0; do
        bash -c 'mkdir -p spec && : >said && chmod 600 said && umask '$mask' && every_command' || { echo "umask $mask" && return 1; }
        find "$SHIM_ROOT" /run/distro-shim -perm /022 ! -type l | grep . && return 1
        rm -rf spec said "$SHIM_ROOT"
    done
    return 0
}

@test "in a working directory that is gone, or cannot be read, what needs it is an error and the rest works" {
    bundles
    mkdir gone
    (cd gone && rmdir ../gone && "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$BATS_TEST_TMPDIR/quick" c1) && return 1
    is "$(cd "$BATS_TEST_TMPDIR" && mkdir -p gone && cd gone && rmdir ../gone && "$DISTRO_SHIM" --root "$SHIM_ROOT" list -q && echo listed)" listed
    mkdir -p gone
    said=$(cd gone && rmdir ../gone && "$DISTRO_SHIM" --root state list 2>&1) && return 1
    contains "$said" "find the current directory, to which --root state is relative"
}

@test "a mount over the kernel's boot id changes nothing" {
    bundles
    succeeds run -d -b "$c" before
    echo 11111111-2222-4333-8444-555555555555 >id
    in_mounts 'mount --bind id /proc/sys/kernel/random/boot_id && "$DISTRO_SHIM" --root "$SHIM_ROOT" state before | grep -q running && "$DISTRO_SHIM" --root "$SHIM_ROOT" delete --force before'
    # records made there are believed elsewhere
    unshare --mount --propagation private bash -c 'mount --bind id /proc/sys/kernel/random/boot_id && "$DISTRO_SHIM" --root "$SHIM_ROOT" run -d -b "$BATS_TEST_TMPDIR/long" there </dev/null >/dev/null 2>&1 3>&-'
    is "$(state_of there)" running
    is "$(jq -r .initBootId "$SHIM_ROOT/there/status.json")" "$(</proc/sys/kernel/random/boot_id)"
    succeeds delete --force there
    # nothing of an id, a directory, what is not an id
    in_mounts 'mount -t tmpfs tmpfs /proc/sys/kernel'
    in_mounts 'echo no >not && mount --bind not /proc/sys/kernel/random/boot_id'
}

@test "a /proc that shows processes only, one that hides them, one that is read-only" {
    bundles
    succeeds run -d -b "$c" before
    in_mounts 'mount -t proc -o subset=pid proc /proc && [ ! -e /proc/sys ] && "$DISTRO_SHIM" --root "$SHIM_ROOT" delete --force before'
    local way
    for way in hidepid=1 hidepid=2 hidepid=ptraceable; do
        in_mounts "mount -t proc -o $way proc /proc" || { echo "with $way" && return 1; }
    done
    in_mounts 'mount -o remount,bind,ro /proc'
}

@test "commands work for a user for whom /proc shows little" {
    requires userns cmd:setpriv
    local home=/run/environment me way where
    me="setpriv --reuid 2001 --regid 2001 --clear-groups env HOME=$home XDG_RUNTIME_DIR=$home/run"
    mkdir -p $home/run $home/.config/distro-shim && cp "$DISTRO_SHIM" $home/distro-shim
    echo '{"version": 1, "mode": "observe"}' >$home/.config/distro-shim/policy.json
    where=$(bundle user "$(args sleep 1000)")
    mv "$where" $home/user
    (cd $home && ./distro-shim --rootless true spec --rootless --file user/config.json)
    edit_config $home/user '.process.terminal = false | .linux.namespaces |= map(if .type == "network" then {type} else . end) | .process.args = ["sleep", "1000"] | .mounts |= map(select(.destination != "/proc")) | del(.linux.maskedPaths, .linux.readonlyPaths) | .linux.uidMappings[0].hostID = 2001 | .linux.gidMappings[0].hostID = 2001'
    chown -R 2001:2001 $home
    echo 11111111-2222-4333-8444-555555555555 >id
    # without a /proc of its own: the kernel refuses a user one where the machine's is covered or cut
    for way in true 'mount --bind id /proc/sys/kernel/random/boot_id' 'mount -t proc -o subset=pid proc /proc' 'mount -t proc -o hidepid=2 proc /proc'; do
        unshare --mount --propagation private bash -c "$way && cd $home && $me sh -ec '
            ./distro-shim run -d -b user u1 </dev/null >/dev/null 2>said
            ./distro-shim state u1 | grep -q running
            ./distro-shim exec u1 true
            ./distro-shim list | grep -q \"^u1 .*running\"
            ./distro-shim kill u1 KILL
            ./distro-shim delete --force u1'" || { echo "$way: $(<$home/said)" && return 1; } >&2
    done
    rm -rf $home
}

@test "a state root has one name and one measure, however it is written" {
    b=$(bundle c "$(args sleep 1000)")
    mkdir -p real/deep elsewhere && chmod 700 elsewhere
    ln -s "$PWD/elsewhere" link
    ln -s "$PWD/real" way
    local root
    for root in link link/ link/. link/./ link//. ./link/.; do
        expect_error 'symbolic link' --root "$root" run -b "$b" c1
        expect_error 'symbolic link' --root "$PWD/$root" list
    done
    SHIM_ROOT=$PWD/real/state
    succeeds run -d -b "$b" c1
    for root in real/state real//state/ ./real/./state real/deep/../state way/state way/deep/../state way/deep/.././/state/. "$PWD/way/state"; do
        is "$("$DISTRO_SHIM" --root "$root" list -q)" c1
        is "$("$DISTRO_SHIM" --root "$root" members | awk '$1 == "c1" { print $4 }')" "$PWD/real/state"
    done
    "$DISTRO_SHIM" --root way/deep/../state/ delete --force c1
    is "$("$DISTRO_SHIM" members -q)" ""
    is "$(ls -A /run/distro-shim/members)" ""
    # made through a link and with parts that are not there yet: the same name
    "$DISTRO_SHIM" --root way/new/../other/state run -d -b "$b" c1 </dev/null >/dev/null 2>&1 3>&-
    is "$("$DISTRO_SHIM" members | awk '$1 == "c1" { print $4 }')" "$PWD/real/other/state"
    "$DISTRO_SHIM" --root "$PWD/real/other/state" delete --force c1
}
