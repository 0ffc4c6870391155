#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The policy layer as a user meets it: what becomes of each kind of request, that `explain` says so before,
# and which policy files are believed. The rules themselves, one by one and without root, are in
# tests/golden/policy.
# world: hybrid

load helpers

setup_file() { make_rootfs; }
setup() {
    requires root world
    start_test
    make_canary
    # what the machine itself may have there
    rm -rf /etc/netns/distros
    SHARED="net:[$(stat -c %i /run/netns/distros)]"
    OWN=$(readlink /proc/self/ns/net)
    helpers=()
}
teardown() {
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    for name in other team; do [ ! -e /run/netns/$name ] || ip netns del $name; done
    rm -rf /etc/netns/distros
    end_test
}

# ---- filters for `bundle`

without() { echo ".linux.namespaces |= map(select(.type != \"$1\"))"; } # TYPE
path_of() {                                                              # TYPE PATH
    jq -nr '"(.linux.namespaces[] | select(.type == " + ($ARGS.positional[0] | tojson) + ")).path = " + ($ARGS.positional[1] | tojson)' --args "$@"
}
# a new one of its own, whatever the entry said
new() { echo "$(without "$1") | .linux.namespaces += [{\"type\": \"$1\"}]"; } # TYPE
capabilities() { # NAME...
    jq -nr '($ARGS.positional | tojson) as $c | ".process.capabilities = {bounding: \($c), effective: \($c), permitted: \($c), inheritable: \($c), ambient: \($c)}"' --args "$@"
}

# ---- what is looked at

# In a container: its network and the links that its /sys shows.
SHOW='echo "$(readlink /proc/self/ns/net) $(echo $(ls /sys/class/net))"'

# decided_by BUNDLE [FILTER]: the decisions of explain as "action rule" lines
# but for what is decided of every container
decided() { shim_in 10 explain -b "$1" --format json | jq -r '.decisions[] | select(.rule != "network.peerDescriptors") | .action + " " + .rule'; }
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
test_stopped() { [ "$(state_of "$1")" = stopped ]; }
in_shared() { [ "/proc/$1/ns/net" -ef /run/netns/distros ]; } # PID
init_of() { shim state "$1" | jq .pid; }

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

@test "allowHost, self, requested" {
    local b
    b=$(bundle host "$(args sh -c "$SHOW")")
    # the host's own network under a name is nobody's by accident
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

# ---- late join

@test "late join: the engine's network until start, the shared one after, and its links in /sys all along" {
    local b pid
    b=$(bundle late "$(new network)" "$(args sh -c "$SHOW; sleep 1000")")
    shim_in 10 create -b "$b" late </dev/null >out
    pid=$(init_of late)
    # the decoy, with what the engine puts there
    [ ! "/proc/$pid/ns/net" -ef /proc/self/ns/net ]
    [ ! "/proc/$pid/ns/net" -ef /run/netns/distros ]
    nsenter -t "$pid" -n ip link add eth0 type veth peer name eth1
    nsenter -t "$pid" -n ip addr add 192.0.2.7/24 dev eth0
    nsenter -t "$pid" -n ip link set eth0 up
    nsenter -t "$pid" -n ip route add default via 192.0.2.1
    is "$(nsenter -t "$pid" -m ls /sys/class/net | xargs)" "dsn lo"
    shim_in 10 start late
    in_shared "$pid"
    wait_until test -s out
    is "$(<out)" "$SHARED dsn lo"
    # end_test compares the links, addresses and routes of the shared one
}

@test "late join: a network that was left empty (--network none) is a warning, in the record, explain and the log" {
    local b
    b=$(bundle none "$(new network)" "$(args sleep 1000)")
    told() { shim explain --format json none | jq -r '.decisions[] | select(.action == "warn") | .rule + " " + .path + " " + .why'; }
    for links in none tunnels some; do
        succeeds create -b "$b" none
        is "$(told)" ""
        case $links in
        some) nsenter -t "$(init_of none)" -n ip link add eth0 type veth peer name eth1 ;;
        # which the kernel itself puts into each where their drivers are loaded
        tunnels) nsenter -t "$(init_of none)" -n ip link add sit0 type veth peer name ip6_vti0 ;;
        esac
        succeeds --log log --log-format json start none
        if [ $links != some ]; then
            matches "$(told)" '^network.requested.new /linux/namespaces/5 the network that was asked for has no link but lo, .*--network none'
            matches "$(shim state none | jq -r '.warnings[]')" '^network.requested.new .* no link but lo'
            matches "$(jq -r '.level + " " + .msg' log)" '^warning network.requested.new .* no link but lo'
            rm log
        else
            is "$(told)$(shim state none | jq -r '.warnings // ""')" ""
            is "$(<log)" ""
        fi
        succeeds delete --force none
    done
    # `run`, where it could not be set up: on record, and in a log
    succeeds run -d -b "$b" none
    contains "$(told)" "no link but lo"
    succeeds delete --force none
    succeeds --log log run -d -b "$b" none
    contains "$(<log)" "no link but lo"
}

