#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real containerd: pods as a kubelet makes them, and `ctr run --cni`, whose addresses are their own in the one network. All
# listen at one port there; the containers of a pod have its address and its localhost together.
# world: legacy hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load address
load engines
load cri

setup_file() { setup_own_cri; }
teardown_file() { teardown_own_cri; }
setup() { requires root world && start_own_cri_test; }
teardown() { end_own_cri_test; }

@test "pods listen at one port, each at its own address, port of the host and forwarded port, and see who asks" {
    local i n address address6
    for i in 1 2; do start_web $i; done
    for i in 1 2; do
        address=$(pod_address web$i) address6=$(pod_address6 web$i)
        for n in server$i beside$i; do
            in_shared "$(container_pid $n)"
            is "$(addresses_of "${containers[$n]}")" "$address,$address6"
        done
        is "$(addresses_of "${pods[web$i]}")" "$address,$address6"
        # as a probe does
        wait_until page_is "$address" 80 "page $i"
        wait_until page_is "$address6" 80 "page $i"
        page_is "$(host_address)" 1808$i "page $i"
        page_is 127.0.0.1 1808$i "page $i"
        is "$(cri forward "${pods[web$i]}" 80)" "page $i"
        says_page beside$i http://127.0.0.1/ "page $i"
        says_page beside$i 'http://[::1]/' "page $i"
        says_page server$i http://localhost/ "page $i"
        says_page beside$i "http://$address/" "page $i"
    done
    # siblings, and the host, are seen as who they are
    says_page beside1 "http://$(pod_address web2)/" 'page 2'
    says_page beside1 "http://[$(pod_address6 web2)]/" 'page 2'
    says_page beside1 "http://$(pod_address web2)/cgi-bin/who" "[::ffff:$(pod_address web1)]"
    says_page beside1 "http://$(host_address):18082/" 'page 2'
    says_page beside1 "http://$(host_address):18081/" 'page 1'
    page_is "$(pod_address web1)" 80 'page 1'
    # the pod's other container has the port already, and another pod's address it cannot have
    says_in beside1 timeout 3 httpd -f -p 80
    contains "$output" 'Address already in use'
    says_in beside1 timeout 3 httpd -f -p "$(pod_address web2):81"
    contains "$output" 'Cannot assign requested address'
    end_pod web1
    page_is "$(pod_address web2)" 80 'page 2'
    page_is 127.0.0.1 18082 'page 2'
    end_pod web2
    nothing_leads
}

@test "a server at the localhost of a pod is for that pod alone" {
    start_web 1
    start_pod other
    in_pod other lonely 'sleep 1000'
    in_pod web1 inner "$(serve inner 127.0.0.1:8000)"
    wait_until says_page beside1 http://127.0.0.1:8000/ inner
    has_no_page lonely http://127.0.0.1:8000/
    has_no_page lonely http://127.0.0.1/
    has_no_page lonely "http://$(pod_address web1):8000/"
    # another one has the same
    in_pod other inner2 "$(serve 'another inner' 127.0.0.1:8000)"
    wait_until says_page lonely http://127.0.0.1:8000/ 'another inner'
    says_page beside1 http://127.0.0.1:8000/ inner
}

@test "UDP: two at one port, each by its address and by its port of the host" {
    local i
    for i in 1 2; do
        start_pod echo$i ".port_mappings = [{ protocol: 1, container_port: 81, host_port: 1808$i }]"
        in_pod echo$i udp$i "exec python3 -c '$(udp_program $i)'" "$WITH_PYTHON"
    done
    for i in 1 2; do
        is "$(udp_answer "$(pod_address echo$i)" 81 word)" "$i got word"
        is "$(udp_answer "$(pod_address6 echo$i)" 81 word)" "$i got word"
        is "$(udp_answer "$(host_address)" 1808$i word)" "$i got word"
    done
}
# The machine's own programs in a container.
WITH_PYTHON='.mounts = [{ container_path: "/usr", host_path: "/usr", readonly: 1 }, { container_path: "/lib", host_path: "/usr/lib", readonly: 1 },
    { container_path: "/lib64", host_path: "/usr/lib64", readonly: 1 }]'
udp_program() { # NUMBER
    echo "
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind((\"::\", 81))
while True:
    word, asker = s.recvfrom(100)
    s.sendto(b\"$1 got \" + word, asker)"
}

@test "ctr run --cni: two at one port, each at the address of the plugins; and nothing is left" {
    requires file:/opt/cni/bin/bridge
    local i given=()
    for i in 1 2; do
        ct_ok "${CT_RUN[@]}" -d --cni "$CTR_IMAGE" web$i sh -c "$(serve "page $i")"
        given[i]=$(addresses_of web$i)
        matches "${given[i]}" '^10\.91\.0\.[0-9]+,fd00:91::'
        in_shared "$(ctr tasks list | awk -v id=web$i '$1 == id { print $2 }')"
    done
    for i in 1 2; do
        wait_until page_is "${given[i]%,*}" 80 "page $i"
        wait_until page_is "${given[i]#*,}" 80 "page $i"
        ct_ok tasks exec --exec-id one web$i wget -q -O - http://127.0.0.1/
        is "$output" "page $i"
        ct_ok tasks exec --exec-id two web1 wget -q -O - "http://${given[i]%,*}/"
        is "$output" "page $i"
    done
    # what was lost is set up again
    ip -n distros addr flush dev "$(link_of "${given[2]%,*}")"
    if page_is "${given[2]%,*}" 80 'page 2'; then false; fi
    "$DISTRO_SHIM" forwarding --renew
    wait_until page_is "${given[2]%,*}" 80 'page 2'
    wait_until page_is "${given[2]#*,}" 80 'page 2'
    ct_ok tasks kill --signal SIGKILL web1
    wait_until eval '[ "$(ctr tasks list | awk '\''$1 == "web1" { print $3 }'\'')" = STOPPED ]'
    ct tasks delete web1
    page_is "${given[2]%,*}" 80 'page 2'
    ct tasks delete --force web2
    nothing_leads
}
link_of() { ip -n distros -o addr | awk -v address="$1/32" '$4 == address { print $2 }'; } # ADDRESS
