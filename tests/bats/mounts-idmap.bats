# SPDX-License-Identifier: Apache-2.0
# Idmapped mounts (config.md "mounts": uidMappings, gidMappings, idmap, ridmap): what is read is the owners
# that the container sees, and those that its files have on the host.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() {
    make_rootfs
    mkdir -p "$BATS_FILE_TMPDIR/rootfs/m" # which root of a user namespace cannot make
}
setup() {
    requires root world kernel:6.3 # since then tmpfs can be idmapped
    start_test
    source=$BATS_TEST_TMPDIR/source
    mkdir source
    mount -t tmpfs tmpfs source
    touch source/zero source/seven
    chown 7:8 source/seven
    mkdir source/sub
    mount -t tmpfs tmpfs source/sub
    touch source/sub/zero
    chmod 777 source source/sub
}
teardown() {
    umount_all
    end_test
}
owners='cd /m && stat -c "%n %u:%g" zero seven sub/zero'
# maps FIRST SIZE [OF]: mappings of a mount from disk id OF (default 0) on
maps() { echo "{uidMappings: [{containerID: ${3:-0}, hostID: $1, size: $2}], gidMappings: [{containerID: ${3:-0}, hostID: $(($1 + 1000)), size: $2}]}"; }
# Without an error from the shell for what a bind does not show.
below() { echo ".mounts += [$(mount_json bind "$source" /m "$@") ${with:++ $with}]"; }

@test "mappings of a mount, with and without an option: owners are translated both ways" {
    for option in "" idmap; do
        with=$(maps 5000 100)
        # shellcheck disable=SC2086
        answers $'zero 5000:6000\nseven 5007:6008\nsub/zero 0:0' "$owners" "$(below rbind $option)"
    done
    # written through it: what the container owns as 5003 is 3 in the file system
    with=$(maps 5000 100)
    answers '' 'touch /m/new' "$(below bind idmap)" '.process.user = {uid: 5003, gid: 6004}'
    is "$(stat -c %u:%g source/new)" 3:4
    # ids that are not mapped have no name
    with=$(maps 5000 1)
    answers $'zero 5000:6000\nseven 65534:65534\nsub/zero 0:0' "$owners" "$(below rbind idmap)"
    # nothing of it stays with the host
    is "$(stat -c %u:%g source/seven)" 7:8
}

@test "ridmap maps what is mounted below, too; idmap the mount alone" {
    with=$(maps 5000 100)
    answers $'zero 5000:6000\nseven 5007:6008\nsub/zero 5000:6000' "$owners" "$(below rbind ridmap)"
}

@test "idmap= with a value, as crun has it, takes several ranges" {
    with=
    answers $'zero 3000:4000\nseven 9007:9108\nsub/zero 0:0' "$owners" \
        "$(below rbind 'idmap=uids=0-3000-1#7-9007-1;gids=0-4000-2#8-9108-1')"
    answers $'zero 3000:4000\nseven 65534:65534\nsub/zero 3000:4000' "$owners" \
        "$(below rbind 'ridmap=gids=0-4000-1;uids=0-3000-1;')"
    # without a user namespace the container's ids are the host's
    answers $'zero 3000:4000\nseven 3007:4008\nsub/zero 0:0' "$owners" \
        "$(below rbind 'idmap=uids=@0-3000-10;gids=@0-4000-10')"
}

@test "in a user namespace idmap without mappings takes those of the namespace, else its own" {
    with=
    answers $'zero 65534:65534\nseven 65534:65534\nsub/zero 65534:65534' "$owners" "$(below rbind)" "$(user_namespace)"
    answers $'zero 0:0\nseven 7:8\nsub/zero 65534:65534' "$owners" "$(below rbind idmap)" "$(user_namespace)"
    answers $'zero 0:0\nseven 7:8\nsub/zero 0:0' "$owners" "$(below rbind ridmap)" "$(user_namespace)"
    with='{uidMappings: [], gidMappings: []}'
    answers $'zero 0:0\nseven 7:8\nsub/zero 0:0' "$owners" "$(below rbind ridmap)" "$(user_namespace)"
    # a file made by root of the container is root's
    with=
    answers '' 'touch /m/made' "$(below rbind idmap)" "$(user_namespace)"
    is "$(stat -c %u:%g source/made)" 0:0
    with='{uidMappings: [{containerID: 0, hostID: 100005, size: 10}], gidMappings: [{containerID: 0, hostID: 100006, size: 10}]}'
    answers $'zero 5:6\nseven 12:14\nsub/zero 5:6' "$owners" "$(below rbind ridmap)" "$(user_namespace)"
}

