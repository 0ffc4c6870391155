#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec in a container that ends meanwhile, at each step of exec: it is told as that, and nothing else is.
# world: hybrid v2 vm
# world, with --full: legacy

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load exec

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

ends() { gone "$1" || awk '{ sub(/.*\) /, ""); exit int($7 / 4) % 2 ? 0 : 1 }' "/proc/$1/stat"; }
# end_at STEP: the container ends while an exec in it stands there
end_at() {
    local step=$1 name=${1#*:} pid
    runs_program() { grep -qx 'Name:.sleep' "/proc/$(tr -d ' ' <"/proc/$pid/task/$pid/children")/status"; }
    alive c1
    init=$(init_of c1)
    DISTRO_SHIM_FAULT=$step:stop "$DISTRO_SHIM_FAULT_BIN" --root "$SHIM_ROOT" exec c1 sleep 4711 </dev/null >out 2>&1 3>&- &
    pid=$!
    wait_until stands_at "$name"
    [ "$step" != exec:running ] || wait_until runs_program
    kill -KILL "$init"
    # PF_EXITING: it has not ended before everything in its PID namespace is gone
    case $step in process:* | exec:*) wait_until ends "$init" ;; *) wait_until gone "$init" ;; esac
    case $step in exec:descriptors | exec:seccomp | exec:find-init) wait_until gone "$init" ;; esac
    case $step in process:*) ;; *) let_go "$name" ;; esac
    status=0
    wait "$pid" || status=$?
    said="$status $(<out)"
    succeeds delete --force c1
    rm -rf "$b"
}
@test "the container's end at any step is told as that" {
    requires fault cmd:pgrep
    for step in $(steps joiner process exec); do
        end_at "$step"
        case $step in
        exec:descriptors | exec:seccomp | exec:find-init) is "$said" '255 distro-shim: find-init: cannot exec in a stopped container' ;;
        # the program runs
        exec:running | exec:pidfd | exec:pid-file) is "$said" '137 ' ;;
        *) is "$step $said" "$step 255 distro-shim: container not running: c1 ended while the new process was made" ;;
        esac
    done
}

@test "a new process that is killed alone is not taken for the container's end" {
    requires fault
    alive c1
    for step in joiner:network process:executable; do
        fault "$step:kill"
        is "$status" 255
        contains "$(<out)" "the new process ended"
    done
    attempt exec c1 sh -c 'kill -KILL $$'
    is "$status|$stderr" '137|'
    attempt exec c1 nosuch
    contains "$stderr" 'executable file not found'
}
