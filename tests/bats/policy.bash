# shellcheck shell=bash disable=SC2034,SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# What the tests of the policy share: `load policy` after `load helpers`.

start_policy_test() { # in setup
    requires root world
    start_test
    make_canary
    # what the machine itself may have there
    rm -rf /etc/netns/distros
    SHARED="net:[$(stat -c %i /run/netns/distros)]"
    OWN=$(readlink /proc/self/ns/net)
    helpers=()
}
end_policy_test() { # in teardown
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    for name in other team; do [ ! -e /run/netns/$name ] || ip netns del $name; done
    rm -rf /etc/netns/distros
    end_test
}

without() { echo ".linux.namespaces |= map(select(.type != \"$1\"))"; } # TYPE
path_of() {                                                              # TYPE PATH
    jq -nr '"(.linux.namespaces[] | select(.type == " + ($ARGS.positional[0] | tojson) + ")).path = " + ($ARGS.positional[1] | tojson)' --args "$@"
}
# a new one of its own, whatever the entry said
new() { echo "$(without "$1") | .linux.namespaces += [{\"type\": \"$1\"}]"; } # TYPE
capabilities() { # NAME...
    jq -nr '($ARGS.positional | tojson) as $c | ".process.capabilities = {bounding: \($c), effective: \($c), permitted: \($c), inheritable: \($c), ambient: \($c)}"' --args "$@"
}

# In a container: its network and the links that its /sys shows.
SHOW='echo "$(readlink /proc/self/ns/net) $(echo $(ls /sys/class/net))"'

# decided_by BUNDLE [FILTER]: the decisions of explain as "action rule" lines
# but for what is decided of every container
decided() { shim_in 10 explain -b "$1" --format json | jq -r '.decisions[] | select(.rule != "network.peerDescriptors") | .action + " " + .rule'; }
test_stopped() { [ "$(state_of "$1")" = stopped ]; }
in_shared() { [ "/proc/$1/ns/net" -ef /run/netns/distros ]; } # PID
init_of() { shim state "$1" | jq .pid; }

# Where the program looks for the policy, in this private machine alone. In setup_file; take_policy_place in
# teardown_file. $POLICY_PLACE is empty where the machine itself has a policy.
lay_policy_place() {
    local top
    export POLICY_PLACE
    POLICY_PLACE=$(grep -aoE '/[[:alnum:]./_-]+/distro-shim/policy\.json' "$DISTRO_SHIM" | grep -v '^/\.config' | head -n 1)
    if [ -e "$POLICY_PLACE" ]; then POLICY_PLACE='' && return; fi
    top=$(dirname "$(dirname "$POLICY_PLACE")")
    # /etc is the private machine's own
    [ "$top" = /etc ] || { mkdir -p "$top" && mount -t tmpfs -o mode=755 tmpfs "$top"; } || return 1
    mkdir -p "$(dirname "$POLICY_PLACE")"
}
take_policy_place() {
    local directory
    [ -n "${POLICY_PLACE:-}" ] || return 0
    directory=$(dirname "$POLICY_PLACE")
    rm -f "$POLICY_PLACE"
    ! mountpoint -q "$(dirname "$directory")" || umount "$(dirname "$directory")"
}
