#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The audit: a line for each decision, of all that is asked for, in a file, the journal or syslog, before anything of it
# happens; and what becomes of a command whose lines cannot be written. The text of lines is in tests/unit/test_audit.c.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for jq

load helpers
load policy
load checkpoint

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    mkdir -p "$SHIM_POLICY_DIRECTORY/log"
    log=$SHIM_POLICY_DIRECTORY/log/audit
}
teardown() {
    [ -z "${daemon:-}" ] || { kill "$daemon" && wait "$daemon"; } 2>/dev/null || true
    for place in ${mounted:-}; do umount -l "$place"; done
    rm -f /run/systemd/journal/socket /dev/log
    end_policy_test
}

audit() { policy "{\"version\": 1, \"audit\": $1${2:+, $2}}"; } # JSON [MORE-KEYS]
to_file() { audit "\"$log\"" "${1:-}"; }
required() { audit "{\"to\": \"${1:-$log}\", \"required\": true}" "${2:-}"; }
# told FILTER [FILE]: of each line
told() { jq -r "$1" "${2:-$log}"; }
raw() { capabilities CAP_NET_RAW; }
spinning() { args sleep 1000; }

# listen SOCKET [quiet]: a daemon that appends each datagram to the file `heard`, or reads none; $daemon
listen() {
    mkdir -p "${1%/*}"
    /usr/bin/python3 - "$@" >daemon.out 2>&1 3>&- <<'END' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
if len(sys.argv) > 2:
    filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    filler.setblocking(False)
    filler.connect(sys.argv[1])
    try:
        while True:
            filler.send(b"full")
    except BlockingIOError:
        pass
    open("full", "w").close()
    time.sleep(1000)
open("ready", "w").close()
while True:
    data = s.recv(1 << 20)
    with open("heard", "ab") as f:
        f.write(data + b"\n--\n")
END
    daemon=$!
    wait_until [ -e "$([ $# -gt 1 ] && echo full || echo ready)" ]
}

@test "file: a whole line for each decision of create, with all that is known of it" {
    to_file
    b=$(bundle c1 "$(spinning)" "$(raw)")
    succeeds create -b "$b" c1
    is "$(stat -c '%a %u %h %F' "$log")" "600 0 1 regular file"
    # what the records have, in the same order
    is "$(told '[.rule, .action, .path, .before, .after, .why] | tojson')" \
        "$(jq -r '.decisions[] | [.rule, .action, .path, .before, .after, .why] | tojson' "$SHIM_ROOT/c1/status.json")"
    contains "$(told '"\(.action) \(.rule) \(.path) \(.before)"')" 'drop network.admin /process/capabilities/bounding/0 "CAP_NET_RAW"'
    contains "$(told .action)" keep
    # the engine is the process that runs the runtime: here timeout, which is another process each time
    is "$(told '[.request, .id, .root, .bundle, .mode, .network.path, .network.cookie, .caller.uid] | tojson' | sort -u)" \
        "$(jq -cn --arg root "$SHIM_ROOT" --arg b "$b" --argjson cookie "$(jq .networkCookie "$SHIM_ROOT/c1/status.json")" \
            '["create", "c1", $root, $b, "enforce", "/run/netns/distros", $cookie, 0]')"
    matches "$(told .time | sort -u)" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z$'
    sh -c 'echo $$ >pid; "$@"; exit $?' sh "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" exec --cap CAP_NET_RAW c1 true
    is "$(told 'select(.request == "exec") | .caller.pid' | sort -u)" "$(<pid)"
}

