#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real containerd, whose pods have the addresses of its engine as their own: containers and pods that end in each order,
# a containerd that is killed, and pods for which no address was prepared.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load address
load engines
load cri

setup_file() { setup_own_cri; }
teardown_file() { teardown_own_cri; }
setup() { requires root world && start_own_cri_test; }
teardown() { end_own_cri_test; }

@test "a container of a pod ends and another one takes its place, port and address" {
    local text
    start_web 1
    end_container server1
    for text in second third; do
        in_pod web1 $text "$(serve "$text page")"
        wait_until page_is "$(pod_address web1)" 80 "$text page"
        page_is 127.0.0.1 18081 "$text page"
        is "$(cri forward "${pods[web1]}" 80)" "$text page"
        says_page beside1 http://127.0.0.1/ "$text page"
        is "$(addresses_of "${containers[$text]}")" "$(pod_address web1),$(pod_address6 web1)"
        end_container $text
    done
    end_pod web1
    nothing_leads
}

@test "a pod is removed in each order: nothing is left" {
    local order
    for order in containers-first all-at-once by-force sandbox-dies; do
        echo "$order"
        start_web 1
        wait_until page_is 127.0.0.1 18081 'page 1'
        case $order in
        containers-first) end_container beside1 && end_container server1 && [ -n "$(address_on_link)" ] && end_pod web1 ;;
        all-at-once) end_pod web1 ;;
        by-force) remove_pod web1 ;;
        sandbox-dies)
            kill -KILL "$(pod_pid web1)"
            wait_until pod_has_ended web1
            # to the others as well
            page_is 127.0.0.1 18081 'page 1'
            says_page beside1 http://127.0.0.1/ 'page 1'
            is "$(addresses_of "${containers[beside1]}")" "$(address_on_link)"
            end_pod web1
            ;;
        esac
        nothing_leads
        is "$(ls /run/netns)" distros
        end_addresses
    done
}
pod_has_ended() { [ "$(cri PodSandboxStatus "{ \"pod_sandbox_id\": \"${pods[$1]}\" }" | jq .status.state)" = 1 ]; } # NAME
address_on_link() { ip -n distros -o addr | awk '$2 ~ /^fwd/ && $4 ~ /^(10\.91|fd00:91)/ { sub("/.*", "", $4); print $4 }' | paste -s -d ,; }

@test "containerd is killed while pods run: all leads to them still, and the removal leaves nothing" {
    local pid i
    for i in 1 2; do start_web $i; done
    for i in 1 2; do wait_until page_is 127.0.0.1 1808$i "page $i"; done
    pid=$(<"$BATS_FILE_TMPDIR/containerd.pid")
    kill -KILL "$pid"
    wait_until eval "! kill -0 $pid"
    for i in 1 2; do page_is 127.0.0.1 1808$i "page $i"; done
    start_containerd
    wait_until cri_is_ready
    for i in 1 2; do
        page_is "$(pod_address web$i)" 80 "page $i"
        page_is 127.0.0.1 1808$i "page $i"
        is "$(cri forward "${pods[web$i]}" 80)" "page $i"
        says_page beside$i http://127.0.0.1/ "page $i"
    done
    end_pod web1
    page_is 127.0.0.1 18082 'page 2'
    in_pod web2 late 'sleep 1000'
    says_page late http://127.0.0.1/ 'page 2'
    end_pod web2
    nothing_leads
}

HOST='.linux.security_context.namespace_options = { network: 2, pid: 1 }'
start_host_pod() { # NAME NUMBER: in the host's network, with a server and a container beside it
    start_pod "$1" "$HOST"
    in_pod "$1" "server-$1" "$(serve "page of $1" "$2")" "$HOST"
    in_pod "$1" "beside-$1" 'sleep 1000' "$HOST"
    for name in "server-$1" "beside-$1"; do in_shared "$(container_pid "$name")"; done
    in_shared "$(pod_pid "$1")"
    wait_until says_page "beside-$1" "http://127.0.0.1:$2/" "page of $1"
}
explained() { "$DISTRO_SHIM" --root /run/containerd/runc/k8s.io explain "${containers[$1]}"; } # CONTAINER

@test "pods in the host's network: the addresses of the shared one, and a localhost of the pod" {
    start_host_pod one 8001
    start_host_pod two 8002
    is "$(addresses_of "${containers[beside-one]}")" ''
    explained beside-one | grep -q 'no engine has prepared a network for the container, so that it has the addresses of the shared one'
    explained beside-one | grep -q 'the network of another container was asked for'
    page_is 10.77.0.2 8001 'page of one'
    page_is 10.77.0.2 8002 'page of two'
    # their localhosts are two
    in_pod one inner-one "$(serve 'inner of one' 127.0.0.1:8000)" "$HOST"
    in_pod two inner-two "$(serve 'inner of two' 127.0.0.1:8000)" "$HOST"
    wait_until says_page beside-one http://127.0.0.1:8000/ 'inner of one'
    wait_until says_page beside-two http://127.0.0.1:8000/ 'inner of two'
    # one that has an address of its own, by what the host publishes; and from there
    start_web 1
    wait_until says_page beside-one "http://$(host_address):18081/" 'page 1'
    says_page beside1 http://10.77.0.2:8002/ 'page of two'
    end_pod one
    says_page beside-two http://127.0.0.1:8000/ 'inner of two'
    end_pod two
    end_pod web1
    nothing_leads
}

@test "pods in the host's network, and a pool: each has an address of it, with all its containers, at one port" {
    own_addresses '"addressPool": { "v4": "10.78.0.0/24", "v6": "fd78::/64" }'
    local pod one two
    start_host_pod one 80
    start_host_pod two 80
    start_web 1
    for pod in one two; do
        matches "$(addresses_of "${pods[$pod]}")" '^10\.78\.0\.[0-9]+,fd78::[0-9a-f]+$'
        is "$(addresses_of "${containers[server-$pod]}")" "$(addresses_of "${pods[$pod]}")"
        is "$(addresses_of "${containers[beside-$pod]}")" "$(addresses_of "${pods[$pod]}")"
    done
    one=$(addresses_of "${pods[one]}") two=$(addresses_of "${pods[two]}")
    # as distro-net does
    ip route add 10.78.0.0/24 via 10.77.0.2
    page_is "${one%,*}" 80 'page of one'
    says_page beside-one "http://${two%,*}/" 'page of two'
    says_page beside-two "http://${one%,*}/" 'page of one'
    says_page beside-one http://127.0.0.1/ 'page of one'
    says_page beside-two "http://$(host_address):18081/" 'page 1'
    says_page beside1 "http://${one%,*}/" 'page of one'
    # the first of them ends: the others have it still
    kill -KILL "$(pod_pid one)"
    wait_until pod_has_ended one
    says_page beside-one http://127.0.0.1/ 'page of one'
    says_page beside-two "http://${one%,*}/" 'page of one'
    ip route del 10.78.0.0/24
    for pod in one two web1; do end_pod $pod; done
    nothing_leads
}
