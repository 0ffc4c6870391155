#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The policy layer as a user meets it: what becomes of each network that is asked for, and that `explain` says so
# before. The rules themselves, one by one and without root, are in tests/golden/policy.
# world: hybrid

load helpers
load policy

setup_file() { make_rootfs; }
setup() { start_policy_test; }
teardown() { end_policy_test; }

join_of() { shim_in 10 explain -b "$1" --format json | jq -r .network.join; }

# A process in a network of its own, or in that of PATH; its pid in $holder. It ends with the test.
hold() { # [PATH]
    if [ $# -gt 0 ]; then
        nsenter --net="$1" sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    else
        unshare --net sleep 1000 3>&- </dev/null >/dev/null 2>&1 &
    fi
    holder=$!
    helpers+=("$holder")
    wait_until grep -q sleep "/proc/$holder/comm"
}

# ---- the network that is asked for

@test "whatever network is asked for, the container is in the policy's and sees its links" {
    local shape b request expected
    ip netns add other
    hold
    ln -s /run/netns/distros "$BATS_TEST_TMPDIR/link"
    touch "$BATS_TEST_TMPDIR/regular"
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    b=$(bundle shape "$(args sh -c "$SHOW")")
    cp "$b/config.json" "$b/plain.json"
    while read -r expected shape request; do
        if [ "$request" = none ]; then
            jq "$(without network)" "$b/plain.json" >"$b/config.json"
        elif [ "$request" = new ]; then
            jq "$(new network)" "$b/plain.json" >"$b/config.json"
        else
            jq "$(path_of network "$request")" "$b/plain.json" >"$b/config.json"
        fi
        run_container "$b"
        echo "$shape: $status $output"
        is "$status $output" "0 $SHARED dsn lo"
        is "$(join_of "$b")" "${expected%%:*}"
        decided "$b" >decisions
        expected=${expected#*:}
        grep -qx "${expected/@/ }" decisions || { cat decisions && false; }
    done <<END
early:add@network.requested.host        nothing     none
early:rewrite@network.requested.host    own         /proc/self/ns/net
early:rewrite@network.requested.host    first       /proc/1/ns/net
early:rewrite@network.requested.path    another     /run/netns/other
early:rewrite@network.requested.path    a-process's /proc/$holder/ns/net
late:keep@network.requested.new         new         new
early:keep@network.namespace            same        /run/netns/distros
early:keep@network.namespace            link        $BATS_TEST_TMPDIR/link
early:rewrite@network.requested.path    missing     /run/netns/missing
early:rewrite@network.requested.path    fifo        $BATS_TEST_TMPDIR/fifo
early:rewrite@network.requested.path    directory   $BATS_TEST_TMPDIR
early:rewrite@network.requested.path    regular     $BATS_TEST_TMPDIR/regular
early:rewrite@network.requested.path    foreign     /proc/self/ns/mnt
early:rewrite@network.requested.path    device      /dev/null
early:rewrite@network.requested.path    long        /$(printf 'x%.0s' {1..255})/$(printf 'y%.0s' {1..5000})
END
    # by the name of a process that is in it
    hold /run/netns/distros
    jq "$(path_of network "/proc/$holder/ns/net")" "$b/plain.json" >"$b/config.json"
    run_container "$b"
    is "$status $output" "0 $SHARED dsn lo"
    is "$(decided "$b")" "keep network.namespace"
    # what the engine had prepared is untouched
    is "$(ip -n other -br link | awk '{ print $1 }')" lo
}

@test "a config that two readers would understand differently is refused" {
    local b filter
    b=$(bundle readers "$(args sh -c "$SHOW")")
    cp "$b/config.json" "$b/plain.json"
    for filter in '.linux.namespaces += [{type: "network"}]' \
        '.linux.namespaces += [{type: "network", path: "/run/netns/distros"}]' \
        '.linux.namespaces += [{type: "pid"}]' '.linux.namespaces += [{type: "net"}]' \
        "$(path_of network '')" '.linux.Namespaces = [{type: "network"}]' '.Linux = {}'; do
        jq "$filter" "$b/plain.json" >"$b/config.json"
        expect_error "amespaces|Linux|unknown|case" run -b "$b" readers
    done
    # one name twice: the last one would be the host's network
    sed '0,/"namespaces": \[/s//"namespaces": [{"type":"pid"}], "namespaces": [/' "$b/plain.json" >"$b/config.json"
    expect_error "namespaces" run -b "$b" readers
}

@test "a refusal has its line and column in the config: create, the log as JSON, explain" {
    local b place name
    b=$(bundle placed "$(args true)" '.linux.namespaces += [{type: "uts", path: "/proc/1/ns/uts"}]')
    # the last entry of the list, by the text alone
    place=$(awk '/"uts"/ { line = NR - 1 } END { print line }' "$b/config.json"):$(awk '/"uts"/ { n = p } { p = match($0, /[^ ]/) } END { print n }' "$b/config.json")
    expect_error "config\.json:$place: namespaces: there are two entries of type uts" create -b "$b" x
    attempt --log log.json --log-format json create -b "$b" x
    is "$status $(jq -r '.kind, (.msg | split(" ")[0])' log.json | xargs)" "1 policy config.json:$place:"
    is "$(shim explain -b "$b" --format json | jq -r '.decisions[] | select(.action == "refuse") | "\(.line):\(.column)"')" "$place"
    shim explain -b "$b" >explained
    grep -qF "/linux/namespaces/$(jq '.linux.namespaces | length - 1' "$b/config.json") (line ${place%:*}, column ${place#*:}):" explained
    # by the name that it was read under
    mv "$b/config.json" "$b/other.json"
    expect_error "other\.json:$place: namespaces: " create --config other.json -b "$b" x
    # what is about the policy's own network has no place in it
    policy '{"version": 1, "network": {"namespace": "/run/netns/missing"}}'
    jq 'del(.linux.namespaces[-1])' "$b/other.json" >"$b/config.json"
    expect_error "^distro-shim: network.namespace: " create -b "$b" x
    is "$(shim explain -b "$b" --format json | jq -c '[.decisions[] | select(.action == "refuse") | .line]')" '[null]'
}

@test "refuse: the message names the flag of each engine" {
    local b key
    hold
    b=$(bundle refused "$(args true)")
    cp "$b/config.json" "$b/plain.json"
    for key in host path new; do
        policy "{\"version\": 1, \"network\": {\"requested\": {\"$key\": \"refuse\"}}}"
        case $key in
        host) jq "$(without network)" "$b/plain.json" >"$b/config.json" ;;
        path) jq "$(path_of network "/proc/$holder/ns/net")" "$b/plain.json" >"$b/config.json" ;;
        new) jq "$(new network)" "$b/plain.json" >"$b/config.json" ;;
        esac
        expect_error "network.requested.$key: .*--network ns:/run/netns/distros.*--with-ns network:/run/netns/distros" run -b "$b" x
        is "$(shim explain -b "$b" --format json | jq -r '.refused, .plan')" $'true\nnull'
        is "$(decided "$b")" "refuse network.requested.$key"
        # what is asked for by the flag is granted
        cp "$b/plain.json" "$b/config.json"
        shim_in 10 run -b "$b" x
    done
}

