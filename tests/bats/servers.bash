# shellcheck shell=bash disable=SC2034 # the variables are those of the tests
# SPDX-License-Identifier: Apache-2.0
# Distributions with real servers as Debian packages them, configured as there: `load servers` after `load helpers`, `load policy`,
# `load address`. Their files are of tests/engines/fetch, over the machine's own /usr.

: "${SERVERS:=${DISTRO_SHIM_ENGINES:-${XDG_CACHE_HOME:-/var/cache}/distro-shim-tests/engines}/servers}"
DOCKERS_CAPABILITIES=(CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP
    CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SYS_CHROOT CAP_MKNOD CAP_AUDIT_WRITE CAP_SETFCAP)

start_servers_test() {
    [ -e "$SERVERS/recipe" ] || skip "needs real servers: tests/engines/fetch has not been run"
    start_address_test
}
# What the packages' own scripts do where they are installed.
SETTLE='
mkdir -p /run/sshd /run/dbus /run/systemd/resolve /run/systemd/system /run/avahi-daemon /run/postgresql /var/run /var/log/nginx /var/lib/nginx /var/lib/dbus
chown systemd-resolve: /run/systemd/resolve && chown avahi:avahi /run/avahi-daemon && chown postgres:postgres /run/postgresql
dbus-uuidgen >/etc/machine-id
ln -s ../sites-available/default /etc/nginx/sites-enabled/default
cp /usr/share/openssh/sshd_config /etc/ssh/ && ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
# distribution NAME COMMAND: a bundle ./NAME that runs it once it is settled; /etc and /var are its own
distribution() {
    local root=$1/rootfs name number=900
    mkdir -p "$root"/{etc,usr,run,tmp,root/.ssh,dev,proc,sys,var/{lib,log,tmp,cache},var/www/html}
    chmod 1777 "$root/tmp" "$root/var/tmp" && chmod 700 "$root/root" "$root/root/.ssh"
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
    ln -s ../run "$root/var/run"
    cp -a /etc/. "$SERVERS/root/etc/." "$root/etc/" && rm -rf "$root/etc/postgresql" "$root/etc/resolv.conf"
    for name in messagebus postgres systemd-resolve avahi sshd netdev; do
        number=$((number + 1))
        grep -q "^$name:" "$root/etc/group" || echo "$name:x:$number:" >>"$root/etc/group"
        grep -q "^$name:" "$root/etc/passwd" ||
            echo "$name:x:$number:$(awk -F: -v name="$name" '$1 == name { print $3 }' "$root/etc/group")::/run:/usr/sbin/nologin" >>"$root/etc/passwd"
    done
    printf '127.0.0.1 localhost\n::1 localhost\n192.0.2.1 hosts-of-%s\n' "$1" >"$root/etc/hosts"
    echo 'nameserver 127.0.0.53' >"$root/etc/resolv.conf"
    echo "page of $1" >"$root/var/www/html/index.html"
    "$DISTRO_SHIM" spec --bundle "$1" && edit_config "$1" ".process.terminal = false | .root.readonly = false | .hostname = \"$1\"
        | .mounts += [{destination: \"/usr\", type: \"overlay\", source: \"overlay\", options: [\"lowerdir=$SERVERS/root/usr:/usr\"]},
            {destination: \"/run\", type: \"tmpfs\", source: \"tmpfs\", options: [\"mode=755\"]}]
        | .process.env = [\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\", \"LC_ALL=C\"]
        | $(capabilities "${DOCKERS_CAPABILITIES[@]}") | del(.process.capabilities | .inheritable, .ambient) | .process.rlimits = [] | $(args sh -c "$SETTLE
$2
while :; do sleep 1000; done")"
}
# Both, with the same command
two_distributions() { # COMMAND
    local name
    for name in d1 d2; do
        distribution $name "$1" && shim_in 10 run -d -b $name $name </dev/null >"$name.log" 2>&1 || return 1
    done
}
BUS='dbus-daemon --system --nofork --nosyslog &
until dbus-send --system --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames; do sleep 0.1; done 2>/dev/null'
# As a unit of systemd starts one that has a user and capabilities of its own.
AS_RESOLVER='setpriv --reuid systemd-resolve --regid systemd-resolve --clear-groups --inh-caps +net_bind_service,+setpcap --ambient-caps +net_bind_service,+setpcap'
inside() { shim_in 20 exec "$@"; } # NAME COMMAND...
end_servers_test() {
    local name
    [ -z "${BATS_ERROR_STATUS:-}" ] || [ "$BATS_ERROR_STATUS" = 0 ] || tail -n 30 ./*.log >&2 || true
    for name in d1 d2; do [ ! -e "$SHIM_ROOT/$name" ] || shim delete --force $name; done
    ip route del 10.78.0.0/24 via 10.77.0.2 2>/dev/null || true
    end_address_test
}
