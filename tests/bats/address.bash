# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Distributions with addresses of their own: `load address` after `load helpers` and `load policy`.

load forward

# A bundle ./NAME whose program serves "page of NAME" at port 8080, by all that the container has.
page_box() { # NAME
    [ ! -e "$1" ] || rm -r "$1"
    mv "$(bundle "$1" "$(args sh -c 'exec httpd -f -p 8080 -h /home')")" "./$1" 2>/dev/null || true
    echo "page of $1" >"$1/rootfs/home/index.html"
    mkdir -p "$1/rootfs/home/cgi-bin"
    printf '#!/bin/sh\nprintf "\\n%%s" "$REMOTE_ADDR"\n' >"$1/rootfs/home/cgi-bin/who"
    chmod +x "$1/rootfs/home/cgi-bin/who"
}
address_of() { shim state "$1" | jq -r ".network.addresses[${2:-0}]"; } # ID [NUMBER]
in_network() { ip netns exec distros bash -c "$(declare -f page_is udp_answer); \"\$@\"" - "$@"; } # FUNCTION ARGUMENT...

A_POOL='"address": "pool", "addressPool": {"v4": "10.78.0.0/24", "v6": "fd78::/64"}'
start_address_test() { # [MEMBERS of the policy's network]
    start_policy_test
    ip -n distros link set lo up
    policy "{\"version\": 1, \"network\": {${1:-$A_POOL}}}"
}
end_addresses() { # nothing of them is left
    is "$(ip -n distros -o addr show dev lo | grep -vE ' (127\.0\.0\.1/8|::1/128) ' || true)" "" || return 1
    is "$(find /run/distro-shim/addresses -name pool.json -exec jq -r '.held[]?, .shared[]?' {} + 2>/dev/null)" ""
}
end_address_test() { end_addresses && end_policy_test; }
