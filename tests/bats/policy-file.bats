#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Which policy files are believed, and that nothing else relaxes the policy.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() { end_policy_test; }

# A living container, and this policy file is not usable: nothing is made, and everything else works.
distrusted() { # PATTERN FILE
    expect_error "$1" policy check "$2"
    expect_error "$1" --policy "$2" create -b "$BUNDLE" fresh
    expect_error "$1" --policy "$2" run -b "$BUNDLE" fresh
    [ ! -e "$SHIM_ROOT/fresh" ]
    is "$(shim_in 10 --policy "$2" state alive | jq -r .status)" running
}

@test "a policy file is believed only where root alone can change it" {
    local file=$BATS_TEST_TMPDIR/policy.json d
    BUNDLE=$(bundle trust "$(args sleep 1000)")
    shim_in 10 run -d -b "$BUNDLE" alive </dev/null
    policy '{"version": 1}'
    d=$SHIM_POLICY_DIRECTORY
    file=$SHIM_POLICY
    SHIM_POLICY=
    is "$(shim policy check "$file")" "$file: valid, trusted"
    shim_in 10 --policy "$file" policy show | jq -e '.version == 1 and .network.namespace == "/run/netns/distros"'

    chmod 664 "$file" && distrusted "can be written by others" "$file"
    chmod 646 "$file" && distrusted "can be written by others" "$file"
    chmod 644 "$file" && chown 1000 "$file" && distrusted "belongs to user 1000" "$file"
    chown 0 "$file"
    chmod 775 "$d" && distrusted "'$d' can be written by others" "$file"
    chmod 1777 "$d" && distrusted "'$d' can be written by others" "$file"
    chmod 755 "$d" && chown 1000 "$d" && distrusted "'$d' belongs to user 1000" "$file"
    chown 0 "$d"
    cp "$file" /tmp/policy.json && distrusted "'/tmp' can be written by others" /tmp/policy.json
    rm /tmp/policy.json
    ln "$file" "$d/hard" && distrusted "hard link" "$file"
    rm "$d/hard"
    ln -s "$file" "$d/soft" && distrusted "symbolic link" "$d/soft"
    ln -s "$d" /run/distro-shim-link && distrusted "symbolic link" /run/distro-shim-link/policy.json
    rm /run/distro-shim-link
    mkfifo "$d/fifo" && distrusted "not a regular file" "$d/fifo"
    distrusted "not a regular file" /dev/null
    distrusted "not a regular file" "$d"
    distrusted "no such file" "$d/missing"
    distrusted "not a directory" "$file/policy.json"
    is "$(shim policy check "$file")" "$file: valid, trusted"
    # a relative name, from where it is
    (cd "$d" && shim policy check policy.json)

    # what lives can still be stopped
    shim_in 10 create -b "$BUNDLE" made </dev/null
    shim_in 10 --policy "$d/missing" start made
    shim_in 10 --policy "$d/missing" list >/dev/null
    shim_in 10 --policy "$d/missing" kill made KILL
    wait_until test_stopped made
    shim_in 15 --policy "$d/missing" delete made
    shim_in 15 --policy "$d/missing" delete --force alive
}

@test "a policy file that is not understood is refused whole" {
    local bad n=0
    BUNDLE=$(bundle text "$(args sleep 1000)")
    shim_in 10 run -d -b "$BUNDLE" alive </dev/null
    while IFS='#' read -r pattern bad; do
        printf '%b' "$bad" >"$BATS_TEST_TMPDIR/bytes"
        policy '{}'
        cp "$BATS_TEST_TMPDIR/bytes" "$SHIM_POLICY"
        file=$SHIM_POLICY
        SHIM_POLICY=
        echo "$bad"
        distrusted "$pattern" "$file"
        # each with its place
        # shellcheck disable=SC2154
        matches "$said" "$file:[0-9]+:[0-9]+: "
        n=$((n + 1))
    done <<'END'
no value#
mode.*twice|duplicate#{"version": 1, "mode": "enforce", "mode": "observe"}
policy.json:1:#{"version": 1
policy.json:1:#{"version": 1}}
policy.json:1:#{"version": 1} {"version": 1}
policy.json:1:#{"version": 1}\0
policy.json:1:#{"version": 1} // comment
policy.json:1:#{"version": 1, "mode": "observe\\u0000"}
version#{}
version#{"version": 2}
version#{"version": "1"}
policy.json:1:#[]
mode#{"version": 1, "mode": "Observe"}
mode#{"version": 1, "mode": true}
Mode#{"version": 1, "Mode": "observe"}
moed#{"version": 1, "moed": "observe"}
allowHosts#{"version": 1, "network": {"allowHosts": true}}
network.admin#{"version": 1, "network": {"admin": "true"}}
network.namespace#{"version": 1, "network": {"namespace": "relative/path"}}
network.namespace#{"version": 1, "network": {"namespace": ""}}
network.sysctls#{"version": 1, "network": {"sysctls": ["kernel.shmmax"]}}
network.requested#{"version": 1, "network": {"requested": {"host": "keep"}}}
namespaces.pid#{"version": 1, "namespaces": {"pid": "requested"}}
namespaces.mount#{"version": 1, "namespaces": {"mount": "isolated"}}
procSys#{"version": 1, "procSys": "read-write"}
END
    [ $n = 25 ]
    # too large to be one
    policy "{\"version\": 1}$(printf '%65536s' '')"
    file=$SHIM_POLICY
    SHIM_POLICY=
    distrusted "65536|64 KiB|large|bytes" "$file"
    shim_in 15 delete --force alive
}

