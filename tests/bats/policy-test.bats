#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What another policy file would decide, as a difference to the policy in force: of bundles and of containers that live.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    mkdir -p "$SHIM_POLICY_DIRECTORY" && chmod 755 "$SHIM_POLICY_DIRECTORY"
    NEW=$SHIM_POLICY_DIRECTORY/new.json
}
teardown() { end_policy_test; }

new_policy() { printf '%s\n' "$1" >"$NEW"; }
# tested STATUS ARGUMENT...: `policy test` of $NEW ends so; then as `attempt`
tested() {
    local expected=$1
    shift
    attempt policy test "$NEW" "$@"
    [ "$status" = "$expected" ] || { printf '%s\n' "expected exit status $expected" "got $status: $output" "$stderr" >&2 && return 1; }
}
start_of() { # NAME BUNDLE: a container that lives
    shim_in 10 run -d -b "$2" "$1" </dev/null
}

@test "the same, different, newly refused, newly allowed: each as text, as JSON and by the exit status" {
    local host plain
    plain=$(bundle plain "$(args true)")
    host=$(bundle host "$(without network)" "$(capabilities CAP_NET_RAW CAP_CHOWN)" "$(args true)")

    new_policy '{"version": 1}'
    tested 0 "$plain" "$host"
    is "$output" "- built-in policy
+ $NEW
2 judged: 0 newly refused, 0 newly allowed, 0 different, 2 the same"

    # other capabilities
    new_policy '{"version": 1, "network": {"admin": true}}'
    tested 2 "$plain" "$host"
    contains "$output" "
bundle $host: different
  + capabilities: CAP_NET_RAW
  - confinement: peerDescriptors refused, no process gets CAP_NET_ADMIN CAP_NET_RAW
  + confinement: peerDescriptors refused
  - drop network.admin /process/capabilities/bounding/0
      it would give power over the shared network; "
    # one that exec starts would get them
    contains "$output" "bundle $plain: different
  - confinement"
    contains "$output" "2 judged: 0 newly refused, 0 newly allowed, 2 different, 0 the same"
    tested 2 -f json "$plain" "$host"
    is "$(jq -r '.inForce, .file, (.results | map(.outcome) | join(" "))' <<<"$output")" "null
$NEW
different different"
    is "$(jq -c '.results[1] | [.bundle, .request, .capabilitiesGained, .capabilitiesLost, (.decisionsRemoved | length > 0), .decisionsAdded]' <<<"$output")" \
        "[\"$host\",\"config\",[\"CAP_NET_RAW\"],[],true,[]]"

    # refused
    new_policy '{"version": 1, "network": {"requested": {"host": "refuse"}}}'
    tested 3 "$plain" "$host"
    contains "$output" "
bundle $host: newly refused
"
    contains "$output" "
  + refuse network.requested.host /linux/namespaces
      the host's network was asked for; use --network ns:/run/netns/distros (Podman)"
    tested 3 "$host" --format json
    is "$(jq -c '.results[0] | [.outcome, .before.refused, .after.refused, .decisionsAdded[0].action]' <<<"$output")" '["refused",false,true,"refuse"]'

    # and the other way round: the policy in force is that of --policy
    policy '{"version": 1, "network": {"requested": {"host": "refuse"}}}'
    new_policy '{"version": 1}'
    tested 2 "$plain" "$host"
    contains "$output" "- $SHIM_POLICY
+ $NEW
bundle $host: newly allowed
  - refuse network.requested.host"
    tested 2 -f json "$host"
    is "$(jq -r '.results[0].outcome' <<<"$output")" allowed

    # another network, and observing alone
    ip netns add other
    policy '{"version": 1}'
    new_policy '{"version": 1, "network": {"namespace": "/run/netns/other"}}'
    tested 2 "$plain"
    matches "$output" $'\n  - network: early, /run/netns/distros, cookie [0-9]+\n  \+ network: early, /run/netns/other, cookie [0-9]+\n'
    new_policy '{"version": 1, "mode": "observe"}'
    tested 2 "$plain"
    contains "$output" $'\n  - mode: enforce\n  + mode: observe\n'
    new_policy '{"version": 1, "cgroup": {"overlap": "open"}, "kernelMounts": "requested", "network": {"peerDescriptors": "open"}}'
    tested 2 "$plain"
    matches "$output" $'\n  - confinement: peerDescriptors refused, [^\n]*\n  \\+ confinement: peerDescriptors open, '
    contains "$output" $'\n  - cgroup.overlap: refused\n  + cgroup.overlap: open\n'
    # nothing was made
    [ ! -e "$SHIM_ROOT" ] || is "$(ls "$SHIM_ROOT")" ""
}