@test "namespaces of others that are not shared are told" {
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

@test "late join with a user namespace is refused, with the flag" {
    local b
    b=$(bundle late-user "$(new network)" '.linux.namespaces += [{type: "user"}] |
        .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings')
    expect_error "network.requested.new: .*--network ns:/run/netns/distros.*user namespace" create -b "$b" x
}

# ---- what would change everybody's network

ttl() { nsenter --net="$1" cat /proc/sys/net/ipv4/ip_default_ttl; }

@test "net.* sysctls are dropped and nobody's value changes" {
    local b before
    before=$(ttl /run/netns/distros)
    b=$(bundle sysctl '.linux.sysctl = {"net.ipv4.ip_default_ttl": "77", "net/ipv4/ip_forward": "1", "kernel.shmmax": "4711"}' \
        "$(args sh -c 'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/shmmax')")
    run_container "$b"
    is "$status $output" "0 $before"$'\n4711'
    is "$(decided "$b" | grep -c 'drop network.sysctls')" 2
    is "$(ttl /run/netns/distros)" "$before"

    policy '{"version": 1, "network": {"sysctls": "refuse"}}'
    expect_error "network.sysctls: .*network.sysctls" run -b "$b" sysctl

    policy '{"version": 1, "network": {"sysctls": ["net.ipv4.ip_default_ttl"]}}'
    run_container "$b"
    is "$status $output" $'0 77\n4711'
    is "$(ttl /run/netns/distros)" 77
    nsenter --net=/run/netns/distros sh -c "echo $before >/proc/sys/net/ipv4/ip_default_ttl"

    # under late join the decoy takes them
    policy '{"version": 1}'
    edit_config "$b" "$(new network)"
    shim_in 10 create -b "$b" late </dev/null >out
    is "$(ttl "/proc/$(init_of late)/ns/net")" 77
    shim_in 10 start late
    wait_until test -s out
    is "$(head -n 1 out)" "$before"
    is "$(ttl /run/netns/distros)" "$before"
}

@test "CAP_NET_ADMIN and CAP_NET_RAW leave all five sets, and stay with admin" {
    local b join mask
    for join in early late; do
        b=$(bundle "caps-$join" "$(capabilities CAP_CHOWN CAP_NET_ADMIN CAP_NET_RAW)" "$(args grep -E '^Cap' /proc/self/status)")
        [ $join = early ] || edit_config "$b" "$(new network)"
        for mask in 0000000000000001 0000000000003001; do
            SHIM_POLICY=
            [ $mask = 0000000000000001 ] || policy '{"version": 1, "network": {"admin": true}}'
            run_container "$b"
            is "$status" 0
            is "$(printf '%s\n' "${lines[@]}" | sort -u | awk '{ print $2 }' | sort -u | xargs)" "$mask"
            is "${#lines[@]}" 5
        done
        # by trying
        SHIM_POLICY=
        edit_config "$b" "$(args sh -c 'ip link set lo down; ip link add d type dummy; ip addr add 192.0.2.1/32 dev lo')"
        run_container "$b"
        [[ ${lines[0]} == *"not permitted"* && ${lines[1]} == *"not permitted"* && ${lines[2]} == *"not permitted"* ]]
    done
    # a config without capabilities gives none
    b=$(bundle nothing 'del(.process.capabilities)' "$(args grep -E '^Cap' /proc/self/status)")
    run_container "$b"
    is "$status $(printf '%s\n' "${lines[@]}" | awk '{ print $2 }' | sort -u)" "0 0000000000000000"
}

@test "/proc/sys is read-only even where the config drops it" {
    local b before
    before=$(ttl /run/netns/distros)
    b=$(bundle procsys '.linux.readonlyPaths = [] | .linux.maskedPaths = [] | del(.process.capabilities)' \
        "$(args sh -c 'echo 77 >/proc/sys/net/ipv4/ip_default_ttl')")
    run_container "$b"
    [ "$status" != 0 ]
    contains "$output" "Read-only file system"
    is "$(decided "$b")" $'keep network.namespace\nadd network.admin\nadd procSys'
    # why the rule is there: no capability is needed
    policy '{"version": 1, "procSys": "requested"}'
    run_container "$b"
    is "$status $(ttl /run/netns/distros)" "0 77"
    nsenter --net=/run/netns/distros sh -c "echo $before >/proc/sys/net/ipv4/ip_default_ttl"
}

@test "links of the host are not moved into everybody's network" {
    local b
    b=$(bundle devices '.linux.netDevices = {"dsh": {}}' "$(args true)")
    expect_error "network.devices: .*linux.netDevices" run -b "$b" devices
    edit_config "$b" "$(new network)"
    expect_error "network.devices: " run -b "$b" devices
    ip link show dsh >/dev/null
}

@test "what can undo the rest is said" {
    local b
    b=$(bundle privileged "$(capabilities CAP_SYS_ADMIN)" "$(args true)")
    is "$(shim explain -b "$b" --format json | jq -r '.decisions[] | select(.action == "warn") | .rule + " " + .path')" \
        "privileged /process/capabilities/bounding/0"
    shim_in 10 run -b "$b" privileged
    # and what is not there yet is refused, not ignored
    for key in '"privileged": "strip"' '"privileged": "refuse"' '"network": {"lock": "strict"}' \
        '"network": {"abstractSockets": "isolated"}' '"network": {"ports": [80]}' '"capabilities": {"remove": []}' \
        '"share": []' '"hostname": "id"' '"systemd": true' '"audit": "syslog"' \
        '"distros": []' '"namespaces": {"user": {"auto": {}}}'; do
        policy "{\"version\": 1, $key}"
        expect_error "not supported yet" policy check "$SHIM_POLICY"
        expect_error "not supported yet" run -b "$b" privileged
    done
}

# ---- the other namespaces

@test "no namespace of the host, whether left out or by path" {
    local b type other
    b=$(bundle spaces "$(args sh -c 'for n in pid ipc uts cgroup mnt; do readlink /proc/self/ns/$n; done; hostname; echo /proc/[0-9]*')" 'del(.hostname)')
    cp "$b/config.json" "$b/plain.json"
    for type in none pid ipc uts cgroup mount all; do
        case $type in
        none) jq '.linux.namespaces |= map(select(.type == "network"))' "$b/plain.json" ;;
        all) jq '.linux.namespaces |= map(if .type == "network" then . else .path = "/proc/1/ns/" + ({mount: "mnt"}[.type] // .type) end)' "$b/plain.json" ;;
        *) jq "$(path_of $type "/proc/1/ns/${type/mount/mnt}")" "$b/plain.json" ;;
        esac >"$b/config.json"
        attempt run -b "$b" spaces
        echo "$type: $status $output"
        is "$status" 0
        is "$(sed -n 7p <<<"$output")" /proc/1
        # what programs would miss is said
        warns="namespaces.pid .*|namespaces.ipc .*"
        case $type in uts | cgroup | mount) warns= ;; pid | ipc) warns="namespaces.$type .* of the host was asked for" ;; esac
        silent
        warns=
        for other in pid ipc uts cgroup mnt; do
            lacks "$output" "$(readlink /proc/self/ns/$other)"
        done
    done
}