@test "explain shows what is decided also of what cannot be carried out, and fails with the reason" {
    local b
    b=$(bundle unplanned "$(args true)" "$(without network)" '.linux.devices = [{path: "/dev/x", type: "c", major: 4096, minor: 0}]')
    expect_error 'linux.devices\[0\].major' explain -b "$b"
    shim explain -b "$b" 2>/dev/null | tee explained | grep -q 'cannot be carried out' || { cat explained && false; }
    grep -q network.requested.host explained
    is "$(shim explain -b "$b" --format json 2>/dev/null | jq -r '.refused, .plan, (.error | test("major"))')" $'false\nnull\ntrue'
    is "$(decided "$b")" "add network.requested.host"
    expect_error 'linux.devices\[0\].major' create -b "$b" unplanned
}

@test "explain knows a container of any engine by its short id" {
    local b id=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    b=$(bundle short "$(args sleep 1000)" "$(without network)")
    shim_in 10 create -b "$b" $id </dev/null >/dev/null 2>&1
    shim explain 9f86d081884c | grep -q "^container: $id$"
    is "$(shim explain 9f86d0 --format json | jq -r .id)" $id
    # of another root, by the registry
    is "$("$DISTRO_SHIM" --root "$BATS_TEST_TMPDIR/elsewhere" explain 9f86d081884c --format json | jq -r .id)" $id
    # too little, nothing of the kind, not an engine's id
    expect_error 'does not exist' explain 9f86d
    expect_error 'does not exist' explain 9f86d081884e
    shim_in 10 create -b "$b" 9f86d081884cffff </dev/null >/dev/null 2>&1
    is "$(shim explain 9f86d081884c --format json | jq -r .id)" $id
    shim_in 10 create -b "$b" ${id%8}9 </dev/null >/dev/null 2>&1
    expect_error 'more than one' explain 9f86d081884c
    is "$(shim explain $id --format json | jq -r .id)" $id
    for id in $(shim list -q); do shim_in 15 delete --force $id; done
}