@test "policy check: the line and column of what is wrong deep in a file of several lines" {
    policy '{
  "version": 1,
  "network": {
    "requested": {
      "host": "rewrite", "new":
        "never"
    }
  }
}'
    expect_error "$SHIM_POLICY:6:9: network.requested.new: must be \"late\", \"refuse\" or \"keep\"" policy check
    policy '{
  "version": 1,
  "hooks": {"output": ["/srv", "log"]}
}'
    expect_error "$SHIM_POLICY:3:23: hooks.output\[1\]: must be an absolute path" policy check
}

@test "policy check: all that is wrong, a line each" {
    policy '{
  "version": 1,
  "moed": "observe",
  "network": {"admin": "yes", "requested": {"host": "keep", "path": "refuse"}, "ports": []},
  "namespaces": {"pid": "requested"},
  "hooks": {"output": ["log", 1], "timeout": 0}
}'
    attempt policy check
    is "$status" 1
    is "$(sed "s|^distro-shim: ||; s|$SHIM_POLICY|FILE|" <<<"$stderr" | sort)" "FILE:3:3: moed: unknown property
FILE:4:24: network.admin: must be a boolean, is a string
FILE:4:53: network.requested.host: must be \"rewrite\" or \"refuse\", is \"keep\"
FILE:4:80: network.ports: unknown property
FILE:5:25: namespaces.pid: must be \"fresh\" or \"isolated\", is \"requested\"
FILE:6:31: hooks.output[1]: must be a string, is a number
FILE:6:46: hooks.timeout: must be a number of seconds above 0, is 0"
    # a create says the same
    attempt create -b "$(bundle faults "$(args true)")" faults
    is "$(wc -l <<<"$stderr")" 7
    # what is no policy at all is one
    policy '{"version": 2, "moed": "observe"}'
    attempt policy check
    is "$(wc -l <<<"$stderr") $stderr" "1 distro-shim: $SHIM_POLICY:1:13: version: must be 1, is 2"
}

@test "the policy file at its own place holds without an argument" {
    local path top
    path=$(grep -aoE '/[[:alnum:]/._-]+/distro-shim/policy\.json' "$DISTRO_SHIM" | grep -v '^/\.config' | head -n 1)
    [ -n "$path" ]
    [ ! -e "$path" ] || skip "this machine has a policy: $path"
    # this private machine's, over whatever there is
    top=$(dirname "$(dirname "$path")")
    [ -d "$top" ] || skip "there is no $top"
    mount -t tmpfs -o mode=755 tmpfs "$top"
    mkdir "$top/distro-shim"
    BUNDLE=$(bundle place "$(without network)" "$(args sh -c "$SHOW")")
    run_container "$BUNDLE"
    first="$status $output"
    builtin=$(shim policy check)
    echo '{"version": 1, "mode": "observe"}' >"$path"
    run_container "$BUNDLE"
    second="$status $output"
    there=$(shim policy check)
    chmod 666 "$path"
    run_container "$BUNDLE"
    third="$status $output"
    umount "$top"
    is "$first" "0 $SHARED dsn lo"
    contains "$builtin" "built-in"
    is "$second" "0 $OWN dsh lo"
    is "$there" "$path: valid, trusted"
    matches "$third" "^1 .*can be written by others"
}