@test "file: exec, mounts, update, run, refusals and what is only observed" {
    to_file
    b=$(bundle c1 "$(spinning)")
    succeeds run -d -b "$b" c1
    is "$(told .request | sort -u)" create
    : >"$log"
    succeeds exec --cap CAP_NET_RAW c1 true
    contains "$(told '"\(.request) \(.id) \(.network.path) \(.bundle) \(.action) \(.rule)"')" \
        "exec c1 /run/netns/distros $b drop network.admin"
    : >"$log"
    echo '[{"destination": "/tmp/proc", "type": "bind", "source": "/proc", "options": ["rbind"]}]' >more.json
    attempt mounts add c1 more.json
    is "$(told '"\(.request) \(.rule)"' | sort -u)" "mounts kernelMounts"
    : >"$log"
    jq '.linux.namespaces += [{type: "uts", path: "/proc/1/ns/uts"}]' "$b/config.json" >"$b/twice.json"
    expect_error 'two entries of type uts' create --config twice.json -b "$b" c2
    is "$(told 'select(.action == "refuse") | "\(.id) \(.mode) \(.rule)"')" "c2 enforce namespaces"
    # explain asks for nothing
    : >"$log"
    attempt explain --config twice.json -b "$b"
    [ ! -s "$log" ]
    # observed: what enforcing would have done, and that it was not
    to_file '"mode": "observe", "network": {"requested": {"new": "refuse"}}'
    b=$(bundle c3 "$(args true)" "$(new network)")
    succeeds run -b "$b" c3
    is "$(told 'select(.action == "refuse") | "\(.mode) \(.rule) \(.network.join)"')" "observe network.requested.new new"
}

@test "the policy of a container's records says where its audit goes, not the file of today" {
    to_file
    b=$(bundle c1 "$(spinning)")
    succeeds run -d -b "$b" c1
    : >"$log"
    policy '{"version": 1}'
    succeeds exec --cap CAP_NET_RAW c1 true
    [ -s "$log" ]
    # and of a record without the key, as an older program made it, nowhere
    : >"$log"
    jq 'del(.policy.audit)' "$SHIM_ROOT/c1/status.json" >s && cp s "$SHIM_ROOT/c1/status.json"
    to_file
    succeeds exec --cap CAP_NET_RAW c1 true
    [ ! -s "$log" ]
}

@test "restore: its bundle and the processes that it has made" {
    to_file
    stands_in restores "$(raw)"
    CRIU_NET_RAW=1 expect_error 'the images give process' restore -d -b "$b" --image-path images c1
    contains "$(told '"\(.request) \(.action) \(.rule) \(.network.path)"')" \
        "restore drop network.admin /run/netns/distros"
    contains "$(told '"\(.request) \(.action) \(.rule) \(.network.path)"')" \
        "restored refuse network.admin /run/netns/distros"
}

@test "start: a network that its engine has left empty" {
    to_file
    b=$(bundle c1 "$(spinning)" "$(new network)")
    succeeds create -b "$b" c1
    : >"$log"
    attempt start c1
    is "$(told '"\(.request) \(.action) \(.rule) \(.network.join)"')" "start warn network.requested.new late"
}

@test "file: lines of many commands at once do not mix, and one that is renamed is made anew" {
    to_file
    b=$(bundle c1 "$(args true)" "$(raw)")
    one() { shim run -b "$b" "$1" >/dev/null 2>&1 </dev/null; }
    all_of one 4 m1 m2 m3 m4 m5 m6 m7 m8
    # those of a command one after the other
    is "$(told .id | uniq | sort | tr '\n' ' ')" "m1 m2 m3 m4 m5 m6 m7 m8 "
    mv "$log" "$log.1"
    before=$(wc -l <"$log.1")
    succeeds run -b "$b" c1
    is "$(told .id | sort -u)" c1
    is "$(wc -l <"$log.1")" "$before"
    # a line that a full disk has cut stays alone
    printf '{"cut' >>"$log"
    succeeds run -b "$b" c1
    is "$(grep -c '^{"cut$' "$log")" 1
    sed -i '/^{"cut$/d' "$log" && told . >/dev/null
}

