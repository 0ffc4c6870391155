#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Attacks on the policy file beside those of policy-file.bats: files that change while they are read, what lies at the
# program's own place, lists of access, and what root of a user namespace is shown.
# world: hybrid legacy v2

# shellcheck disable=SC2016 # what is in single quotes is for another shell

load helpers
load policy

setup_file() { make_rootfs; }
setup() {
    start_policy_test
    changer='' top=''
    b=$(bundle c1 "$(args sleep 1000)")
    policy '{"version": 1}'
    d=$SHIM_POLICY_DIRECTORY file=$SHIM_POLICY
    SHIM_POLICY=
}
teardown() {
    [ -z "${changer:-}" ] || { rm -f "$BATS_TEST_TMPDIR/changing" && wait "$changer"; } 2>/dev/null || true
    [ -z "${top:-}" ] || ! mountpoint -q "$top" || umount "$top"
    end_policy_test
}

# refused FILE PATTERN: nothing is made under it, and what lives can be looked at, stopped and deleted
refused() {
    expect_error "$2" --policy "$1" create -b "$b" c1
    expect_error "$2" --policy "$1" run -b "$b" c1
    expect_error "$2" --policy "$1" explain -b "$b"
    [ ! -e "$SHIM_ROOT/c1" ]
}
outlives() { # FILE
    is "$(shim_in 10 --policy "$1" state alive | jq -r .status)" running
    shim_in 10 --policy "$1" kill alive KILL
    wait_until test_stopped alive
    shim_in 15 --policy "$1" delete alive
    [ ! -e "$SHIM_ROOT/alive" ]
}

# lets FILE MODE: user 1000 may do that, by a list of access (acl(5))
lets() {
    /usr/bin/python3 -c 'import os, struct, sys
entry = lambda tag, may, who=0xffffffff: struct.pack("<HHI", tag, may, who)
may = int(sys.argv[2])
os.setxattr(sys.argv[1], "system.posix_acl_access", struct.pack("<I", 2) + entry(1, 7) + entry(2, may, 1000) + entry(4, 5) + entry(16, may | 5) + entry(32, 5))' "$1" "$2"
}

@test "what a list of access lets another user write is not believed" {
    requires file:/usr/bin/python3
    lets "$file" 6 2>/dev/null || skip "needs a file system with lists of access below /run"
    [ "$(setpriv --reuid 1000 --clear-groups sh -c "echo >>$file && echo written")" = written ]
    refused "$file" "can be written by others"
    policy '{"version": 1}'
    SHIM_POLICY=
    lets "$file" 4
    shim_in 10 --policy "$file" create -b "$b" c1 </dev/null >out 2>&1
    shim_in 15 delete --force c1
    lets "$d" 7
    refused "$file" "can be written by others"
}

@test "more kinds of files and sizes" {
    shim_in 10 run -d -b "$b" alive </dev/null
    truncate -s 4G "$d/sparse" && refused "$d/sparse" 'large|64 KiB|65536|bytes'
    : >"$d/empty" && refused "$d/empty" 'no value'
    head -c 12 "$file" >"$d/cut" && refused "$d/cut" 'cut:1:'
    head -c 65000 /dev/zero >"$d/zeros" && refused "$d/zeros" 'zeros:1:'
    mknod "$d/block" b 7 99 && refused "$d/block" 'not a regular file'
    mknod "$d/zero" c 1 5 && refused "$d/zero" 'not a regular file'
    perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un($ARGV[0])) or die' "$d/socket"
    refused "$d/socket" 'not a regular file'
    ln -s loop "$d/loop" && refused "$d/loop" 'symbolic link'
    ln -s nowhere "$d/dangling" && refused "$d/dangling" 'symbolic link'
    mkdir "$d/set" && chmod 2775 "$d/set" && cp "$file" "$d/set/p.json" && refused "$d/set/p.json" "can be written by others"
    cp "$file" "$d/all.json" && chmod 0662 "$d/all.json" && refused "$d/all.json" "can be written by others"
    cp "$file" "$d/group.json" && chown 0:1000 "$d/group.json" && chmod 0664 "$d/group.json" && refused "$d/group.json" "can be written by others"
    for name in '' "$d/../distro-shim-test/none.json" /proc/self/fd/0 /dev/fd/0 /dev/stdin /proc/self/root"$file"; do
        expect_error . --policy "$name" create -b "$b" c1
        [ ! -e "$SHIM_ROOT/c1" ]
    done
    # a name is gone over again from the top
    shim_in 10 --policy "$d/../distro-shim-test/policy.json" create -b "$b" c1 </dev/null >out 2>&1
    in_shared "$(init_of c1)"
    outlives "$d/sparse"
}