@test "a network of the policy that cannot be used: refused, with the remedy, and at once" {
    local b path pattern
    ip netns add other && ip netns del other && touch /run/netns/other
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    b=$(bundle unusable "$(args true)")
    while read -r path pattern; do
        policy "{\"version\": 1, \"network\": {\"namespace\": \"$path\"}}"
        expect_error "network.namespace: $path: .*$pattern" run -b "$b" x
        expect_error "network.namespace: $path: .*$pattern" create -b "$b" x
    done <<END
/run/netns/missing          distro-net up
/run/netns/other            regular file.*distro-net up
$BATS_TEST_TMPDIR/fifo      FIFO
/run/netns                  directory
/dev/null                   character device
/proc/self/ns/mnt           type mount
END
    rm /run/netns/other
    [ ! -e "$SHIM_ROOT/x" ]
}

@test "the policy's network may be the host's with allowHost, the caller's own, or the requested one" {
    local b
    b=$(bundle host "$(args sh -c "$SHOW")")
    # the host's own network under a name is not joined by accident
    touch /run/netns/team
    mount --bind /proc/self/ns/net /run/netns/team
    for path in /proc/1/ns/net /proc/self/ns/net /run/netns/team; do
        policy "{\"version\": 1, \"network\": {\"namespace\": \"$path\"}}"
        expect_error "network.allowHost: $path.* host" run -b "$b" host
        policy "{\"version\": 1, \"network\": {\"namespace\": \"$path\", \"allowHost\": true}}"
        run_container "$b"
        is "$status $output" "0 $OWN dsh lo"
    done
    umount /run/netns/team
    rm /run/netns/team

    # the network that the runtime itself is in
    policy '{"version": 1, "network": {"namespace": "self"}}'
    run_container "$b"
    is "$status $output" "0 $OWN dsh lo"
    nsenter --net=/run/netns/distros timeout 10 "$DISTRO_SHIM" --root "$SHIM_ROOT" --policy "$SHIM_POLICY" run -b "$b" host >out </dev/null
    is "$(<out)" "$SHARED dsn lo"

    # its own wish, but never the host's
    ip netns add other
    policy '{"version": 1, "network": {"namespace": "requested"}}'
    edit_config "$b" "$(path_of network /run/netns/other)"
    run_container "$b"
    is "$status $output" "0 net:[$(stat -c %i /run/netns/other)] lo"
    edit_config "$b" "$(new network)"
    run_container "$b"
    is "$status" 0
    [[ $output == "net:["*"] lo" && $output != "$SHARED"* && $output != "$OWN"* ]]
    for path in /proc/1/ns/net /run/netns/missing; do
        edit_config "$b" "$(path_of network $path)"
        expect_error "network\." run -b "$b" host
    done
    edit_config "$b" "$(without network)"
    expect_error "network.allowHost: the host's network was asked for" run -b "$b" host
    policy '{"version": 1, "network": {"namespace": "requested", "allowHost": true}}'
    run_container "$b"
    is "$status $output" "0 $OWN dsh lo"
}

@test "new: keep leaves the container its own network" {
    local b
    policy '{"version": 1, "network": {"requested": {"new": "keep"}}}'
    b=$(bundle keep "$(new network)" "$(args sh -c "$SHOW; grep lo: /proc/net/dev | wc -l")" \
        '.linux.sysctl = {"net.ipv4.ip_default_ttl": "77"}')
    run_container "$b"
    is "$status ${lines[0]#* } ${lines[1]}" "0 lo 1"
    [[ ${lines[0]} != "$SHARED"* ]]
    is "$(join_of "$b")" new
    # whose loopback link is up, as programs expect it
    edit_config "$b" "$(args ip -o link show lo)"
    run_container "$b"
    is "$status" 0
    contains "$output" ,UP
}

