# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A distribution with this machine's systemd: `load distribution` after `load helpers`.

# A root file system whose /usr is this machine's, with nothing of this machine's in the rest.
make_distribution() {
    local root=$BATS_FILE_TMPDIR/distribution name
    mkdir -p "$root"/{dev,etc/systemd/system,proc,run,sys,tmp,usr,var/log/journal,root}
    for name in bin sbin lib lib64; do ln -s usr/$name "$root/$name"; done
    echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
    echo distribution >"$root/etc/hostname"
    printf 'root:x:0:0:root:/root:/bin/sh\nmessagebus:x:81:81::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
    printf 'root:x:0:\nmessagebus:x:81:\nnogroup:x:65534:\n' >"$root/etc/group"
    ln -s /usr/lib/os-release "$root/etc/os-release"
    # what all of this is for
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "exec cat /proc/self/cgroup >/run/group"\n' >"$root/etc/systemd/system/own.service"
    printf '[Unit]\nRequires=basic.target own.service\nAfter=basic.target own.service\nWants=console-getty.service\nAllowIsolate=yes\n' >"$root/etc/systemd/system/default.target"
}

needs_systemd() {
    local version
    requires file:/usr/lib/systemd/systemd cmd:systemctl
    version=$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')
    [ "$DISTRO_SHIM_WORLD" = v2 ] || [ "$version" -lt 256 ] || skip "systemd $version knows no cgroups of version 1"
}