@test "a file that is exchanged, truncated or written meanwhile: one or the other, or an error, never a mixture" {
    local way i made=0 status
    ip netns add other
    # of the same length, and with what makes a mixture show
    printf '%-400s' '{"version": 1, "network": {"namespace": "/run/netns/distros"}}' >"$d/one"
    printf '%-400s' '{"version": 1, "network": {"namespace": "/run/netns/other"}}' >"$d/two"
    for way in 'cp "$d/one" "$d/new"; mv "$d/new" "$d/policy.json"; cp "$d/two" "$d/new"; mv "$d/new" "$d/policy.json"' \
        'cp "$d/one" "$d/policy.json"; cp "$d/two" "$d/policy.json"' \
        'rm -f "$d/policy.json"; cp "$d/one" "$d/policy.json"; rm -f "$d/policy.json"; ln -s two "$d/policy.json"' \
        'rm -f "$d/policy.json"; cp "$d/two" "$d/policy.json"; chmod 666 "$d/policy.json"; chmod 644 "$d/policy.json"'; do
        touch changing
        while [ -e changing ]; do eval "$way"; done >/dev/null 2>&1 3>&- &
        changer=$!
        for i in {1..30}; do
            status=0
            shim_in 10 --policy "$d/policy.json" create -b "$b" c1 </dev/null >out 2>&1 || status=$?
            if [ $status = 0 ]; then
                made=$((made + 1))
                [ "/proc/$(init_of c1)/ns/net" -ef /run/netns/distros ] || [ "/proc/$(init_of c1)/ns/net" -ef /run/netns/other ]
                shim_in 15 delete --force c1
            else
                is $status 1
                matches "$(<out)" "policy"
                [ ! -e "$SHIM_ROOT/c1" ]
            fi
        done
        rm changing
        wait $changer
        changer=''
    done
    [ $made -gt 0 ]
}