@test "observe decides everything and changes nothing" {
    local b
    policy '{"version": 1, "mode": "observe"}'
    b=$(bundle observe "$(without network)" "$(without ipc)" "$(capabilities CAP_NET_ADMIN CAP_NET_RAW)" \
        '.linux.readonlyPaths = []' "$(args sh -c "$SHOW; grep CapBnd /proc/self/status; readlink /proc/self/ns/ipc; cat /proc/sys/vm/swappiness >/proc/sys/vm/swappiness")")
    run_container "$b"
    is "$status $output" "0 $OWN dsh lo"$'\n'"$(printf 'CapBnd:\t%016x' $((1 << 12 | 1 << 13)))"$'\n'"$(readlink /proc/self/ns/ipc)"
    decided "$b" >decisions
    for decision in "add network.requested.host" "add namespaces.ipc" "drop network.admin" "add procSys"; do
        grep -qx "$decision" decisions || { cat decisions && false; }
    done
    is "$(shim explain -b "$b" --format json | jq -r '.observed, .refused, .policy.mode')" $'true\nfalse\nobserve'
    # what it would have refused runs, too
    policy '{"version": 1, "mode": "observe", "network": {"namespace": "/run/netns/missing", "requested": {"host": "refuse"}}}'
    run_container "$b"
    is "$status ${lines[0]}" "0 $OWN dsh lo"
}

@test "namespaces of other containers that are not shared are warned of" {
    local b
    b=$(bundle first "$(args sleep 1000)") && succeeds run -d -b "$b" first
    b=$(bundle second "$(args true)" "$(path_of pid "/proc/$(init_of first)/ns/pid")" "$(path_of ipc "/proc/$(init_of first)/ns/ipc")")
    # of the two the IPC namespace is shared
    warns='namespaces.pid .* of another container was asked for and is not shared: .*"isolated"' succeeds run -b "$b" second
    policy '{"version": 1, "namespaces": {"ipc": "fresh"}}'
    attempt run -b "$b" second
    is "$status $(grep -c 'of another container was asked for' <<<"$stderr")" "0 2"
    policy '{"version": 1, "namespaces": {"pid": "isolated"}}'
    succeeds run -b "$b" second
}

# ---- explain

@test "explain agrees with what is run and kept" {
    local b filter n=0
    hold
    b=$(bundle agree "$(args sleep 1000)")
    cp "$b/config.json" "$b/plain.json"
    for filter in . "$(without network)" "$(new network)" "$(path_of network "/proc/$holder/ns/net")" \
        ".linux.namespaces = [] | del(.hostname)" "$(capabilities CAP_NET_RAW CAP_SYS_ADMIN)" \
        '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.readonlyPaths = []'; do
        for mode in enforce observe; do
            n=$((n + 1))
            # an observed request for the host's network may not change it
            [ $mode = enforce ] || [[ $filter != *sysctl* && $filter != *"namespaces = []"* ]] || continue
            policy "{\"version\": 1, \"mode\": \"$mode\"}"
            jq "$filter" "$b/plain.json" >"$b/config.json"
            shim explain -b "$b" --format json "agree$n" >before.json
            shim_in 10 create -b "$b" "agree$n" </dev/null
            shim explain --format json "agree$n" >after.json
            diff <(jq '.decisions, .network, .policy' before.json) <(jq '.decisions, .network, .policy' after.json)
            diff <(jq -S .spec before.json) <(jq -S . "$SHIM_ROOT/agree$n/config.json")
            # the plan's word on the network, and the kernel's
            case $(jq -r .network.join after.json) in
            early)
                in_shared "$(init_of "agree$n")"
                ;;
            late)
                shim_in 10 start "agree$n"
                in_shared "$(init_of "agree$n")"
                # at start it is seen that it was not set up
                shim explain --format json "agree$n" >started.json
                diff <(jq '.decisions | map(select(.action != "warn"))' after.json) <(jq '.decisions | map(select(.action != "warn"))' started.json)
                mv started.json after.json
                ;;
            none) [ "/proc/$(init_of "agree$n")/ns/net" -ef /proc/self/ns/net ] ;;
            path) [ "/proc/$(init_of "agree$n")/ns/net" -ef "$(jq -r '.spec.linux.namespaces[] | select(.type == "network").path' before.json)" ] ;;
            new) [ ! "/proc/$(init_of "agree$n")/ns/net" -ef /proc/self/ns/net ] ;;
            *) false ;;
            esac
            if [ $mode = observe ]; then
                # but for what is the default and said nevertheless
                diff <(jq -S 'del(.process.terminal)' "$b/config.json") <(jq -S . "$SHIM_ROOT/agree$n/config.json")
            fi
            # for people: the same decisions, those of one rule and reason together
            shim explain "agree$n" | grep -E '^(keep|add|rewrite|drop|warn|refuse) ' | sort -u >text
            diff text <(jq -r '.decisions[] | .action + " " + .rule' after.json | sort -u)
            shim_in 15 delete --force "agree$n"
        done
    done
    # of nothing: an error, not an empty page
    expect_error "does not exist" explain nobody
}
