# shellcheck shell=bash disable=SC2154 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# Real Podman, whose addresses are the containers' own: `load helpers`, `load policy`, `load engines`, `load forward`,
# `load address-podman`, then
#
#     setup_file() { setup_own; }
#     teardown_file() { take_policy_place; }
#     setup() { start_own_test [MEMBERS of the policy's network]; }
#     teardown() { end_own_test; }

setup_own() { make_rootfs && lay_engines && lay_policy_place && setup_podman; }
own_policy() { # MEMBERS
    echo "{\"version\": 1, \"network\": {$1}}" >"$POLICY_PLACE"
    "$DISTRO_SHIM" policy check
}
start_own_test() { # [MEMBERS]
    requires root world && start_engine_test podman
    [ -n "$POLICY_PLACE" ] || skip "this machine has a policy of its own"
    ip -n distros link set lo up
    own_policy "${1:-\"address\": \"engine\"}"
    ways >"$BATS_TEST_TMPDIR/ways.before"
}
end_own_test() {
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0 # skipped
    end_udp_server
    timeout -k 5 60 podman pod rm --all --force --time 0 3>&- >/dev/null
    timeout -k 5 60 podman rm --all --force --time 0 3>&- >/dev/null
    podman network ls --format '{{.Name}}' | grep -v '^podman$' | xargs -r -n 1 podman network rm -f >/dev/null 3>&-
    end_another_machine
    end_podman_test || return 1
    rm -f "$POLICY_PLACE"
    is "$(find /run/distro-shim/addresses -name pool.json -exec jq -r '.held[]?, .shared[]?' {} + 2>/dev/null)" "" || return 1
    # of links, which go with their networks, soon
    wait_until eval '[ "$(ways)" = "$(<"$BATS_TEST_TMPDIR/ways.before")" ]' || ways | diff "$BATS_TEST_TMPDIR/ways.before" -
}
# What addresses of containers' own change in the shared network.
ways() {
    ip -n distros rule
    ip -n distros -6 rule
    ip -n distros route show table all | grep -v fe80
    ip -n distros -6 route show table all | grep -vE 'fe80|ff00::'
    ip -n distros -o addr show dev lo
    ls /run/distro-shim/decoys 2>/dev/null || true
}

addresses_of() { # CONTAINER: by the runtime
    "$DISTRO_SHIM" members --format json | jq -r --arg id "$(podman inspect --format '{{.Id}}' "$1")" '.[] | select(.id == $id) | .addresses // [] | join(",")'
}
# What Podman says of it: IPAddress or GlobalIPv6Address, in a network or in the only one.
ip_of() { podman inspect --format "{{range \$name, \$network := .NetworkSettings.Networks}}{{if or (eq \"${2:-}\" \"\") (eq \$name \"${2:-}\")}}{{\$network.${3:-IPAddress}}}{{end}}{{end}}" "$1"; } # CONTAINER [NETWORK [FIELD]]
v6_of() { ip_of "$1" "${2:-}" GlobalIPv6Address; }
# For a shell in the container: a page at port 80, and one that says who asks.
serve() { # TEXT
    echo 'mkdir -p /www/cgi-bin; printf "%s\n" "#!/bin/sh" echo "echo \$REMOTE_ADDR" >/www/cgi-bin/who; chmod +x /www/cgi-bin/who'
    echo "echo '$1' >/www/index.html; exec httpd -f -p 80 -h /www"
}
box() { # NAME ARGUMENT...: a container of that name, which serves "page of NAME"
    ok run -d --name "$@" busybox sh -c "$(serve "page of $1")"
}
gets() { # CONTAINER URL TEXT: what it is told there, once names are known
    wait_until eval "podman exec $1 timeout 2 wget -q -O - '$2' 3>&-" || true
    ok exec "$1" timeout 3 wget -q -O - "$2"
    is "$output" "$3"
}
refused() { # CONTAINER URL
    pod exec "$1" timeout 2 wget -q -O - "$2"
    [ "$status" != 0 ] || { echo "$1 got $2: $output" >&2 && return 1; }
}
page_of() { # ADDRESS PORT PATH
    timeout 3 python3 -c '
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=2)
connection.request("GET", sys.argv[3])
print(connection.getresponse().read().decode(), end="")' "$@"
}
from_there() { ip netns exec another bash -c "$(declare -f page_is page_of udp_answer); \"\$@\"" - "$@"; }
