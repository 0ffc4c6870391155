#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec --process with a file that does not say everything: what it leaves out is the container's own, by its
# effect, and never more than the policy's ceiling.
# world: hybrid v2 vm

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
}
teardown() { end_test; }

alive() { # ID [JQ-FILTER]...: a container that only waits
    local id=$1
    shift
    b=$(bundle "$id" "$(args sleep 1000)" "$@") && succeeds run -d -b "$b" "$id"
}
# what a process of the container has, in one line: that of `exec` and that of the file must be the same
SHOW='ids="$(id -u):$(id -g) $(id -G) $(umask) $OWN"; limits="$(ulimit -Sn) $(ulimit -Hn) $(cat /proc/self/oom_score_adj)"
    echo $ids, $limits $(grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status)'
own() { succeeds exec "$1" sh -c "$SHOW" && echo "$output"; }
# by_file ID JQ-FILTER [OPTION]...: the same of a process of which the file says nothing but this
by_file() {
    jq -n --arg show "$SHOW" '{cwd: "/", args: ["sh", "-c", $show]} | '"$2" >process.json
    succeeds exec --process process.json "${@:3}" "$1" && echo "$output"
}
caps_of() { grep -o "Cap$1: [0-9a-f]*" | sed 's/.*: 0*//'; }

CONFINED='.process.user = {uid: 3, gid: 4, umask: 63, additionalGids: [5]} | .process.env += ["OWN=yes"] | .process.noNewPrivileges = true |
    .process.oomScoreAdj = 123 | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 30}] |
    .process.capabilities = ([["bounding", "effective", "permitted", "inheritable", "ambient"][] | {(.): ["CAP_CHOWN", "CAP_KILL"]}] | add) |
    .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'

@test "what the file leaves out, or has as null, is the container's own" {
    alive c1 "$CONFINED"
    wanted=$(own c1)
    contains "$wanted" '3:4 4 5 0077 yes, 20 30 123'
    is "$(caps_of Eff <<<"$wanted") $(caps_of Amb <<<"$wanted")" '21 21'
    contains "$wanted" 'NoNewPrivs: 1'
    is "$(by_file c1 .)" "$wanted"
    is "$(by_file c1 '. + ([["user", "env", "capabilities", "rlimits", "noNewPrivileges", "apparmorProfile", "selinuxLabel", "oomScoreAdj",
        "scheduler", "ioPriority", "execCPUAffinity"][] | {(.): null}] | add)')" "$wanted"
    is "$(by_file c1 '. + {rlimits: [], apparmorProfile: "", selinuxLabel: ""}')" "$wanted"
}

@test "what the file says counts, and what it says of one thing leaves the others" {
    alive c1 "$CONFINED"
    wanted=$(own c1)
    is "$(by_file c1 '.capabilities = {}' | caps_of Bnd)" ''
    got=$(by_file c1 '.user = {uid: 0, gid: 0}')
    contains "$got" '0:0 0 0077 yes, 20 30 123'
    contains "$(by_file c1 '.env = ["PATH=/bin", "OWN=no"]')" '0077 no, 20'
    contains "$(by_file c1 '.oomScoreAdj = 200')" '0077 yes, 20 30 200'
    contains "$(by_file c1 '.noNewPrivileges = false')" 'NoNewPrivs: 0'
    contains "$(by_file c1 '.rlimits = [{type: "RLIMIT_NOFILE", soft: 10, hard: 30}]')" 'yes, 10 30 123'
    # options come on top: SYS_TIME is bit 25
    is "$(by_file c1 . --cap SYS_TIME | caps_of Bnd)" 2000021
    is "$(by_file c1 '.capabilities = {}' --cap SYS_TIME | caps_of Bnd)" 2000000
    contains "$(by_file c1 . -u 8:9)" '8:9 9 5 0077 yes'
}

