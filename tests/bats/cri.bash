# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Pods of containerd, as a kubelet asks for them: `load helpers`, `load engines`, `load forward`, `load cri`, then
#
#     setup_file() { make_rootfs; setup_cri; }
#     teardown_file() { teardown_containerd; }
#     setup() { requires root world; start_cri_test; }
#     teardown() { end_cri_test; }           # no pod and nothing of one may be left

CRI_PLUGINS=/usr/lib/cni

# With a bridge and published ports of the usual plugins, and the handler that `integrate containerd` writes.
setup_cri() {
    local work=$BATS_FILE_TMPDIR/pause config
    lay_engines || return 1
    command -v containerd >/dev/null && [ -e /run/engines ] && [ -x $CRI_PLUGINS/bridge ] || return 0
    mkdir -p /etc/containerd /etc/cni/net.d
    rm -f /etc/cni/net.d/*
    cat >/etc/cni/net.d/10-pods.conflist <<END
{ "cniVersion": "0.4.0", "name": "pods", "plugins": [
  { "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
    "ipam": { "type": "host-local", "routes": [{ "dst": "0.0.0.0/0" }, { "dst": "::/0" }],
              "ranges": [[{ "subnet": "10.91.0.0/24" }], [{ "subnet": "fd00:91::/64" }]] } },
  { "type": "portmap", "capabilities": { "portMappings": true }, "snat": true }
] }
END
    cat >/etc/containerd/config.toml <<END
version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper"]
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$CRI_PLUGINS"
END
    # where ctr looks for the plugins
    if [ ! -e /opt/cni/bin ] && [ -d /opt ]; then
        mkdir -p "$BATS_FILE_TMPDIR/opt/cni" && ln -s $CRI_PLUGINS "$BATS_FILE_TMPDIR/opt/cni/bin" &&
            mount -t overlay -o "lowerdir=$BATS_FILE_TMPDIR/opt:/opt" overlay /opt || return 1
    fi
    "$DISTRO_SHIM_SOURCE/contrib/integrate" containerd --program "$ENGINES_RUNTIME" || return 1
    start_containerd || return 1
    # of the same layer, for the first process of pods
    mkdir "$work" && tar -x -f "$ENGINES/images/busybox.tar" -C "$work" && cd "$work" || return 1
    config=$(jq -r '.[0].Config' manifest.json)
    jq '.config.Cmd = ["/bin/sleep", "1000000"]' "$config" >config.new && mv config.new "$config" || return 1
    jq '.[0].RepoTags = ["localhost/pause:1"]' manifest.json >manifest.new && mv manifest.new manifest.json || return 1
    tar -c -f ../pause.tar . && cd / && rm -rf "$work" || return 1
    ctr images import "$ENGINES/images/busybox.tar" >/dev/null 3>&- || return 1
    for config in "$ENGINES/images/busybox.tar" "$BATS_FILE_TMPDIR/pause.tar"; do
        ctr -n k8s.io images import "$config" >/dev/null 3>&- || return 1
    done
    # it looks for images now and then, and reads the plugins' configuration
    wait_until cri_is_ready || return 1
    # what they make for the first ones (the bridge, chains of rules) is no leak of the first test
    start_pod first '.port_mappings = [{ container_port: 80, host_port: 18079 }]' && end_pod first || return 1
    timeout -k 5 30 ctr "${CT_RUN[@]}" --rm "$CTR_IMAGE" first true 3>&- </dev/null 2>/dev/null || true
}
cri() { /usr/bin/python3 "$BATS_TEST_DIRNAME/cri.py" /run/containerd/containerd.sock "$@" 3>&- </dev/null; } # METHOD [JSON]
cri_is_ready() { ! cri Status | jq -e '.status.conditions[] | select(.status != 1)'; }

start_cri_test() {
    [ -x $CRI_PLUGINS/bridge ] || skip "needs plugins of CNI (tests/engines/fetch)"
    start_engine_test ctr
}

# The id of a pod or container by the name that the test gave it.
declare -gA pods=() containers=() configs=()

pod_config() { # NAME [JQ-FILTER]
    jq -nc --arg name "$1" "{ metadata: { name: \$name, uid: \$name, namespace: \"tests\" }, hostname: \$name, linux: {} } | ${2:-.}"
}
start_pod() { # NAME [JQ-FILTER]
    configs[$1]=$(pod_config "$@") || return 1
    pods[$1]=$(cri RunPodSandbox "{ \"runtime_handler\": \"${HANDLER-distro-shim}\", \"config\": ${configs[$1]} }" |
        jq -re .pod_sandbox_id) || containerd_says
}
# in_pod POD NAME SCRIPT [JQ-FILTER]: a container of the image, started
in_pod() {
    local config
    config=$(jq -nc --arg name "$2" --arg script "$3" '{ metadata: { name: $name }, image: { image: "localhost/busybox:latest" },
        command: ["sh", "-c", $script], linux: { security_context: { namespace_options: { pid: 1 } } } } | '"${4:-.}") || return 1
    containers[$2]=$(cri CreateContainer "{ \"pod_sandbox_id\": \"${pods[$1]}\", \"config\": $config, \"sandbox_config\": ${configs[$1]} }" |
        jq -re .container_id) && cri StartContainer "{ \"container_id\": \"${containers[$2]}\" }" >/dev/null || containerd_says
}
containerd_says() {
    grep -E 'level=(error|warning)' "$BATS_FILE_TMPDIR/containerd.log" | tail -n 3 >&2
    return 1
}
pod_address() { cri PodSandboxStatus "{ \"pod_sandbox_id\": \"${pods[$1]}\" }" | jq -r .status.network.ip; }                  # NAME
pod_address6() { cri PodSandboxStatus "{ \"pod_sandbox_id\": \"${pods[$1]}\" }" | jq -r '.status.network.additional_ips[0].ip'; } # NAME
pod_pid() { cri PodSandboxStatus "{ \"pod_sandbox_id\": \"${pods[$1]}\", \"verbose\": 1 }" | jq -r '.info.info | fromjson | .pid'; } # NAME
container_pid() { cri ContainerStatus "{ \"container_id\": \"${containers[$1]}\", \"verbose\": 1 }" | jq -r '.info.info | fromjson | .pid'; }
stop_pod() { cri StopPodSandbox "{ \"pod_sandbox_id\": \"${pods[$1]}\" }" >/dev/null; }     # NAME
remove_pod() { cri RemovePodSandbox "{ \"pod_sandbox_id\": \"${pods[$1]}\" }" >/dev/null; } # NAME
end_pod() { stop_pod "$1" && remove_pod "$1"; }                                             # NAME
end_container() { # NAME
    cri StopContainer "{ \"container_id\": \"${containers[$1]}\" }" >/dev/null &&
        cri RemoveContainer "{ \"container_id\": \"${containers[$1]}\" }" >/dev/null
}
# shellcheck disable=SC2034 # read by the tests
says_in() { # CONTAINER COMMAND...: into $output, and $status
    local container=$1
    shift
    status=0
    output=$(cri exec "${containers[$container]}" "$@" 2>&1) || status=$?
}

end_cri_test() {
    local id
    [ -e "$BATS_TEST_TMPDIR/machine.before" ] || return 0 # skipped
    for id in $(cri ListPodSandbox | jq -r '.items[]?.id'); do
        pods[left]=$id
        end_pod left || containerd_says || true
    done
    # first of all: what goes on would keep the test waiting
    end_containerd_test && no_forwarding || return 1
    is "$(cri ListPodSandbox)$(cri ListContainers)" "{}{}" || return 1
    is "$(ls -A /run/containerd/runc/k8s.io 2>/dev/null)" ""
}

# ---- a policy where the runtime looks for one by itself: containerd tells it nothing

# In setup_file; then own_addresses, and in teardown_file take_policy_away.
place_policy() {
    [ -n "${DISTRO_SHIM_WORLD:-}" ] || return 0
    POLICY_PLACE=$("$DISTRO_SHIM" policy check | grep -o "/[^']*policy.json")
    export POLICY_PLACE
    local directory=${POLICY_PLACE%/*}
    mkdir -p "$directory" 2>/dev/null && return
    # in a /usr that cannot be written to
    export POLICY_MOUNT=${directory%/*}
    mount -t tmpfs -o mode=755 tmpfs "$POLICY_MOUNT" && mkdir "$directory"
}
take_policy_away() {
    [ -z "${POLICY_PLACE:-}" ] || rm -f "$POLICY_PLACE"
    [ -z "${POLICY_MOUNT:-}" ] || umount "$POLICY_MOUNT"
}
own_addresses() { printf '{ "version": 1, "network": { "address": "engine"%s } }\n' "${1:+, $1}" >"$POLICY_PLACE"; } # [MEMBERS]
# The set-up of the tests with such addresses; with `load address`.
setup_own_cri() { make_rootfs && lay_engines && place_policy && own_addresses '' && setup_cri; }
teardown_own_cri() {
    teardown_containerd
    take_policy_away
}
start_own_cri_test() {
    start_cri_test && own_addresses '' || return 1
    WAYS=$(ways)
}
end_own_cri_test() { end_cri_test && end_addresses; }

ways() {
    ip -n distros rule
    ip -n distros -6 rule
    ip -n distros route show table all | grep -E 'proto 213|table 77' || true
}
nothing_leads() { no_forwarding && is "$(ways)" "$WAYS"; }
# For a shell in the container: a page at a port, and one that says who asks.
serve() { # TEXT [PORT]
    echo 'mkdir -p /www/cgi-bin; printf "%s\n" "#!/bin/sh" echo "echo \$REMOTE_ADDR" >/www/cgi-bin/who; chmod +x /www/cgi-bin/who'
    echo "echo '$1' >/www/index.html; exec httpd -f -p ${2:-80} -h /www"
}
addresses_of() { "$DISTRO_SHIM" members --format json | jq -r --arg id "$1" '.[] | select(.id == $id).addresses | arrays | join(",")'; } # ID
says_page() { # CONTAINER URL TEXT
    says_in "$1" timeout 3 wget -q -O - "$2"
    is "$status $output" "0 $3"
}
has_no_page() { # CONTAINER URL
    says_in "$1" timeout 3 wget -q -O - "$2"
    [ "$status" != 0 ]
}
start_web() { # NUMBER: a pod with a server at port 80, which is the host's port 1808NUMBER, and a container beside it
    start_pod "web$1" ".port_mappings = [{ container_port: 80, host_port: 1808$1 }]"
    in_pod "web$1" "server$1" "$(serve "page $1")"
    in_pod "web$1" "beside$1" 'sleep 1000'
}
