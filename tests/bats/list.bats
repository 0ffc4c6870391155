# SPDX-License-Identifier: Apache-2.0
# What state, list, members and explain show of containers.
# world: hybrid v2 vm
# world, with --full: legacy

load helpers
load lifecycle

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    SCHEMAS=$DISTRO_SHIM_SOURCE/config-schema
}
teardown() { end_test; }

fits_schema() { # SCHEMA FILE
    /usr/bin/python3 -c 'import jsonschema' 2>/dev/null || return 0 # the rest of the test counts
    /usr/bin/python3 -W ignore "$DISTRO_SHIM_SOURCE/tests/schema/validate.py" "$@"
}

@test "list: table, json, quiet; of several containers and of a root that does not exist" {
    succeeds list
    matches "$output" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER +NETWORK +ADDRESS$'
    succeeds list -q
    is "$output" ""
    succeeds list --format json
    is "$output" "[]"
    [ ! -e "$SHIM_ROOT" ]

    make_running c2
    b=$(bundle c1 "$(args true)")
    succeeds create -b "$b" c1
    succeeds list -q
    is "$output" $'c1\nc2'
    succeeds list --format=json
    is "$(jq -c 'map([.id, .status, .bundle])' <<<"$output")" \
        "[[\"c1\",\"created\",\"$b\"],[\"c2\",\"running\",\"$(<bundle.path)\"]]"
    is "$(jq -S '.[0]' <<<"$output")" "$(shim state c1 | jq -S .)"
    succeeds list -f table
    matches "$output" $'\nc1 +[0-9]+ +created +'"$b"' +20.* +root'
    expect_error 'must be one of' list --format yaml
}

@test "members shows the living, whatever root they have" {
    make_running c1
    b=$(bundle c2 "$(lasting)")
    succeeds --root="$BATS_TEST_TMPDIR/other" create -b "$b" c2
    succeeds members --format json
    is "$(jq -r 'sort_by(.id) | map("\(.id) \(.root) \(.networkPath)") | join(" ")' <<<"$output")" \
        "c1 $SHIM_ROOT /run/netns/distros c2 $BATS_TEST_TMPDIR/other /run/netns/distros"
    is "$(jq '.[] | select(.id == "c1") | .pid' <<<"$output")" "$(shim state c1 | jq .pid)"
    is "$(jq '[.[].networkCookie] | unique | length' <<<"$output")" 1
    succeeds members -q --network /run/netns/distros
    is "$(sort <<<"$output")" $'c1\nc2'
    succeeds members -q --network /run/netns/another
    is "$output" ""
    succeeds kill c1 KILL
    wait_until has_status c1 stopped
    succeeds --root "$BATS_TEST_TMPDIR/other" delete c2
    succeeds members -q
    is "$output" ""
}

@test "what state, list and explain print fits the schemas" {
    requires file:/usr/bin/python3 file:"$SCHEMAS/state.json"
    make_running c1
    shim state c1 >state.json
    shim list --format json | jq '.[0]' >listed.json
    shim explain --format json c1 | jq .decisions >decisions.json
    b=$(bundle c2 "$(args true)" '.linux.sysctl = {"net.ipv4.ip_forward": "1"} |
        .process.capabilities.bounding += ["CAP_NET_ADMIN"]')
    shim explain --format json -b "$b" >explained.json
    jq .decisions explained.json >decisions2.json
    jq .spec explained.json >spec.json
    [ "$(jq length decisions2.json)" -ge 2 ]
    shim kill c1 KILL
    wait_until has_status c1 stopped
    shim state c1 >stopped.json
    fits_schema "$SCHEMAS/state.json" state.json listed.json stopped.json
    fits_schema "$SCHEMAS/decisions.json" decisions.json decisions2.json
    fits_schema "$SCHEMAS/config.json" spec.json
}

@test "state and list look at the groups that can stand still, and at no others" {
    requires cmd:strace
    b=$(bundle c1 "$(args sleep 1000)") && succeeds run -d -b "$b" c1
    for command in "state c1" list; do
        # shellcheck disable=SC2086 # words
        strace -f -qq -e trace=getxattr,lgetxattr,fgetxattr -o calls "$DISTRO_SHIM" --root "$SHIM_ROOT" $command >out
        contains "$(cat out)" running
        # of v1 the freezer, and of v2 the one tree
        [ "$(grep -c 'distro-shim.owner' calls)" -le 2 ]
    done
    succeeds pause c1
    is "$(shim state c1 | jq -r .status)" paused
    succeeds resume c1
    is "$(shim state c1 | jq -r .status)" running
}