@test "living containers of every root, by the request that each was made of" {
    local b elsewhere=$BATS_TEST_TMPDIR/elsewhere
    b=$(bundle host "$(without network)" "$(args sleep 1000)")
    start_of changed "$b"
    # the bundle may be another one by now
    edit_config "$b" '.linux.namespaces += [{"type": "network", "path": "/run/netns/distros"}]'
    start_of same "$b"
    "$DISTRO_SHIM" --root "$elsewhere" run -d -b "$(bundle far "$(without network)" "$(args sleep 1000)")" far </dev/null >/dev/null 2>&1 3>&-

    new_policy '{"version": 1}'
    tested 0 --living
    contains "$output" "3 judged: 0 newly refused, 0 newly allowed, 0 different, 3 the same"
    lacks "$output" "without a record"
    new_policy '{"version": 1, "network": {"requested": {"host": "refuse"}}}'
    tested 3 --living
    contains "$output" "container changed (state root $SHIM_ROOT), bundle $b: newly refused
"
    contains "$output" "container far (state root $elsewhere), "
    lacks "$output" "container same"
    tested 3 --living "$b" -f json
    is "$(jq -r '.results[] | "\(.id) \(.request) \(.outcome)"' <<<"$output")" "null config same
changed request refused
far request refused
same request same"
    # one that does not run is not of them
    shim kill same KILL
    wait_until test_stopped same
    tested 3 --living -f json
    is "$(jq -r '.results | length' <<<"$output")" 2
    "$DISTRO_SHIM" --root "$elsewhere" delete --force far
    rmdir "$elsewhere"
}

@test "a container without a record of its request: the decisions are taken back, or it is said that they cannot be" {
    local b
    b=$(bundle host "$(without network)" "$(capabilities CAP_NET_RAW CAP_CHOWN)" 'del(.linux.readonlyPaths)' "$(args sleep 1000)")
    start_of old "$b"
    new_policy '{"version": 1, "network": {"requested": {"host": "refuse"}, "admin": true}, "procSys": "requested"}'
    tested 3 --living -f json
    jq -S '.results[0] | del(.request) | .decisionsAdded |= map(del(.line, .column))' <<<"$output" >by-request
    rm "$SHIM_ROOT/old/request.json"
    tested 3 --living -f json
    is "$(jq -r '.results[0].request' <<<"$output")" undone
    jq -S '.results[0] | del(.request) | .decisionsAdded |= map(del(.line, .column))' <<<"$output" >by-undoing
    diff by-request by-undoing
    tested 3 --living
    contains "$output" "its request was not recorded; judged is its configuration with the recorded decisions taken back"
    contains "$output" "0 the same; 1 without a record of what was asked for"

    # limits that were changed since are not in the way; a place that a decision is about is
    ! has_controller pids || succeeds update --pids-limit 50 old
    tested 3 --living
    edit_config "$SHIM_ROOT/old" '.linux.readonlyPaths = ["/proc/kcore"]'
    tested 2 --living -f json
    is "$(jq -r '.results[0].request, .results[0].doubt' <<<"$output")" \
        "effective
decision 7 (procSys): '/linux/readonlyPaths/0' is not what it was"
    tested 2 --living
    contains "$output" "its request is not known, judged is its configuration as the policy of then has left it: decision 7 (procSys)"

    # a record of it that cannot be read is no request
    echo '{"ociVersion": ' >"$SHIM_ROOT/old/request.json"
    tested 2 --living -f json
    is "$(jq -r '.results[0].request' <<<"$output")" effective
}

@test "what cannot be judged is named, the others are shown, and the exit status is 1" {
    local b
    b=$(bundle plain "$(args true)")
    mkdir empty
    new_policy '{"version": 1}'
    tested 1 empty "$b"
    contains "$output" "
bundle empty: cannot be judged: bundle '$PWD/empty': config.json is missing"
    contains "$output" "1 judged: 0 newly refused, 0 newly allowed, 0 different, 1 the same; 1 could not be judged"
    contains "$stderr" "config.json is missing"
    tested 1 empty missing -f json
    is "$(jq -r '.results[] | .outcome' <<<"$output" | xargs)" "error error"
    contains "$stderr" "; and 1 more could not be judged"

    tested 1
    contains "$stderr" "policy test: name bundles, or --living for the containers that run, or both"
    expect_error "policy test: FILE is missing" policy test
    expect_error "policy check: --living is for .policy test. alone" policy check --living
    expect_error "policy check: \"$b\" is not expected" policy check "$NEW" "$b"
    # it must be a file that would be believed
    chmod 666 "$NEW"
    expect_error "can be written by others" policy test "$NEW" "$b"
    chmod 644 "$NEW"
    new_policy '{"version": 2}'
    expect_error "$NEW:1:13: version: must be 1" policy test "$NEW" "$b"
}
