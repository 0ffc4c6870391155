# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What a user is promised, as checks: two distributions, busybox and Debian, share one network and nothing else.
#
#     load ../bats/helpers
#     load rootfs
#     setup_file() { make_distributions; }
#     setup() { requires_distributions; start_test; }
#
# Debian is that of the machine: the files of its essential packages, so that no mirror is needed.

NAMES=(busybox debian)
declare -gA PORT=([busybox]=8080 [debian]=8081) OTHER=([busybox]=debian [debian]=busybox) PID=()

requires_distributions() {
    requires root world cmd:dpkg-query cmd:ss cmd:lsns cmd:ps
}

# In setup_file: $BATS_FILE_TMPDIR/{busybox,debian}, root file systems whose /init is process 1.
make_distributions() {
    command -v dpkg-query >/dev/null && [ -n "${DISTRO_SHIM_WORLD:-}" ] || return 0
    make_rootfs && cp -a "$BATS_FILE_TMPDIR/rootfs" "$BATS_FILE_TMPDIR/busybox" || return 1
    make_debian "$BATS_FILE_TMPDIR/debian" || return 1
    local root name
    for name in "${NAMES[@]}"; do
        root=$BATS_FILE_TMPDIR/$name
        mkdir -p "$root/www"
        echo "127.0.0.1 localhost" >"$root/etc/hosts"
        "${name}_init" "${PORT[$name]}" "${PORT[${OTHER[$name]}]}" >"$root/init" && chmod 755 "$root/init" || return 1
    done
    printf 'NAME="BusyBox"\nPRETTY_NAME="BusyBox"\n' >"$BATS_FILE_TMPDIR/busybox/etc/os-release"
}

# The essential packages and what these depend on, as far as it is installed.
essential_packages() {
    dpkg-query -W -f '${Package}|${Essential}|${Pre-Depends}, ${Depends}\n' | awk -F '|' '
        {
            name = $1
            if ($2 == "yes") queue[++last] = name
            sub(/^[^|]*\|[^|]*\|/, "")
            gsub(/\([^)]*\)|:any/, "")
            needs[name] = $0
        }
        END {
            for (i = 1; i <= last; i++) {
                name = queue[i]
                if (!(name in needs) || seen[name]++) continue
                print name
                count = split(needs[name], one, /[,| ]+/)
                for (j = 1; j <= count; j++) queue[++last] = one[j]
            }
        }'
}
make_debian() { # DIRECTORY
    local root=$1 directory
    mkdir -p "$root"/{dev,etc,proc,root,run,sys,tmp,usr,var} && chmod 1777 "$root/tmp" || return 1
    # as debootstrap makes them, and no package
    for directory in bin sbin lib lib64; do
        mkdir "$root/usr/$directory" && ln -s "usr/$directory" "$root/$directory" || return 1
    done
    # shellcheck disable=SC2046 # names of packages
    dpkg-query -L $(essential_packages) | grep '^/' | grep -vE '^/\.?$|^/usr/share/(doc|man|locale|info|lintian)/|^/var/|^/(proc|sys|dev)/' |
        sort -u | tar -C / -c --no-recursion -T - 2>/dev/null | tar -C "$root" -x --keep-directory-symlink || return 1
    echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    chroot "$root" /bin/bash -c 'type perl' >/dev/null
}

# ---- what both do as process 1: say who they are, serve that as a page, ask the other one for its page

