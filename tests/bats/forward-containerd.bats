#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real containerd: pods as a kubelet makes them, and `ctr run --cni`. Addresses, published ports, forwarded ports and
# names lead to the containers, although those are in the shared network; and nothing is left of them.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward
load cri

setup_file() { make_rootfs && setup_cri; }
teardown_file() { teardown_containerd; }
setup() { requires root world && start_cri_test; }
teardown() {
    rm -rf /etc/netns/distros
    end_udp_server
    end_cri_test
}

@test "a pod: its address, its port of the host and a forwarded port lead to its containers" {
    start_pod web '.port_mappings = [{ container_port: 80, host_port: 18080 }]'
    in_pod web server "$(serves 80 'a page')"
    in_pod web beside 'read word; echo "got $word"; sleep 1000' '.stdin = 1'
    for name in server beside; do in_shared "$(container_pid $name)"; done
    in_shared "$(pod_pid web)"
    address=$(pod_address web)
    wait_until page_is "$address" 80 'a page'
    wait_until page_is "$(pod_address6 web)" 80 'a page'
    page_is "$(host_address)" 18080 'a page'
    page_is 127.0.0.1 18080 'a page'
    is "$(cri forward "${pods[web]}" 80)" 'a page'
    says_in beside wget -q -O - "http://$address/"
    is "$status $output" '0 a page'
    says_in beside sh -c 'echo out; exit 7'
    is "$status $output" '7 out'
    is "$(timeout 5 /usr/bin/python3 "$BATS_TEST_DIRNAME/cri.py" /run/containerd/containerd.sock attach "${containers[beside]}" $'word\n' | head -n 1)" 'got word'
    # a sibling
    start_pod other
    in_pod other client 'sleep 1000'
    says_in client wget -q -O - "http://$address/"
    is "$status $output" '0 a page'
    is "$(forwarding_links)" 2
    end_pod other
    is "$(forwarding_links)" 1
    page_is "$address" 80 'a page'
    end_pod web
    no_forwarding
}