@test "environment, annotations and the bundle relax nothing" {
    local b d
    policy '{"version": 1, "mode": "observe", "network": {"allowHost": true, "admin": true}, "procSys": "requested"}'
    d=$SHIM_POLICY_DIRECTORY
    SHIM_POLICY=
    mkdir -p "$d/distro-shim" "$d/.config/distro-shim"
    cp "$d/policy.json" "$d/distro-shim/"
    cp "$d/policy.json" "$d/.config/distro-shim/"
    b=$(bundle voices "$(without network)" "$(capabilities CAP_NET_ADMIN)" '.linux.readonlyPaths = []' \
        "$(args sh -c "$SHOW; grep CapEff /proc/self/status; echo x >/proc/sys/vm/swappiness")")
    cp "$d/policy.json" "$b/policy.json"
    edit_config "$b" '.annotations = {"run.oci.keep_original_groups": "1", "run.oci.handler": "",
        "org.distro-shim.policy": "observe", "distro-shim.policy": "/run/distro-shim-test/policy.json",
        "io.distro-shim.mode": "observe", "org.opencontainers.runtime.policy": "off"}'
    (
        cd "$b"
        export DISTRO_SHIM_POLICY=$d/policy.json POLICY=$d/policy.json DISTRO_SHIM_MODE=observe \
            XDG_CONFIG_HOME=$d HOME=$d XDG_RUNTIME_DIR=$d XDG_CONFIG_DIRS=$d SUDO_UID=0 \
            DISTRO_SHIM_FAULT=child:check-network:fail DISTRO_SHIM_ROOTLESS=1
        run_container "$b"
        echo "$output"
        is "${lines[0]}" "$SHARED dsn lo"
        is "${lines[1]}" $'CapEff:\t0000000000000000'
        contains "${lines[2]}" "Read-only file system"
        # an engine that says it is rootless does not become so
        shim_in 10 --rootless true run -b "$b" voices >out 2>&1 </dev/null || true
        is "$(head -n 1 out)" "$SHARED dsn lo"
        is "$(shim explain -b "$b" --format json | jq -r '.policy.mode, .network.join')" $'enforce\nearly'
    )
}

@test "policy keys: the value in force of each key, and where it is from" {
    local keys
    policy '{"version": 1, "network": {"admin": true, "requested": {"new": "keep"}, "hosts": null}, "hooks": {"output": ["/srv/log"]}}'
    keys=$(shim policy keys "$SHIM_POLICY")
    matches "$keys" "network.admin: true \($SHIM_POLICY:1:37\)
  Whether containers keep CAP_NET_ADMIN and CAP_NET_RAW."
    contains "$keys" "network.requested.new: \"keep\" ($SHIM_POLICY:1:64)"
    contains "$keys" "hooks.output: [\"/srv/log\"] ($SHIM_POLICY:1:109)"
    contains "$keys" "network.requested.host: \"rewrite\" (built-in default)"
    contains "$keys" "network.hosts: \"auto\" (built-in default)"

    # by programs: the same, and together what `show` prints
    keys=$(shim policy keys --format json "$SHIM_POLICY")
    is "$(jq -r --arg file "$SHIM_POLICY" '.[] | select(.from == $file) | .key' <<<"$keys" | sort | tr '\n' ' ')" \
        "hooks.output network.admin network.requested.new version "
    is "$(jq -r '[.[] | select(.doc == "" or .doc == null)] | length' <<<"$keys")" 0
    is "$(jq -cS 'reduce .[] as $k ({}; setpath($k.key / "."; $k.value))' <<<"$keys")" \
        "$(shim policy show "$SHIM_POLICY" | jq -cS .)"

    is "$(jq -c '.[] | select(.key == "network.admin") | [.from, .line, .column, .origin]' <<<"$keys")" "[\"$SHIM_POLICY\",1,37,\"argument\"]"
    is "$(jq -c '.[] | select(.key == "network.hosts") | [.from, .line, .column, .origin]' <<<"$keys")" '["built-in default",null,null,"built-in"]'
    # `show` as text: the same without what they are for
    is "$(shim policy show -f text "$SHIM_POLICY")" "$(shim policy keys "$SHIM_POLICY" | grep '^[A-Za-z.]*: ')"
    is "$(shim policy show -f json "$SHIM_POLICY")" "$(shim policy show "$SHIM_POLICY")"

    # the file is that of --policy where none is named, and is judged as always
    is "$(shim policy keys -f json)" "$keys"
    SHIM_POLICY=
    is "$(shim policy keys -f json | jq -r '.[].from' | sort -u)" "built-in default"
    policy '{"version": 1, "systemd": "always"}'
    expect_error 'policy.json:1:[0-9]+: systemd: ' policy keys "$SHIM_POLICY"
    expect_error "policy check: --format is for show, keys and test" policy check --format json
    expect_error "is not one of check, show, keys, test" policy list
}