common_init() {
    cat <<'EOF'
trap 'exit 0' TERM
. /etc/os-release
echo "name $PRETTY_NAME"
echo "process $$"
for n in pid mnt net ipc uts cgroup; do echo "inside $(readlink /proc/self/ns/$n)"; done
page="I am $PRETTY_NAME, host name $(cat /proc/sys/kernel/hostname), $(readlink /proc/self/ns/pid)"
echo "page $page"
EOF
}
busybox_init() { # PORT-OF-ITS-OWN PORT-OF-THE-OTHER
    echo '#!/bin/sh'
    common_init
    cat <<EOF
echo "\$page" >/www/index.html
httpd -f -p 127.0.0.1:$1 -h /www &
tries=0
until answer=\$(wget -q -O - http://localhost:$2/); do
    tries=\$((tries + 1))
    [ \$tries -lt 100 ] || break
    sleep 0.1
done
echo "answer \$answer"
wait
EOF
}
# Debian's smallest system has no web server and no wget; it has perl, and bash can call.
debian_init() {
    cat <<'EOF'
#!/bin/bash
cat >/server.pl <<'END'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], ReuseAddr => 1, Listen => 5)
    or die "port $ARGV[0]: $!";
while (my $caller = $server->accept) {
    while (<$caller>) { last if /^\r?\n/ }
    print $caller "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n$ENV{page}\n";
    close $caller;
}
END
cat >/ask <<'END'
#!/bin/bash
# asks the port of localhost for its page
exec 3<>"/dev/tcp/localhost/$1" || exit 1
printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
sed '1,/^\r*$/d' <&3 | grep .
END
chmod 755 /ask
EOF
    common_init
    cat <<EOF
export page
perl /server.pl $1 &
for ((tries = 0; tries < 100; tries++)); do
    answer=\$(/ask $2 2>/dev/null) && break
    sleep 0.1
done
echo "answer \$answer"
wait
EOF
}
# What asks in there for a page: busybox has wget.
ask_command() { # NAME PORT
    case $1 in busybox) echo "wget -q -O - http://localhost:$2" ;; *) echo "/ask $2" ;; esac
}

# ---- starting both

# bundle_of NAME [JQ-FILTER]: the bundle $BATS_TEST_TMPDIR/NAME
bundle_of() {
    local where=$BATS_TEST_TMPDIR/$1
    mkdir -p "$where" && rm -f "$where/config.json" && shim spec --bundle "$where" &&
        edit_config "$where" ".process.terminal = false | .process.args = [\"/init\"] | .hostname = \"$1\" |
            .root.path = \"$BATS_FILE_TMPDIR/$1\" ${2:+| $2}"
}
start_both() { # [JQ-FILTER]
    local name
    for name in "${NAMES[@]}"; do
        bundle_of "$name" "${1:-}" || return 1
        # the distribution gets its output, and nothing else that is open here
        shim create --bundle "$BATS_TEST_TMPDIR/$name" --pid-file "$name.pid" "$name" >"$name.log" 2>&1 </dev/null 3>&- ||
            { cat "$name.log" >&2 && return 1; }
        PID[$name]=$(<"$name.pid")
    done
    for name in "${NAMES[@]}"; do shim start "$name" 3>&- || return 1; done
}
said() { sed -n "s/^$2 //p" "$1.log"; } # NAME KEY: what the distribution itself has written
wait_for_answers() {
    local name
    for name in "${NAMES[@]}"; do
        wait_until grep -q '^answer .' "$name.log" || { tail -n 3 "$name.log" >&2 && return 1; }
    done
}

# ---- what is promised; each says what does not hold, and fails

inode() { readlink "/proc/$1/ns/$2" | tr -dc 0-9; } # PID KIND
broken() {
    echo "the promise does not hold: $1" >&2
    return 1
}