@test "a procfs of the host does not come along" {
    local b
    b=$(bundle procfs "$(without pid)" "$(args sh -c 'echo /proc/[0-9]*; grep -c " /proc proc" /proc/self/mounts')" \
        '.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc", options: ["rbind", "nosuid", "noexec", "nodev"]} else . end)')
    attempt run -b "$b" procfs
    is "$status $output" $'0 /proc/1\n1'
    # and none where the config has none
    edit_config "$b" '.mounts |= map(select(.destination != "/proc"))'
    attempt run -b "$b" procfs
    is "$status ${output%%$'\n'*}" "0 /proc/1"
    decided "$b" >decisions
    grep -qx "add mounts.proc" decisions
    # the host's /sys would show the host's links
    b=$(bundle sysfs "$(without network)" "$(args sh -c "$SHOW")" \
        '.mounts |= map(if .destination == "/sys" then {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "ro"]} elif .destination == "/sys/fs/cgroup" then empty else . end)')
    run_container "$b"
    is "$status $output" "0 $SHARED dsn lo"
}

@test "pods: pid, ipc, uts and cgroup of another container" {
    local b type first shared
    first=$(bundle first "$(args sleep 1000)")
    shim_in 10 run -d -b "$first" first </dev/null
    pid=$(init_of first)
    b=$(bundle second "$(args sh -c 'readlink /proc/self/ns/NAME')" 'del(.hostname)')
    cp "$b/config.json" "$b/plain.json"
    for type in pid ipc uts cgroup; do
        jq "$(path_of $type "/proc/$pid/ns/$type") | .process.args[2] |= sub(\"NAME\"; \"$type\")" "$b/plain.json" >"$b/config.json"
        shared=$(readlink "/proc/$pid/ns/$type")
        for mode in isolated fresh requested; do
            [ $type.$mode != pid.requested ] || continue
            policy "{\"version\": 1, \"namespaces\": {\"$type\": \"$mode\"}}"
            run_container "$b"
            echo "$type $mode: $output, the other's $shared"
            is "$status" 0
            if [ $mode = fresh ]; then
                [ "$output" != "$shared" ]
            else
                is "$output" "$shared"
            fi
        done
    done
    # requested: also the host's
    for type in ipc cgroup; do
        policy "{\"version\": 1, \"namespaces\": {\"$type\": \"requested\"}}"
        jq "$(without $type) | .process.args[2] |= sub(\"NAME\"; \"$type\")" "$b/plain.json" >"$b/config.json"
        run_container "$b"
        is "$status $output" "0 $(readlink /proc/self/ns/$type)"
    done
    # one that might be anything is refused rather than replaced
    policy '{"version": 1, "namespaces": {"pid": "isolated"}}'
    for path in /proc/self/ns/mnt /missing "$BATS_TEST_TMPDIR"; do
        jq "$(path_of ipc "$path")" "$b/plain.json" >"$b/config.json"
        expect_error "namespaces.ipc: .*$path" run -b "$b" second
        jq "$(path_of pid "$path")" "$b/plain.json" >"$b/config.json"
        expect_error "namespaces.pid: .*$path" run -b "$b" second
    done
}

