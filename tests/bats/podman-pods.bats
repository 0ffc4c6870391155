#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real Podman: pods and what Kubernetes calls so.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container

load helpers
load engines

setup_file() { make_rootfs && setup_podman; }
setup() { requires root world && start_engine_test podman; }
teardown() { end_podman_test; }

@test "a pod with its infra container: IPC and UTS are the pod's, the network is the shared one" {
    local infra
    ok pod create --name team --hostname team
    ok run -d --pod team --name one busybox sleep 100
    infra=$(podman pod inspect --format '{{.InfraContainerID}}' team)
    promised_of "$(pid_of one)"
    promised_of "$(pid_of "$infra")"
    ok run --rm --pod team busybox sh -c "$NAMESPACES; hostname"
    promised "$output"
    contains "$output" team
    contains "$output" "$(readlink "/proc/$(pid_of "$infra")/ns/ipc")"
    contains "$output" "$(readlink "/proc/$(pid_of one)/ns/ipc")"
    lacks "$output" "$(readlink "/proc/$(pid_of one)/ns/pid")"
    ok pod pause team
    is "$(status_of one)" paused
    ok pod unpause team
    ok pod stop --time 1 team
    ok pod start team
    wait_until has_status one running
    ok pod ps --format '{{.Name}} {{.NumberOfContainers}}'
    is "$output" "team 2"
    ok pod rm -f -t 0 team
}

@test "a pod that shares its PID namespace: each has its own all the same" {
    ok pod create --name team --share pid,ipc,net,uts
    ok run -d --pod team --name one busybox sleep 100
    ok run --rm --pod team busybox sh -c 'ps; echo $$'
    lacks "$output" "sleep 100"
    matches "$output" $'\n1$'
}

@test "a pod without an infra container works" {
    ok pod create --name bare --infra=false
    ok run -d --pod bare --name one busybox sleep 100
    promised_of "$(pid_of one)"
}

@test "kube play makes a pod, and kube down takes it away" {
    printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata: {name: play}' 'spec:' '  containers:' \
        '  - {name: one, image: "localhost/busybox:latest", imagePullPolicy: Never, command: ["sleep", "100"],' \
        '     resources: {limits: {memory: 64Mi}}, env: [{name: A, value: b}], volumeMounts: [{name: v, mountPath: /data}]}' \
        '  - {name: two, image: "localhost/busybox:latest", imagePullPolicy: Never, command: ["sh", "-c", "echo $A >/data/file; sleep 100"],' \
        '     env: [{name: A, value: c}], volumeMounts: [{name: v, mountPath: /data}]}' \
        '  volumes: [{name: v, emptyDir: {}}]' >play.yaml
    ok kube play play.yaml
    promised_of "$(pid_of play-one)"
    promised_of "$(pid_of play-two)"
    wait_until eval 'podman exec play-one grep -q c /data/file'
    ok kube down play.yaml
}