# The kernel, lsns and the distributions themselves say the same of each namespace.
namespaces_hold() { # NETWORK
    local kind name host one two seen tries
    for kind in pid mnt ipc uts cgroup net user time; do
        host=$(inode self $kind) one=$(inode "${PID[busybox]}" $kind) two=$(inode "${PID[debian]}" $kind)
        case $kind in
        net)
            [ "$one" = "$two" ] || broken "both have the same network namespace" || return 1
            [ "$one" != "$host" ] || broken "the network is not the host's" || return 1
            [ "$one" = "$(stat -L -c %i "$1")" ] || broken "the network is $1" || return 1
            ;;
        user | time)
            [ "$one" = "$host" ] && [ "$two" = "$host" ] || broken "the $kind namespace is the host's" || return 1
            ;;
        *)
            [ "$one" != "$two" ] && [ "$one" != "$host" ] && [ "$two" != "$host" ] ||
                broken "each has its own $kind namespace" || return 1
            ;;
        esac
        for name in "${NAMES[@]}"; do
            # it reads all of /proc, and gives up where a process ends meanwhile
            for tries in 1 2 3 4 5; do
                seen=$(lsns --noheadings --raw --output NS --type $kind --task "${PID[$name]}" 2>/dev/null) && break
            done
            [ "$seen" = "$(inode "${PID[$name]}" $kind)" ] ||
                broken "lsns says the same of the $kind namespace of $name (after $tries tries)" || return 1
            case $kind in user | time) continue ;; esac
            case $(said "$name" inside) in
            *"$kind:[$(inode "${PID[$name]}" $kind)]"*) ;;
            *) broken "$name sees the same $kind namespace from inside" || return 1 ;;
            esac
        done
    done
    for name in "${NAMES[@]}"; do
        [ "$(said "$name" process)" = 1 ] || broken "the first process of $name is process 1 in there" || return 1
    done
}

# Each has got the page of the other at localhost, which at the host is silent.
pages_hold() {
    local name other port
    for name in "${NAMES[@]}"; do
        other=${OTHER[$name]}
        # the page carries the server's PID namespace: no other process could have sent it
        case $(said "$other" page) in
        *"host name $other, pid:[$(inode "${PID[$other]}" pid)]") ;;
        *) broken "the page of $other tells its host name and PID namespace" || return 1 ;;
        esac
        [ "$(said "$name" answer)" = "$(said "$other" page)" ] ||
            broken "$name gets the page of $other at http://localhost:${PORT[$other]}" || return 1
    done
    for port in "${PORT[@]}"; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            broken "the host's own localhost:$port is silent" || return 1
        fi
    done
}

# The host sees the process trees of both; each of them sees its own alone.
processes_hold() {
    local name table inside
    table=$(ps axjf)
    for name in "${NAMES[@]}"; do
        grep -qE "^ *[0-9]+ +${PID[$name]} " <<<"$table" || broken "ps axjf shows ${PID[$name]}, the first process of $name" || return 1
        grep -qE "^ *${PID[$name]} +[0-9]+ " <<<"$table" || broken "ps axjf shows a child of ${PID[$name]}" || return 1
        # its own few: init, the server, what looks
        inside=$(shim exec "$name" sh -c 'echo /proc/[0-9]*' 3>&- </dev/null) || return 1
        [ "$(wc -w <<<"$inside")" -le 6 ] && [[ " $inside " == *" /proc/1 "* ]] ||
            broken "$name sees its own processes alone, not: $inside" || return 1
    done
}

# ---- what is left

is_alive() { # PID; a zombie is dead, and its parent's affair
    local state
    state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
    case $state in '' | [ZX]*) false ;; *) true ;; esac
}
# What the kernel, the runtime or a crash may have left of both; nothing where all is well.
leftovers() {
    local name
    for name in "${NAMES[@]}"; do
        find /sys/fs/cgroup -type d -name "$name" 2>/dev/null
        [ ! -e "$SHIM_ROOT/$name" ] || echo "$SHIM_ROOT/$name"
        if [ -n "${PID[$name]:-}" ] && is_alive "${PID[$name]}"; then echo "process ${PID[$name]}"; fi
    done
    "$DISTRO_SHIM" members --quiet | grep -xE 'busybox|debian' || true
    awk -v path="$BATS_FILE_TMPDIR/" 'index($5, path) == 1 { print "mount " $5 }' /proc/self/mountinfo
}

# All of the host that any of it may change.
everything() {
    machine_state | grep -vE '^[0-9]+ [0-9]+$' # processes have other numbers
    nft list ruleset
    find /etc /var /run \( -path /run/.world -o -path /run/mount \) -prune -o -print | sort
    cat /proc/sys/net/ipv4/ip_forward
}