# ---- the resolver's files

@test "resolv.conf and hosts do not stop a container that has no place for them" {
    mkdir -p /etc/netns/distros
    echo network >/etc/netns/distros/resolv.conf && echo network >/etc/netns/distros/hosts
    look='cat /etc/resolv.conf /etc/hosts 2>/dev/null | wc -l'
    user='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    SHIM_POLICY=
    # root of a user namespace cannot make them in the image; the runtime can
    b=$(bundle c1 "$(args sh -c "$look")" "$user")
    succeeds run -b "$b" c1
    # and its own name
    is "$output" 3
    is "$(stat -c '%F %u' "$b/rootfs/etc/hosts")" "regular empty file 0"
    # in an image that is the container's, so is what is made in it
    owned=$(bundle owned "$(args sh -c "$look; touch /etc/mine")" "$user")
    rm -r "$owned/rootfs/etc" && chown -R 100000:100000 "$owned/rootfs"
    succeeds run -b "$owned" c1
    is "$output" 3
    is "$(cd "$owned/rootfs" && stat -c '%n %u:%g' etc etc/* | xargs)" "etc 100000:100000 etc/hosts 100000:100000 etc/mine 100000:100000 etc/resolv.conf 100000:100000"
    # by name, and where /etc is another mount, nothing is made in the image
    rm "$b"/rootfs/etc/{hosts,resolv.conf}
    mkdir etc && echo named >named
    policy "{\"version\": 1, \"network\": {\"hosts\": \"$PWD/named\"}}"
    edit_config "$b" --arg etc "$PWD/etc" '.mounts += [{destination: "/etc", type: "bind", source: $etc, options: ["bind"]}]'
    succeeds --log log --log-level warning run -b "$b" c1
    is "$output" 0
    for file in resolv.conf hosts; do contains "$(<log)" "'/etc/$file' is left out: make file '/etc/$file' in the root filesystem: permission denied"; done
    is "$(ls -A etc)" ""
    is "$(ls -A "$b/rootfs/etc")" $'group\npasswd'
    # without a user namespace: in a file system that is read-only
    edit_config "$b" '.mounts[-1].options = ["bind", "ro"] | .linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
    rm log && succeeds --log log --log-level warning run -b "$b" c1
    is "$output" 0
    contains "$(<log)" "'/etc/hosts' is left out: make file '/etc/hosts' in the root filesystem: read-only file system"
    # what the config asks for itself is not left out
    edit_config "$b" --arg named "$PWD/named" '.mounts += [{destination: "/etc/hosts", type: "bind", source: $named, options: ["bind"]}]'
    expect_error "make file '/etc/hosts'.*read-only file system" run -b "$b" c1
}

