#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: what it has prepared for a pod leads to all of the pod's members, and what it has for a container to
# those that have asked for that one's network; and nothing is left of it.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

setup_file() { make_rootfs && setup_podman; }
setup() {
    requires root world && start_engine_test podman
    ok network create --subnet 10.90.0.0/24 team
}
teardown() {
    end_podman_test || return 1
    podman network rm -f team 3>&- >/dev/null
}
# how many containers are behind each decoy
members() { "$ENGINES_RUNTIME" forwarding --format json | jq -c 'map(.containers | length) | sort'; }
fetches() { # CONTAINER URL TEXT: a name may be looked for before it is known
    wait_until eval "podman exec $1 timeout 2 wget -q -O - $2 3>&- | grep -qx '$3'"
}

@test "a pod: the ports that it publishes lead to its members, and again after a restart" {
    ok pod create --name pod --network team -p 18080:80 -p 18081:81
    ok run -d --pod pod --name web --stop-timeout 1 busybox sh -c "$(serves 80 'a page')"
    ok run -d --pod pod --name other --stop-timeout 1 busybox sh -c "$(serves 81 'another page'); sleep 1000"
    in_shared "$(pid_of web)"
    for i in 1 2; do
        wait_until page_is 127.0.0.1 18080 'a page'
        wait_until page_is "$(host_address)" 18081 'another page'
        is "$(members)" '[3]'
        [ $i = 2 ] || ok pod restart pod
    done
    ok pod stop -t 0 pod
    no_forwarding
    ok pod start pod
    wait_until page_is 127.0.0.1 18080 'a page'
    wait_until page_is 127.0.0.1 18081 'another page'
    ok pod rm -f -t 0 pod
    no_forwarding
}

@test "names: a member asks Podman's resolver, and is reached by the pod's name" {
    ok pod create --name pod --network team
    ok run -d --pod pod --name web busybox sh -c "$(serves 80 'a page')"
    ok run -d --network team --name other busybox sh -c "$(serves 81 'another page'); sleep 1000"
    fetches other http://pod/ 'a page'
    fetches web http://other:81/ 'another page'
    fetches web http://pod/ 'a page'
    # one that comes later, and one that asks for the pod's network by a member
    ok run --rm --pod pod busybox wget -q -O - http://other:81/
    is "$output" 'another page'
    ok run --rm --pod pod --network container:web busybox sh -c 'wget -q -O - http://other:81/; cat /etc/resolv.conf'
    contains "$output" 'another page'
    contains "$output" 'nameserver 169.254.'
    contains "$("$ENGINES_RUNTIME" explain "$(podman inspect --format '{{.Id}}' web)")" 'leads to this one, too'
    ok rm -f -t 0 web
    ok pod rm -f -t 0 pod
    is "$(members)" '[1]'
}

@test "--network container:OTHER: the other's port and names, in whatever order they end" {
    local first second
    for first in web side; do
        second=side
        [ $first = web ] || second=web
        ok run -d --network team --name web -p 18080:80 busybox sleep 1000
        ok run -d --network container:web --name side busybox sh -c "$(serves 80 'a page')"
        wait_until page_is 127.0.0.1 18080 'a page'
        ok exec side nslookup web
        contains "$output" 10.90.0.
        is "$(members)" '[2]'
        ok kill $first
        wait_until has_status $first exited
        ok kill $second
        wait_until has_status $second exited
        ok rm -f -t 0 side
        ok rm -f -t 0 web
        no_forwarding
    done
}

@test "one that ends while another one still has its network: what leads to that one stays" {
    ok run -d --network team --name web -p 18080:80 busybox sleep 1000
    ok run -d --network container:web --name side busybox sh -c "$(serves 80 'a page')"
    wait_until page_is 127.0.0.1 18080 'a page'
    # as Podman does before it takes its own network away
    id=$(podman inspect --format '{{.Id}}' side)
    ok rm -f -t 0 side
    is "$(members)" '[1]'
    ok run -d --network container:web --name side busybox sh -c "$(serves 80 'a new page')"
    wait_until page_is 127.0.0.1 18080 'a new page'
    ok rm -f -t 0 side
    ok rm -f -t 0 web
    no_forwarding
}

@test "a process that is no container's, or of another root, leads nowhere" {
    local bundle
    ok run -d --network team --name web busybox sleep 1000
    bundle=$(bundle b1 "$(args sleep 1000)" ".linux.namespaces |= map(select(.type != \"network\")) + [{type: \"network\", path: \"/proc/$(pid_of web)/ns/net\"}]")
    shim run -d --bundle "$bundle" c1
    is "$(members)" '[1]'
    contains "$(shim explain c1)" 'this is the network namespace of the policy'
    lacks "$(shim explain c1)" 'leads to this one, too'
    shim delete --force c1
}

@test "kube play: a published port, and names of other pods" {
    local name
    for name in one two; do
        printf '%s\n' 'apiVersion: v1' 'kind: Pod' "metadata: {name: $name}" 'spec:' '  terminationGracePeriodSeconds: 1' '  containers:' \
            "  - {name: c, image: 'localhost/busybox:latest', imagePullPolicy: Never, command: [sh, -c, \"$(serves "$([ $name = one ] && echo 80 || echo 81)" "page $name" | sed 's/& :;.*/\& sleep 1000/')\"]," \
            "     ports: [{containerPort: 80, hostPort: 1808$([ $name = one ] && echo 0 || echo 1)}]}" >$name.yaml
        ok kube play --network team $name.yaml
    done
    wait_until page_is 127.0.0.1 18080 'page one'
    fetches one-c http://two:81/ 'page two'
    fetches two-c http://one/ 'page one'
    ok kube down one.yaml
    ok kube down two.yaml
    no_forwarding
}

@test "a pod without an infra container: each member has what leads to it" {
    ok pod create --name bare --infra=false
    ok run -d --pod bare --network team --name web -p 18080:80 busybox sh -c "$(serves 80 'a page')"
    ok run -d --pod bare --network team --name other busybox sleep 1000
    wait_until page_is 127.0.0.1 18080 'a page'
    fetches other http://web/ 'a page'
    ok pod rm -f -t 0 bare
    no_forwarding
}