@test "the ceiling of the policy is there for what is left out as for what is said" {
    policy '{"version": 1, "network": {"admin": true}}'
    alive free '.process.capabilities[] = ["CAP_NET_ADMIN", "CAP_KILL"]'
    is "$(by_file free . | caps_of Bnd)" 1020
    policy '{"version": 1}'
    alive c1 '.process.capabilities[] = ["CAP_NET_ADMIN", "CAP_KILL"]'
    is "$(by_file c1 . | caps_of Bnd)" 20
    is "$(by_file c1 . --cap NET_ADMIN | caps_of Bnd)" 20
    # the configuration says nothing of capabilities: none, and none for exec
    alive none 'del(.process.capabilities)'
    is "$(by_file none . | caps_of Bnd)" ''
    is "$(by_file none . --cap KILL | caps_of Bnd)" 20
}

@test "the scheduler, the I/O priority and the processors are the container's, too" {
    alive c1 '.process.scheduler = {policy: "SCHED_BATCH", nice: 5} | .process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0} |
        .process.execCPUAffinity = {initial: "0", final: "0"}'
    jq -n '{cwd: "/", args: ["sleep", "1000"]}' >process.json
    succeeds exec -d --pid-file pid -p process.json c1
    pid=$(<pid)
    contains "$(chrt -p "$pid")" SCHED_BATCH
    is "$(ionice -p "$pid")|$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$pid/status")|$(ps -o ni= -p "$pid" | tr -d ' ')" 'idle|0|5'
}

# Where no module enforces them, the record of the container stands in: what exec would do about it, it does.
@test "the AppArmor profile and the SELinux label are the container's: without them nothing runs" {
    alive c1
    file=$SHIM_ROOT/c1/config.json
    cp "$file" before
    jq -n '{cwd: "/", args: ["echo", "ran"]}' >plain.json
    jq -n '{cwd: "/", args: ["echo", "ran"], apparmorProfile: "", selinuxLabel: ""}' >empty.json
    while IFS='|' read -r key value words; do
        jq --arg value "$value" ".process.$key = \$value" before >"$file"
        for process in "-p plain.json c1" "-p empty.json c1" "--process-label= --apparmor= c1 echo ran"; do
            # shellcheck disable=SC2086 # words
            attempt exec $process
            is "$status|$output" '255|'
            matches "$stderr" "$words"
        done
    done <<'END'
apparmorProfile|no-such-profile|(AppArmor is not enabled|no-such-profile)
selinuxLabel|system_u:system_r:no_such_t:s0|(SELinux is not enabled|selinuxLabel)
END
    cp before "$file"
    succeeds exec --process plain.json c1
    is "$output" ran
}

@test "the file may be a pipe or standard input, and ids that are left out are 0" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    process='{"args": ["id", "-u"], "cwd": "/", "env": ["PATH=/bin"], "user": {"gid": 0}}'
    is "$(shim exec --process <(echo "$process") c1)" 0
    is "$(echo "$process" | shim exec --process - c1)" 0
    is "$(echo "$process" | shim exec --process /dev/stdin c1)" 0
    is "$(echo '{"args": ["id", "-g"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0}}' | shim exec --process /dev/stdin c1)" 0
    # one without a writer is empty, and not a reason to wait
    mkfifo none
    attempt exec --process none c1
    is "$status" 255
    matches "$stderr" "none:1:1: "
}

@test "what the policy warns of an exec is in the log, unless it was said of the container" {
    b=$(bundle c1 "$(args sleep 1000)")
    succeeds run -d -b "$b" c1
    succeeds --log log exec --cap CAP_SYS_ADMIN c1 true
    contains "$(<log)" 'privileged (/process/capabilities/'
    is "$(grep -c level=warning log)" 1
    # nor where there is no log
    succeeds exec --cap CAP_SYS_ADMIN c1 true
    rm log && succeeds --log log exec c1 true
    is "$(cat log)" ""
    # of one that has it the log of its creation said so
    b=$(bundle c2 "$(args sleep 1000)" '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])')
    succeeds --log created run -d -b "$b" c2
    contains "$(<created)" 'privileged (/process/capabilities/'
    succeeds --log log exec c2 true
    is "$(cat log)" ""
}