@test "resolv.conf and hosts: the network's own, the engine's, or one by name" {
    local b file key other
    mkdir -p /etc/netns/distros
    for file in resolv.conf hosts; do
        key=resolvConf
        [ $file = resolv.conf ] || key=hosts
        echo network >/etc/netns/distros/$file
        echo engine >"$BATS_TEST_TMPDIR/engine"
        echo named >"$BATS_TEST_TMPDIR/named"
        b=$(bundle "file-$file" "$(args sh -c "cat /etc/$file; echo x >>/etc/$file")")
        SHIM_POLICY=
        # by hand, the config mounts none: this one, and read-only, for it is everybody's
        run_container "$b"
        is "${lines[0]}" network
        # and in hosts its own name
        [ $file = resolv.conf ] || is "${lines[1]}" "127.0.1.1 distro"
        contains "${lines[-1]}" "Read-only"
        # the engine knew the network: its file is right
        edit_config "$b" --arg source "$BATS_TEST_TMPDIR/engine" --arg file /etc/$file \
            '.mounts += [{type: "bind", source: $source, destination: $file, options: ["rbind", "rprivate"]}]'
        run_container "$b"
        is "$status ${lines[0]}" "0 engine"
        # it prepared another one: not so
        edit_config "$b" "$(without network)"
        run_container "$b"
        is "${lines[0]}" network
        policy "{\"version\": 1, \"network\": {\"$key\": \"engine\"}}"
        run_container "$b"
        is "${lines[0]}" engine
        policy "{\"version\": 1, \"network\": {\"$key\": \"$BATS_TEST_TMPDIR/named\"}}"
        run_container "$b"
        is "${lines[0]}" named
        # one that others can write is not believed
        SHIM_POLICY=
        for other in "chmod 666" "chown 1000" "ln -f -t /etc/netns"; do
            echo network >/etc/netns/distros/$file
            eval "$other /etc/netns/distros/$file"
            run_container "$b"
            is "${lines[0]}" engine
            rm -f /etc/netns/distros/$file /etc/netns/$file
        done
        # a root that is read-only and lacks the file
        echo network >/etc/netns/distros/$file
        edit_config "$b" 'del(.mounts[-1]) | .root.readonly = true'
        rm -f "$b/rootfs/etc/$file"
        run_container "$b"
        contains "${lines[0]}" "No such file"
        rm /etc/netns/distros/$file
    done
    is "$(<"$BATS_TEST_TMPDIR/named")" named
}

