#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Docker as a swarm of one node: services in overlay networks lead to containers in the shared network.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines
load forward

DOCKER_RULES=true
# a swarm and this do not go together
DOCKER_MORE='{"live-restore": false}'
setup_file() {
    make_rootfs && setup_docker || return 1
    [ -e "$BATS_FILE_TMPDIR/docker.pid" ] || return 0
    # as distro-net has it
    iptables -I DOCKER-USER -i dsh -j ACCEPT
    # what it makes for the first swarm, and keeps, is no leak of a test
    docker swarm init --advertise-addr 127.0.0.1 >/dev/null 2>&1 3>&- && wait_until has_ingress
    docker swarm leave --force >/dev/null 2>&1 3>&-
}
teardown_file() { teardown_docker; }
setup() {
    requires root world && start_engine_test dockerd
    dk_ok swarm init --advertise-addr 127.0.0.1
    wait_until has_ingress
}
teardown() {
    docker service ls -q | xargs -r docker service rm >/dev/null 2>&1 3>&-
    wait_until no_tasks
    docker swarm leave --force >/dev/null 2>&1 3>&-
    end_docker_test
}
has_ingress() { docker network ls | grep -q ingress; }
no_tasks() { [ -z "$(docker ps -aq)" ]; }
# service NAME SCRIPT [FLAG]...
service() { dk_ok service create --detach --quiet --no-resolve-image --name "$1" "${@:3}" "$DOCKER_IMAGE" sh -c "$2"; }
server() { service "$1" "$(serves "$2" "page of $1"); sleep 1000" "${@:3}"; } # NAME PORT [FLAG]...
task_of() { docker ps -q --no-trunc --filter "label=com.docker.swarm.service.name=$1" | head -n 1; }
tasks_are() { [ "$(docker ps -q --filter "label=com.docker.swarm.service.name=$1" | wc -l)" = "$2" ]; } # SERVICE COUNT
gets() { [ "$(timeout 5 docker exec "$(task_of "$1")" wget -q -O - "http://$2/" 2>/dev/null)" = "$3" ]; } # SERVICE ADDRESS TEXT
pid_of() { docker inspect --format '{{.State.Pid}}' "$(task_of "$1")"; }

@test "an overlay network: services by name, each way; a port in mode host; both in the shared network" {
    dk_ok network create -d overlay front
    server web 80 --network front --endpoint-mode dnsrr --publish mode=host,published=18080,target=80
    server other 81 --network front --endpoint-mode dnsrr
    wait_until tasks_are web 1
    wait_until tasks_are other 1
    in_shared "$(pid_of web)"
    in_shared "$(pid_of other)"
    wait_until gets other web 'page of web'
    wait_until gets web other:81 'page of other'
    gets other tasks.web 'page of web'
    wait_until page_is 127.0.0.1 18080 'page of web'
}

@test "scaled, changed, and an end that is mended" {
    local before
    service counted 'sleep 1000' --replicas 2
    wait_until tasks_are counted 2
    dk_ok service scale --detach counted=3
    wait_until tasks_are counted 3
    dk_ok service scale --detach counted=1
    wait_until tasks_are counted 1
    dk_ok service update --detach --env-add A=b --no-resolve-image counted
    changed() { [ "$(docker exec "$(task_of counted)" sh -c 'echo $A')" = b ]; }
    wait_until changed
    before=$(task_of counted)
    kill -9 "$(pid_of counted)"
    replaced() { tasks_are counted 1 && [ "$(task_of counted)" != "$before" ]; }
    wait_until replaced
    # one that ends at once is replaced as well
    is_in_shared() { in_shared "$(pid_of counted)"; }
    wait_until is_in_shared
}