@test "a pod is removed in each order: nothing is left" {
    for order in containers-first all-at-once by-force sandbox-dies; do
        echo "$order"
        start_pod web '.port_mappings = [{ container_port: 80, host_port: 18080 }, { protocol: 1, container_port: 81, host_port: 18081 }]'
        in_pod web server "$(serves 80 'a page')"
        in_pod web beside 'sleep 1000'
        wait_until page_is 127.0.0.1 18080 'a page'
        case $order in
        containers-first) end_container beside && end_container server && is "$(forwarding_links)" 1 && end_pod web ;;
        all-at-once) end_pod web ;;
        by-force) remove_pod web ;;
        sandbox-dies)
            kill -KILL "$(pod_pid web)"
            wait_until pod_has_ended web
            # to the others as well
            page_is 127.0.0.1 18080 'a page'
            end_pod web
            ;;
        esac
        no_forwarding
        is "$(ls /run/netns)" distros
    done
}
pod_has_ended() { [ "$(cri PodSandboxStatus "{ \"pod_sandbox_id\": \"${pods[$1]}\" }" | jq .status.state)" = 1 ]; } # NAME

@test "a container of a pod ends and another one takes its place: all leads to that one" {
    start_pod web '.port_mappings = [{ container_port: 80, host_port: 18080 }]'
    for text in first second; do
        in_pod web $text "$(serves 80 "$text page")"
        wait_until page_is 127.0.0.1 18080 "$text page"
        is "$(cri forward "${pods[web]}" 80)" "$text page"
        end_container $text
        if page_is 127.0.0.1 18080 "$text page"; then false; fi
    done
}

@test "containerd is started again while a pod runs: all leads to it still, and the removal leaves nothing" {
    start_pod web '.port_mappings = [{ container_port: 80, host_port: 18080 }]'
    in_pod web server "$(serves 80 'a page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    stop_containerd
    page_is 127.0.0.1 18080 'a page'
    start_containerd
    wait_until cri_is_ready
    page_is 127.0.0.1 18080 'a page'
    is "$(cri forward "${pods[web]}" 80)" 'a page'
    end_pod web
    no_forwarding
}

@test "UDP, and a port of one address of the host" {
    start_pod echo '.port_mappings = [{ protocol: 1, container_port: 81, host_port: 18081 },
        { container_port: 82, host_port: 18082, host_ip: "127.0.0.1" }]'
    in_pod echo server "$(serves 82 two); sleep 1000"
    wait_until page_is 127.0.0.1 18082 two
    if page_is "$(host_address)" 18082 two; then false; fi
    udp_server 81
    is "$(udp_answer "$(host_address)" 18081 word)" 'got word'
    is "$(udp_answer "$(pod_address echo)" 81 word)" 'got word'
}

@test "names: what the pod was asked to have, and its server is reached" {
    dns_server
    start_pod web '.dns_config = { servers: ["10.77.0.1"], searches: ["tests.svc.cluster.local"], options: ["ndots:5"] }'
    in_pod web server 'sleep 1000'
    says_in server cat /etc/resolv.conf
    contains "$output" "search tests.svc.cluster.local"
    contains "$output" "options ndots:5"
    says_in server nslookup some.where.example
    contains "$output" 10.1.2.3
    says_in server hostname
    is "$output" web
    # one that asks for nothing has the network's own
    mkdir -p /etc/netns/distros && echo 'nameserver 10.77.0.1' >/etc/netns/distros/resolv.conf
    start_pod plain
    in_pod plain asker 'sleep 1000'
    says_in asker cat /etc/resolv.conf
    is "$output" 'nameserver 10.77.0.1'
    says_in asker nslookup some.where.example
    contains "$output" 10.1.2.3
}
# Of the host's: each name has the address 10.1.2.3.
dns_server() {
    timeout 60 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.77.0.1", 53))
while True:
    asked, asker = s.recvfrom(512)
    end = asked.index(b"\0", 12) + 5
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x0a\1\2\3" if asked[end - 4:end - 2] == b"\0\1" else b""
    s.sendto(asked[:2] + b"\x85\x80\0\1\0" + bytes([len(answer) > 0]) + b"\0\0\0\0" + asked[12:end] + answer, asker)' 3>&- </dev/null &
    echo $! >"$BATS_TEST_TMPDIR/udp.pid"
}

@test "ctr run --cni: the address of the plugins leads to the container as long as it runs" {
    requires file:/opt/cni/bin/bridge
    ct_ok "${CT_RUN[@]}" -d --cni "$CTR_IMAGE" web sh -c "$(serves 80 'a page')"
    address=$(given_address)
    wait_until page_is "$address" 80 'a page'
    in_shared "$(ctr tasks list | awk '$1 == "web" { print $2 }')"
    ct_ok tasks exec --exec-id one web wget -q -O - "http://$address/"
    is "$output" 'a page'
    # what was lost is set up again: the network is found where it is held
    ip -n distros addr flush dev "$(ip -n distros -o link | grep -o 'fwd[0-9]*')"
    if page_is "$address" 80 'a page'; then false; fi
    "$DISTRO_SHIM" forwarding --renew
    wait_until page_is "$address" 80 'a page'
    ct_ok tasks kill --signal SIGKILL web
    wait_until eval '[ "$(ctr tasks list | awk '\''$1 == "web" { print $3 }'\'')" = STOPPED ]'
    ct tasks delete web
    no_forwarding
    # and in the foreground, where ctr has the plugins take their things back
    (ct_ok "${CT_RUN[@]}" --rm --cni "$CTR_IMAGE" other sh -c "$(serves 81 'a page'); until [ -e /end ]; do sleep 0.1; done") &
    running=$!
    wait_until eval '[ -n "$(given_address)" ]'
    wait_until eval 'page_is "$(given_address)" 81 "a page"'
    ct_ok tasks exec --exec-id one other touch /end
    wait $running
    no_forwarding
    wait_until links_of_pods_are_gone
}
# The last one; they keep it until ctr, which does not for a detached one, tells them otherwise.
given_address() {
    local file newest=''
    for file in /var/lib/cni/networks/pods/10.91.*; do
        if [ -e "$file" ] && { [ -z "$newest" ] || [ "$file" -nt "$newest" ]; }; then newest=$file; fi
    done
    echo "${newest##*/}"
}
links_of_pods_are_gone() { ! ip -br link | grep -q ^veth; }