@test "resolv.conf and hosts: what the engine was asked for stays, beside the network's; the own name resolves" {
    local b
    mkdir -p /etc/netns/distros
    printf '127.0.0.1 localhost\n10.77.0.2 distros\n' >/etc/netns/distros/hosts
    printf 'nameserver 10.77.0.1\nsearch of.network\n' >/etc/netns/distros/resolv.conf
    SHIM_POLICY=
    local made=0
    # engine HOSTS RESOLV.CONF: what a container is shown where these are the engine's, made for another network
    engine() {
        printf '127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n10.88.0.5 box.lan box friendly\n%s' "$1" >"$BATS_TEST_TMPDIR/hosts"
        printf '%s' "$2" >"$BATS_TEST_TMPDIR/resolv.conf"
        made=$((made + 1))
        b=$(bundle "engine$made" "$(without network)" '.hostname = "box" | .domainname = "lan"' "$(args sh -c 'cat /etc/hosts; echo --; cat /etc/resolv.conf')")
        for file in hosts resolv.conf; do
            edit_config "$b" --arg source "$BATS_TEST_TMPDIR/$file" --arg file /etc/$file \
                '.mounts += [{type: "bind", source: $source, destination: $file, options: ["bind", "rprivate"]}]'
        done
        succeeds run -b "$b" engine
    }
    network=$'127.0.0.1 localhost\n10.77.0.2 distros\n127.0.1.1 box.lan box friendly\n--\n'
    # nothing was asked for: a bridge answers at its own address, Docker at 127.0.0.11
    for server in 10.88.0.1 127.0.0.11 10.77.0.1; do
        engine "" "nameserver $server"$'\noptions ndots:0\n'
        is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network'
    done
    # --add-host, --dns, --dns-search, --dns-option, together and one by one
    engine $'10.9.8.7 added other # a remark\n' $'nameserver 10.9.8.6\nsearch by.user\noptions rotate\n'
    is "$output" $'10.9.8.7 added other\n'"$network"$'nameserver 10.9.8.6\nsearch by.user\noptions rotate'
    engine "" $'search by.user\nnameserver 10.88.0.1\n'
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch by.user'
    engine "" $'nameserver 10.88.0.1\nnameserver 10.9.8.6\n'
    is "$output" "$network"$'nameserver 10.9.8.6\nsearch of.network'
    engine "" $'nameserver 10.88.0.1\noptions rotate\n'
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network\noptions rotate'
    # an address of the host's is one that the engine answers at; any can be bound where that is allowed
    echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind
    engine "" $'nameserver 10.9.8.6\n'
    is "$output" "$network"'nameserver 10.9.8.6'
    echo 0 >/proc/sys/net/ipv4/ip_nonlocal_bind
    ip address add 10.9.8.6/32 dev lo
    engine "" $'nameserver 10.9.8.6\n'
    ip address del 10.9.8.6/32 dev lo
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network'
    # a name that the network has, too: that which was asked for comes first
    engine $'10.9.8.7 distros\n' ""
    is "${output%%$'\n'*}" "10.9.8.7 distros"
    # what the host calls itself is a copy of the host's file
    engine "$(grep -v '^#' /etc/hosts)"$'\n' ""
    is "$output" "$network"$'nameserver 10.77.0.1\nsearch of.network'
    # without an engine, and without a name in the configuration
    b=$(bundle plain 'del(.hostname)' "$(args sh -c 'grep -w "$(hostname)" /etc/hosts')")
    succeeds run -b "$b" plain
    is "$output" "127.0.1.1 $(hostname)"
    # the files are the container's and go with it
    is "$(ls -A "$SHIM_ROOT")" ""
    (umask 077 && succeeds create -b "$b" plain)
    is "$(stat -c %a "$SHIM_ROOT/plain/hosts")" 644
    contains "$(shim explain plain)" "$SHIM_ROOT/plain/hosts"
    succeeds delete --force plain
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

# ---- the policy file

# A living container, and this policy file is no good: nothing is made, and everything else works.
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
        # shellcheck disable=SC2154
        contains "$said" "$file"
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

# ---- sharing

# shellcheck disable=SC2016
@test "two containers talk over localhost, see the same links, and share nothing else" {
    local server client type one two
    server=$(bundle server "$(args sh -c 'echo hello | nc -l -p 5555; sleep 1000')")
    client=$(bundle client "$(new network)" "$(args sh -c 'for i in $(seq 50); do nc 127.0.0.1 5555 && break; sleep 0.1; done; ls /sys/class/net; sleep 1000')")
    shim_in 10 run -d -b "$server" server </dev/null >server.out
    shim_in 10 run -d -b "$client" client </dev/null >client.out 2>/dev/null
    wait_until grep -qw lo client.out
    is "$(xargs <client.out)" "hello dsn lo"
    one=$(init_of server) two=$(init_of client)
    [ "/proc/$one/ns/net" -ef "/proc/$two/ns/net" ]
    for type in pid mnt ipc uts cgroup; do
        [ ! "/proc/$one/ns/$type" -ef "/proc/$two/ns/$type" ]
        [ ! "/proc/$one/ns/$type" -ef "/proc/self/ns/$type" ]
    done
    # as an administrator looks
    is "$(lsns -rno NS -t net -p "$one")" "$(lsns -rno NS -t net -p "$two")"
    [ "$(lsns -rno NS -t pid -p "$one")" != "$(lsns -rno NS -t pid -p "$two")" ]
    [ "$(lsns -rno NS -t mnt -p "$one")" != "$(lsns -rno NS -t mnt -p "$two")" ]
    # neither sees the other's processes
    is "$(nsenter -t "$two" -p -m ps -o args | grep -c 'nc -l')" 0
}

@test "members keep their network: a new one of the same name is refused while they live" {
    local b
    ip netns add team
    policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
    b=$(bundle member "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" first </dev/null
    ip netns del team
    expect_error "network.namespace: /run/netns/team: .*distro-net up" create -b "$b" second
    ip netns add team
    expect_error "network.membership: .*first.*/run/netns/team.*stop it first" create -b "$b" second
    shim explain -b "$b" --format json | jq -e .refused
    # its own life goes on
    is "$(state_of first)" running
    # also for another engine, with a state directory of its own
    expect_error "network.membership: .*first" --root "$SHIM_ROOT-other" create -b "$b" third
    # and late
    edit_config "$b" "$(new network)"
    expect_error "network.membership: .*first" create -b "$b" second
    # a member that is dead, though not deleted, holds nobody up
    shim kill first KILL
    wait_until test_stopped first
    shim_in 10 run -d -b "$b" second </dev/null
    [ "/proc/$(init_of second)/ns/net" -ef /run/netns/team ]
}

@test "members lists the living of every root" {
    local b
    ip netns add team
    b=$(bundle members "$(args sleep 1000)")
    shim_in 10 run -d -b "$b" one </dev/null
    shim_in 10 --root "$SHIM_ROOT-b" create -b "$b" two </dev/null
    policy '{"version": 1, "network": {"namespace": "/run/netns/team"}}'
    shim_in 10 run -d -b "$b" three </dev/null
    is "$(shim members --quiet | sort | xargs)" "one three two"
    is "$(shim members --quiet --network /run/netns/team)" three
    shim members --format json >json
    is "$(jq -r --arg root "$SHIM_ROOT-b" '.[] | select(.root == $root).id' json)" two
    is "$(jq -r '.[] | select(.id == "three") | .networkPath' json)" /run/netns/team
    is "$(jq -r '.[] | select(.id == "one") | .pid' json)" "$(init_of one)"
    is "$(jq '[.[].networkCookie] | unique | length' json)" 2
    shim members | grep -E "^one +$(init_of one) +/run/netns/distros +$SHIM_ROOT\$"
    shim kill one KILL
    wait_until test_stopped one
    is "$(shim members --quiet | sort | xargs)" "three two"
    shim_in 15 --root "$SHIM_ROOT-b" delete --force two
    is "$(shim members --quiet)" three
}