# broken PATTERN: the audit cannot be written: said, and the container runs; required, and nothing has run
broken() {
    local command
    rm -rf c1
    b=$(bundle c1 "$(args touch /ran)" "$(raw)") || return 1
    audit "\"$log\""
    attempt run -b "$b" c1
    is "$status" 0 && matches "$stderr" "^distro-shim: warning: audit: not every decision is written: .*$1" || return 1
    is "$(wc -l <<<"$stderr")" 1 && rm "$b/rootfs/ran" || return 1
    # also beside an engine's log
    attempt --log engine.log --log-format json run -b "$b" c1
    matches "$stderr" "^distro-shim: warning: audit: .*$1" && is "$(jq -r .level engine.log)" warning || return 1
    rm "$b/rootfs/ran" engine.log || return 1
    required
    for command in create run; do
        expect_error "^distro-shim: audit: the policy requires .*$1.*; mend that, or take \"required\" out of the policy" $command -b "$b" c1 || return 1
        [ ! -e "$b/rootfs/ran" ] && [ ! -e "$SHIM_ROOT/c1" ] || return 1
    done
}

@test "file: what is not a regular file of root's alone is not written to, nor waited for" {
    mkfifo "$log"
    broken "/audit' is not a regular file"
    rm "$log" && mkdir "$log"
    broken "/audit' is not a regular file"
    rmdir "$log" && echo old >victim && ln -s "$PWD/victim" "$log"
    broken "/audit' is a symbolic link"
    rm "$log" && touch "$log.other" && ln "$log.other" "$log"
    broken 'has another name elsewhere'
    rm "$log" "$log.other" && touch "$log" && chmod 620 "$log"
    broken 'can be written by others than its owner'
    chmod 600 "$log" && chown 1000 "$log"
    broken "/audit' belongs to user 1000"
    rm "$log" && chmod 770 "${log%/*}"
    broken "/log' can be written by others"
    chmod 755 "${log%/*}" && chown 1000 "${log%/*}"
    broken "/log' belongs to user 1000"
    chown 0 "${log%/*}" && ln -s log "$SHIM_POLICY_DIRECTORY/link"
    log=$SHIM_POLICY_DIRECTORY/none/audit
    broken 'no such file or directory'
    log=$SHIM_POLICY_DIRECTORY/link/audit
    broken "/link' is a symbolic link"
    log=$PWD/audit
    broken "'/tmp' can be written by others"
    is "$(<victim)" old
    [ ! -e "$log" ]
}