@test "at the program's own place: untrusted, or one that others could put there, is a refusal and not the built-in policy" {
    local path
    path=$(grep -aoE '/[[:alnum:]/._-]+/distro-shim/policy\.json' "$DISTRO_SHIM" | grep -v '^/\.config' | head -n 1)
    top=$(dirname "$(dirname "$path")")
    [ ! -e "$path" ] || skip "this machine has a policy: $path"
    [ -d "$top" ] || skip "there is no $top"
    shim_in 10 run -d -b "$b" alive </dev/null
    edit_config "$b" "$(without network)"
    mount -t tmpfs -o mode=755 tmpfs "$top"
    here=$top/distro-shim
    # put KIND: what lies there
    put() {
        rm -rf "$here" && mkdir "$here"
        case $1 in
        missing) ;;
        open-directory) chmod 777 "$here" ;;
        sticky-directory) chmod 1777 "$here" ;;
        foreign-directory) chown 1000 "$here" ;;
        link-directory) rmdir "$here" && ln -s "$d" "$here" ;;
        dangling-directory) rmdir "$here" && ln -s nowhere "$here" ;;
        file-for-directory) rmdir "$here" && cp "$file" "$here" ;;
        foreign) cp "$file" "$here/policy.json" && chown 1000 "$here/policy.json" ;;
        open) cp "$file" "$here/policy.json" && chmod 666 "$here/policy.json" ;;
        link) ln -s "$file" "$here/policy.json" ;;
        dangling) ln -s nowhere "$here/policy.json" ;;
        hard) cp "$file" "$here/policy.json" && ln "$here/policy.json" "$here/other" ;;
        fifo) mkfifo "$here/policy.json" ;;
        directory) mkdir "$here/policy.json" ;;
        device) mknod "$here/policy.json" c 1 3 ;;
        empty) : >"$here/policy.json" ;;
        cut) head -c 12 "$file" >"$here/policy.json" ;;
        twice) echo '{"version": 1, "version": 1}' >"$here/policy.json" ;;
        large) printf '{"version": 1}%65536s' '' >"$here/policy.json" ;;
        later) echo '{"version": 2}' >"$here/policy.json" ;;
        esac
    }
    for kind in open-directory sticky-directory foreign-directory link-directory dangling-directory file-for-directory foreign open link dangling \
        hard fifo directory device empty cut twice large later; do
        put "$kind"
        echo "$kind"
        expect_error "policy|$here" create -b "$b" c1
        expect_error "policy|$here" run -b "$b" c1
        [ ! -e "$SHIM_ROOT/c1" ]
        is "$(shim_in 10 state alive | jq -r .status)" running
        # what an engine says does not help
        expect_error "policy|$here" --rootless true create -b "$b" c1
    done
    # without one, in directories that root alone can write, it is the built-in one
    put missing
    shim_in 10 create -b "$b" c1 </dev/null >out 2>&1
    in_shared "$(init_of c1)"
    put fifo
    shim_in 10 start c1
    shim_in 15 delete --force c1
    shim_in 10 kill alive KILL
    wait_until test_stopped alive
    shim_in 15 delete alive
    umount "$top"
    top=''
}

@test "root of a user namespace is shown root's files as another's: the system's policy holds, a stranger's is not taken for it" {
    requires userns cmd:setpriv
    local path home=/run/policy-trust.$$
    path=$(grep -aoE '/[[:alnum:]/._-]+/distro-shim/policy\.json' "$DISTRO_SHIM" | grep -v '^/\.config' | head -n 1)
    top=$(dirname "$(dirname "$path")")
    [ ! -e "$path" ] && [ -d "$top" ] || { top='' && skip "this machine has a policy, or no $top"; }
    mkdir -p "$home/.config/distro-shim"
    cp "$DISTRO_SHIM" "$home/distro-shim"
    chown -R 1000:1000 "$home"
    as() { # COMMAND...: in a user namespace of user 1000, whose root it is
        (cd "$home" && env -i PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home" setpriv --reuid 1000 --regid 1000 --clear-groups \
            unshare --user --map-root-user --mount timeout 10 ./distro-shim "$@" </dev/null 2>&1)
    }
    mount -t tmpfs -o mode=755 tmpfs "$top"
    mkdir "$top/distro-shim"
    # root's, which shows there as 65534
    echo '{"version": 1, "procSys": "requested"}' >"$path"
    contains "$(as policy show --format text)" "procSys: \"requested\" ($path"
    # writable by others it is not believed there either
    chmod 666 "$path"
    contains "$(as policy show || true)" "can be written by others"
    chmod 644 "$path"
    # a stranger's file shows as 65534, too: where a user could have put it, it is not believed
    echo '{"version": 1, "mode": "observe"}' >"$home/stranger.json"
    chown 2000 "$home/stranger.json"
    contains "$(as policy check stranger.json || true)" "stranger.json' belongs to user 65534"
    cp "$home/stranger.json" "$home/.config/distro-shim/policy.json" && chown 2000 "$home/.config/distro-shim/policy.json"
    contains "$(as policy show || true)" "policy.json' belongs to user 65534"
    # root's own is no user's either, at such a place
    chown 0 "$home/.config/distro-shim/policy.json"
    contains "$(as policy show || true)" "policy.json' belongs to user 65534"
    # not prevented: what the user gives himself is advice to himself
    chown 1000 "$home/.config/distro-shim/policy.json"
    contains "$(as policy show --format text)" 'mode: "observe"'
    umount "$top"
    top=''
    rm -rf "$home"
}
