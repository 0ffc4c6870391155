#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many at once: who creates one id, who acts on it, lives side by side. Never a crash, never a hang, nothing left.
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    make_canary
    # the holder of the lock keeps it for moments only; a machine that is busy may take longer
    DEADLINE=30
}
teardown() { end_test; }

# together COMMAND...: each a string, all at the same time; the exit status of the N-th in $BATS_TEST_TMPDIR/N.status,
# what it says in N.out
together() {
    local pids=() n=0 command
    rm -f "$BATS_TEST_TMPDIR"/*.status "$BATS_TEST_TMPDIR"/*.out
    for command in "$@"; do
        n=$((n + 1))
        # shellcheck disable=SC2086
        (
            shim_in $DEADLINE $command </dev/null >"$BATS_TEST_TMPDIR/$n.out" 2>&1 && echo 0 >"$BATS_TEST_TMPDIR/$n.status" ||
                echo $? >"$BATS_TEST_TMPDIR/$n.status"
        ) 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
}
statuses() { cat "$BATS_TEST_TMPDIR"/*.status | sort | uniq -c | awk '{ print $2 "x" $1 }' | xargs; } # "0x1 1x39"
# every one has succeeded, or failed with an error: no signal, no deadline
no_accident() {
    local file
    for file in "$BATS_TEST_TMPDIR"/*.status; do
        case $(<"$file") in
        0) ;;
        1) [ -s "${file%.status}.out" ] || { echo "no error" >&2 && return 1; } ;;
        *)
            echo "status $(<"$file"): $(<"${file%.status}.out")" >&2
            return 1
            ;;
        esac
    done
}

@test "40 creators of one id: one wins, 39 say that it exists" {
    local b round i command=()
    b=$(bundle many "$(args sleep 1000)")
    for i in {1..40}; do command+=("create -b $b one"); done
    for round in 1 2; do
        together "${command[@]}"
        is "$(statuses)" "0x1 1x39"
        is "$(grep -l 'already exists: one' "$BATS_TEST_TMPDIR"/*.out | wc -l)" 39
        is "$(state_of one)" created
        is "$(shim members --quiet)" one
        # the winner's is whole
        shim_in 10 start one
        is "$(state_of one)" running
        shim_in 15 delete --force one
    done
}

@test "start, kill and delete of one container at the same time are each done or refused" {
    local b round n
    b=$(bundle acted "$(args sleep 1000)")
    for round in {1..20}; do
        shim_in 10 create -b "$b" one </dev/null >/dev/null 2>&1
        case $((round % 4)) in
        0) together "start one" "start one" "kill one KILL" "delete --force one" ;;
        1) together "start one" "delete --force one" "delete --force one" "state one" ;;
        2) together "kill one KILL" "start one" "delete one" "kill one TERM" ;;
        3) together "start one" "start one" "start one" "explain one" ;;
        esac
        no_accident || { echo "round $round" && false; }
        if [ $((round % 4)) = 3 ]; then
            # only one can have started it
            is "$(cat "$BATS_TEST_TMPDIR"/[123].status | sort | xargs)" "0 1 1"
        fi
        shim_in 15 delete --force one
        [ ! -e "$SHIM_ROOT/one" ]
    done
}

@test "creation and deletion of one id at the same time are each done or refused" {
    local b round
    b=$(bundle chased "$(args sleep 1000)")
    for round in {1..15}; do
        together "create -b $b one" "delete --force one" "create -b $b one" "delete --force one" "delete one" "state one"
        no_accident || { echo "round $round" && false; }
    done
    shim_in 15 delete --force one
}

lifecycles() { # ID
    local i out
    for i in {1..10}; do
        out=$BATS_TEST_TMPDIR/$1.$i
        {
            shim_in $DEADLINE create -b "$BUNDLE" "$1" </dev/null && shim_in $DEADLINE start "$1" && is "$(state_of "$1")" running &&
                shim_in $DEADLINE kill "$1" KILL && wait_until is_stopped "$1" && shim_in $DEADLINE delete "$1"
        } >"$out" 2>&1 && [ ! -s "$out" ] || { cat "$out" && return 1; }
    done
}
is_stopped() { [ "$(state_of "$1")" = stopped ]; }

@test "8 side by side live 10 times each, and nothing is left" {
    BUNDLE=$(bundle lives "$(args sleep 1000)")
    # eight, and the cgroup above all of them comes and goes
    all_of lifecycles 8 a b c d e f g h
    is "$(shim list --quiet)" ""
}

@test "three distributions in one network: one is killed, two go on talking" {
    local b id
    for id in server client victim; do
        b=$(bundle $id "$(args sh -c 'mkdir /www; echo served >/www/index.html; while :; do sleep 1; done')")
        [ $id != server ] || edit_config "$b" "$(args sh -c 'mkdir /www; echo served >/www/index.html; exec httpd -f -p 127.0.0.1:8080 -h /www')"
        [ $id != client ] || edit_config "$b" "$(args sh -c 'while sleep 0.1; do wget -qO /got.new http://127.0.0.1:8080/ && mv /got.new /got; done')"
        shim_in 10 run -d -b "$b" $id </dev/null >/dev/null 2>&1
    done
    wait_until grep -q served "$BATS_TEST_TMPDIR/client/rootfs/got"
    shim_in 10 kill victim KILL
    wait_until is_stopped victim
    rm "$BATS_TEST_TMPDIR/client/rootfs/got"
    wait_until grep -q served "$BATS_TEST_TMPDIR/client/rootfs/got"
    shim_in 15 delete victim
    # it took nothing along
    rm "$BATS_TEST_TMPDIR/client/rootfs/got"
    wait_until grep -q served "$BATS_TEST_TMPDIR/client/rootfs/got"
    is "$(shim members --quiet | sort | xargs)" "client server"
    nsenter --net=/run/netns/distros ip -br link show dsn | grep -q LOWER_UP
}