@test "file: a full disk, and a limit of the size of files" {
    mount -t tmpfs -o size=4k,mode=755 tmpfs "${log%/*}"
    mounted=${log%/*}
    head -c 4000 /dev/zero | tr '\0' '\n' >"$log"
    broken 'no space left on device'
    rm "$log"
    to_file
    b=$(bundle c2 "$(args true)")
    succeeds run -b "$b" c2
    is "$(told .id | sort -u)" c2
    umount "$mounted" && mounted=
    said=$(ulimit -f 0 && shim run -b "$b" c2 2>&1 </dev/null) || true
    contains "$said" "audit: not every decision is written: write to '$log': file too large"
}

@test "file: a disk that never answers holds nothing up" {
    requires file:/dev/fuse file:/usr/bin/python3
    "$BATS_TEST_DIRNAME/silent_fuse.py" "${log%/*}" >server 2>&1 3>&- &
    daemon=$!
    mounted=${log%/*}
    wait_until grep -q mounted server
    b=$(bundle c1 "$(args true)" "$(raw)")
    to_file
    SECONDS=0
    attempt run -b "$b" c1
    [ "$SECONDS" -lt 5 ]
    is "$status" 0
    matches "$stderr" "audit: not every decision is written: writing to '.*' took more than 1000 ms"
    required
    expect_error "took more than 1000 ms" run -b "$b" c1
    # nobody's descriptors are held meanwhile: the pipe ends with the command
    to_file
    is "$(timeout 5 "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" run -b "$b" c1 2>/dev/null | cat; echo ended)" ended
}

@test "journal: a record for each decision, in its own protocol" {
    requires file:/usr/bin/python3
    audit '"journal"'
    listen /run/systemd/journal/socket
    b=$(bundle c1 "$(args true)" "$(raw)")
    succeeds run -b "$b" c1
    grep -a '^MESSAGE=' heard | sed 's/^MESSAGE=//' >lines
    contains "$(told '"\(.request) \(.id) \(.action) \(.rule)"' lines)" 'create c1 drop network.admin'
    is "$(wc -l <lines)" "$(grep -ac '^--$' heard)"
    is "$(grep -avE '^(MESSAGE=.*|--|)$' heard | sed 's/\(SYSLOG_PID=\).*/\1/' | sort -u | tr '\n' ' ')" \
        "PRIORITY=5 SYSLOG_FACILITY=10 SYSLOG_IDENTIFIER=distro-shim-audit SYSLOG_PID= "
}

@test "syslog: a record for each decision, as syslog(3) has it" {
    requires file:/usr/bin/python3
    audit '"syslog"'
    listen /dev/log
    b=$(bundle c1 "$(args true)" "$(raw)")
    succeeds run -b "$b" c1
    grep -a '^<' heard | sed 's/^<85>distro-shim-audit\[[0-9]*\]: //' >lines
    contains "$(told '"\(.request) \(.id) \(.action) \(.rule)"' lines)" 'create c1 drop network.admin'
}

@test "journal and syslog: without a daemon, and with one that never reads" {
    requires file:/usr/bin/python3
    b=$(bundle c1 "$(args true)" "$(raw)")
    for kind in journal:/run/systemd/journal/socket syslog:/dev/log; do
        audit "\"${kind%%:*}\""
        attempt run -b "$b" c1
        is "$status" 0
        matches "$stderr" "audit: not every decision is written: ${kind%%:*}: connect to .* at '${kind#*:}'"
        required "${kind%%:*}"
        expect_error "audit: the policy requires .*connect to .* at '${kind#*:}'" run -b "$b" c1
        rm -f full && listen "${kind#*:}" quiet
        SECONDS=0
        expect_error "audit: the policy requires .*it has read nothing for 1000 ms" run -b "$b" c1
        audit "\"${kind%%:*}\""
        attempt run -b "$b" c1
        [ "$SECONDS" -lt 9 ]
        is "$status" 0
        matches "$stderr" "audit: not every decision is written: ${kind%%:*}: it has read nothing"
        kill "$daemon" && wait "$daemon" || true
        daemon='' && rm "${kind#*:}"
    done
}

@test "required: exec and mounts of a container whose audit has gone do nothing" {
    required
    b=$(bundle c1 "$(spinning)")
    succeeds run -d -b "$b" c1
    rm "$log" && mkfifo "$log"
    attempt exec --cap CAP_NET_RAW c1 touch /ran
    is "$status" 255
    matches "$stderr" 'audit: the policy requires .* is not a regular file'
    [ ! -e "$b/rootfs/ran" ]
    echo '[{"destination": "/tmp/proc", "type": "bind", "source": "/proc", "options": ["rbind"]}]' >more.json
    expect_error 'audit: the policy requires .* is not a regular file' mounts add c1 more.json
    lacks "$(shim exec --cap CAP_CHOWN c1 cat /proc/mounts 2>&1)" /tmp/proc
    rm "$log"
    succeeds exec --cap CAP_NET_RAW c1 touch /ran
    [ -e "$b/rootfs/ran" ] && [ -s "$log" ]
    # a container goes away whatever becomes of the audit
    rm "$log" && mkfifo "$log"
    succeeds delete --force c1
    rm "$log"
}

@test "without an audit a start asks the kernel nothing more" {
    requires cmd:strace
    b=$(bundle c1 "$(args true)")
    policy '{"version": 1}'
    strace -f -qq -o trace "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" run -b "$b" c1 </dev/null >out 2>&1 || skip "needs ptrace"
    lacks "$(<trace)" getppid
    to_file
    strace -f -qq -o trace "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" run -b "$b" c1 </dev/null >out 2>&1
    grep -q getppid trace
}