@test "a user namespace: the value form counts ids of the host, or with @ those of the container" {
    with=
    answers $'zero 20:30\nseven 27:38\nsub/zero 65534:65534' "$owners" \
        "$(below rbind 'idmap=uids=0-100020-10;gids=0-100030-10')" "$(user_namespace)"
    answers $'zero 20:30\nseven 27:38\nsub/zero 65534:65534' "$owners" \
        "$(below rbind 'idmap=uids=@0-20-10;gids=@0-30-10')" "$(user_namespace)"
    # ids of the container that lie in several ranges of the host
    answers $'zero 0:0\nseven 7:8\nsub/zero 65534:65534' "$owners" \
        "$(below rbind 'idmap=uids=@0-0-10;gids=@0-0-10')" "$(user_namespace)" \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 5}, {containerID: 5, hostID: 300000, size: 1000}]' \
        '.linux.gidMappings = .linux.uidMappings'
}

@test "a user namespace by path lends its ids" {
    b=$(bundle first "$(user_namespace)" "$(args sleep 1000)")
    succeeds run -d -b "$b" first
    pid=$(shim state first | jq .pid)
    with=
    answers $'zero 0:0\nseven 7:8\nsub/zero 0:0' "$owners" "$(below rbind ridmap)" \
        ".linux.namespaces += [{type: \"user\", path: \"/proc/$pid/ns/user\"}]"
}

@test "attributes, relative sources, files and many mounts with the same ids" {
    maps=$(maps 5000 100)
    mkdir -p asked1/inside
    chown 3:4 asked1/inside
    answers $'5003:6004\n5007:6008\n5000:6000\nro' \
        'stat -c %u:%g /relative /file /z; awk '\''$5 == "/z" { sub(/,.*/, "", $6); print $6 }'\'' /proc/self/mountinfo' \
        ".mounts += [$(mount_json bind inside /relative idmap) + $maps, $(mount_json bind "$source/seven" /file bind) + $maps, $(mount_json bind "$source/zero" /z bind ro idmap) + $maps]"
}

@test "a file system that cannot be idmapped is named, with its mount" {
    with=$(maps 5000 100)
    for more in . "$(user_namespace)"; do
        b=$(bundle c1 ".mounts += [$(mount_json bind /dev/pts /m idmap) + $with] | $more" "$(args true)")
        expect_error "mounts\[[0-9]+\]: map the ids of '/dev/pts' for '/m': its file system 'devpts' has no idmapped mounts" run -b "$b" c1
        rm -rf "$b"
    done
}

@test "a wrong mapping is an error that names it" {
    while IFS='|' read -r filter pattern; do
        b=$(bundle wrong "$filter" "$(args true)")
        expect_error "$pattern" run -b "$b" wrong
        rm -rf "$b"
    done <<END
$(adds "$(mount_json bind "$source" /m idmap)")|idmap needs uidMappings and gidMappings, or a container with a user namespace
$(adds "$(mount_json tmpfs tmpfs /m idmap)")|options: idmap: needs a bind mount
.mounts += [$(mount_json tmpfs tmpfs /m) + $(maps 1 1)]|uidMappings: needs a bind mount
$(adds "$(mount_json bind "$source" /m idmap=uids=0-1-1)")|idmap=uids=0-1-1: needs both uids= and gids=
$(adds "$(mount_json bind "$source" /m 'idmap=uids=0-1;gids=0-1-1')")|"0-1" is not FROM-TO-SIZE
$(adds "$(mount_json bind "$source" /m 'idmap=uids=0-1-0;gids=0-1-1')")|"0-1-0" is not FROM-TO-SIZE
$(adds "$(mount_json bind "$source" /m 'idmap=ids=0-1-1')")|"ids=0-1-1" is neither uids= nor gids=
.mounts += [$(mount_json bind "$source" /m 'idmap=uids=0-1-1;gids=0-1-1') + $(maps 1 1)]|the mount has uidMappings as well
END
    b=$(bundle wrong "$(adds "$(mount_json bind "$source" /m 'idmap=uids=@0-70000-1;gids=0-1-1')")" "$(user_namespace)")
    expect_error "id 70000 of the container is not in linux.uidMappings" run -b "$b" wrong
}
