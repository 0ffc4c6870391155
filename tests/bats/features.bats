#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `features` says is what a configuration may ask for, no more and no less. What stands against it is not
# the program's: lists of the specification and of the kernel's headers, and what the kernel shows of a container
# that was given each of them.
# world: hybrid

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container or for jq

load helpers
load mounts

setup_file() {
    make_rootfs
    "$DISTRO_SHIM" features >"$BATS_FILE_TMPDIR/features.json"
    # where it does not compile (no static C library), the tests that need it say so
    cc -O1 -static -pthread -o "$BATS_FILE_TMPDIR/effects" "$BATS_TEST_DIRNAME/effects.c" || return 0
    [ ! -d "$BATS_FILE_TMPDIR/rootfs" ] || cp "$BATS_FILE_TMPDIR/effects" "$BATS_FILE_TMPDIR/rootfs/bin"
}
setup() {
    requires root world
    start_test
    helpers=()
}
teardown() {
    [ ${#helpers[@]} -eq 0 ] || { kill -KILL "${helpers[@]}" && wait "${helpers[@]}"; } 2>/dev/null || true
    umount_all
    end_test
}

says() { jq -r "$1" "$BATS_FILE_TMPDIR/features.json"; }
# says_exactly PATH NAME...: these and no others, in whatever order
says_exactly() {
    local path=$1
    shift
    diff <(printf '%s\n' "$@" | sort) <(says "$path | .[]" | sort) || { echo "(<: wanted in $path; >: is there)" >&2 && false; }
}
observe() { policy '{"version": 1, "mode": "observe"}'; }
# plain: one bundle for many containers, each with its own config.json
plain() {
    b=$(bundle features "$@")
    cp "$b/config.json" "$b/plain.json"
}
change() { jq "$@" "$b/plain.json" >"$b/config.json"; }
effects() { requires cmd:cc "file:$BATS_FILE_TMPDIR/effects"; }

@test "it fits the schema, and the specification's words" {
    requires cmd:python3
    run /usr/bin/python3 -W ignore "$DISTRO_SHIM_SOURCE/tests/schema/validate.py" \
        "$DISTRO_SHIM_SOURCE/config-schema/features.json" "$BATS_FILE_TMPDIR/features.json"
    [ "$status" != 77 ] || skip "needs python3-jsonschema"
    is "$status $output" "0 "
    says_exactly .potentiallyUnsafeConfigAnnotations run.oci.{keep_original_groups,pidfd_receiver,mount_context_type,systemd.subgroup,delegate-cgroup,hooks.stdout,hooks.stderr} \
        run.oci.seccomp{.receiver,_bpf_data,_fail_unknown_syscall} run.oci.systemd.force_cgroup_v1 org.systemd.property. org.criu.config
    is "$("$DISTRO_SHIM" --version | sed -n 's/^spec: //p')" "$(says .ociVersionMax)"
    is "$("$DISTRO_SHIM" --version | sed -n '1s/.* //p')" "$(says '.annotations["io.github.distro-shim.version"]')"
}

@test "versions of the specification: the first and the last are taken, what lies outside is not" {
    local version
    is "$(says '[.ociVersionMin, .ociVersionMax] | join(" ")')" "1.0.0 1.3.0"
    plain "$(args true)"
    for version in 1.0.0 1.0.2-dev 1.3.0; do
        change --arg v $version '.ociVersion = $v'
        succeeds run -b "$b" c1
    done
    for version in 0.9.0 2.0.0 1 one; do
        change --arg v $version '.ociVersion = $v'
        expect_error 'ociVersion' run -b "$b" c1
    done
}

# ---- mounts

# Each option of config.md "Linux mount options", and runc's and crun's own, with what it changes: `of` is a bind
# of a mount with another below it that are either plain, or have every attribute (full), strict access times
# (strict) or peers (spread); or a new file system (new). `first` is an option before it. `it` and `below` are
# what the two mounts show then that their sources do not, and the other way round.
changes() {
    sed 's/ *#.*//; /^$/d' <<'END'
# option        of      first    it                  below
defaults        plain   -        =                   =
defaults        full    -        =                   =
ro              plain   -        +ro                 =
rro             plain   -        +ro                 +ro
rw              full    -        -ro                 =
rrw             full    -        -ro                 -ro
nosuid          plain   -        +nosuid             =
rnosuid         plain   -        +nosuid             +nosuid
suid            full    -        -nosuid             =
rsuid           full    -        -nosuid             -nosuid
nodev           plain   -        +nodev              =
rnodev          plain   -        +nodev              +nodev
dev             full    -        -nodev              =
rdev            full    -        -nodev              -nodev
noexec          plain   -        +noexec             =
rnoexec         plain   -        +noexec             +noexec
exec            full    -        -noexec             =
rexec           full    -        -noexec             -noexec
nosymfollow     plain   -        +nosymfollow        =
rnosymfollow    plain   -        +nosymfollow        +nosymfollow
symfollow       full    -        -nosymfollow        =
rsymfollow      full    -        -nosymfollow        -nosymfollow
nodiratime      plain   -        +nodiratime         =
rnodiratime     plain   -        +nodiratime         +nodiratime
diratime        full    -        -nodiratime         =
rdiratime       full    -        -nodiratime         -nodiratime
# the kernel has three modes, and relatime is what it does without another
noatime         plain   -        +noatime-relatime   =
noatime         strict  -        +noatime            =
rnoatime        plain   -        +noatime-relatime   +noatime-relatime
atime           full    -        +relatime-noatime   =
ratime          full    -        +relatime-noatime   +relatime-noatime
relatime        full    -        +relatime-noatime   =
relatime        strict  -        +relatime           =
rrelatime       full    -        +relatime-noatime   +relatime-noatime
norelatime      plain   -        =                   =
norelatime      full    -        =                   =
rnorelatime     plain   -        =                   =
rnorelatime     full    -        =                   =
strictatime     plain   -        -relatime           =
strictatime     full    -        -noatime            =
rstrictatime    plain   -        -relatime           -relatime
nostrictatime   strict  -        +relatime           =
rnostrictatime  strict  -        +relatime           +relatime
# a copy of what has peers is their slave
private         spread  rshared  =                   +shared+slave
rprivate        spread  rshared  =                   =
shared          spread  -        +shared+slave       +slave
rshared         spread  -        +shared+slave       +shared+slave
slave           spread  rshared  +slave              +shared+slave
rslave          spread  rshared  +slave              +slave
unbindable      spread  rshared  +unbindable         +shared+slave
runbindable     spread  rshared  +unbindable         +unbindable
# of the file system
sync            new     -        +sync               -
async           new     sync     =                   -
dirsync         new     -        +dirsync            -
lazytime        new     -        +lazytime           -
nolazytime      new     lazytime =                   -
mand            new     -        +mand               -
nomand          new     mand     =                   -
rsync           new     -        +sync               -
rasync          new     sync     =                   -
rdirsync        new     -        +dirsync            -
rmand           new     -        +mand               -
rnomand         new     mand     =                   -
# nothing that could be seen: see the test below for what iversion says
iversion        new     -        =                   -
noiversion      plain   -        =                   =
silent          plain   -        =                   =
loud            plain   -        =                   =
END
    # a new file system gets its attributes in another way
    awk 'NF == 5 && $2 == "plain" { print $1, "made", $3, $4, "-" }' <<<"${1:-}"
}
# The others: each has lines of its own below.
OTHERS="bind rbind remount tmpcopyup copy-symlink src-nofollow dest-nofollow idmap ridmap"

# tree NAME [ATTRIBUTES]: a mount with another one below it
tree() {
    mkdir "$1" && mount -t tmpfs -o size=64k "$1" "$1" && mkdir "$1/sub" && mount -t tmpfs -o size=64k "$1" "$1/sub" || return 1
    echo "text of $1" | tee "$1/file" >"$1/sub/deep"
    [ -z "${2:-}" ] || { mount -o "remount,bind,$2" "$1/sub" && mount -o "remount,bind,$2" "$1"; }
}

@test "mount options: those of the specification and of the other runtimes, no others" {
    # shellcheck disable=SC2046,SC2086
    says_exactly .mountOptions $(changes | awk '{ print $1 }' | sort -u) $OTHERS
}

@test "mount options: what each changes, by what the kernel shows of the mount and of the one below it" {
    local table
    tree plain
    tree full ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow
    tree strict strictatime
    tree spread && mount --make-rshared spread
    table=$(changes "$(changes)")
    jq -Rn --arg at "$PWD" '[inputs | [splits(" +")] | . as [$option, $of, $first] |
        if $of == "new" or $of == "made" then {type: "tmpfs", source: "new"} else {type: "bind", source: "\($at)/\($of)", options: ["rbind"]} end |
        .destination = "/o/\($option).\($of)" | .options += ([$first, $option] - ["-"])]' <<<"$table" >mounts.json
    plain "$(args cat /proc/self/mountinfo)"
    change --slurpfile mounts mounts.json '.mounts += $mounts[0]'
    succeeds --log warnings --log-level warning run -b "$b" c1
    # the kernel has no flag of a mount that it shows for it; and the policy's word on mounts of the host that spread
    is "$(wc -l <warnings)" 2
    contains "$(<warnings)" 'kernelMounts ('
    contains "$(<warnings)" 'iversion\" cannot be asked for'
    awk '
        BEGIN {
            n = split("ro nosuid nodev noexec noatime nodiratime relatime nosymfollow shared slave unbindable sync dirsync mand lazytime", order, " ")
            base["plain"] = base["spread"] = base["new"] = base["made"] = ",relatime,"; base["strict"] = ",,"
            base["full"] = ",ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow,"
        }
        # attributes, propagation, options of the file system
        FNR == NR {
            words = $6
            for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); words = words "," ($i == "master" ? "slave" : $i) }
            m = split(words "," $(i + 3), list, ",")
            words = ","
            for (i = 1; i <= m; i++) if (list[i] !~ /=|^(rw|inode64|seclabel)$/) words = words list[i] ","
            shown[$5] = words
            next
        }
        function change(of, at,   plus, minus, i, word) {
            if (!(at in shown)) return "nothing"
            for (i = 1; i <= n; i++) {
                word = "," order[i] ","
                if (index(shown[at], word) && !index(base[of], word)) plus = plus "+" order[i]
                if (!index(shown[at], word) && index(base[of], word)) minus = minus "-" order[i]
            }
            return plus minus == "" ? "=" : plus minus
        }
        { at = "/o/" $1 "." $2; print $1, $2, $3, change($2, at), $5 == "-" ? "-" : change($2, at "/sub") }
    ' <(printf '%s\n' "$output") <(echo "$table") | diff <(tr -s ' ' <<<"$table") - || { echo "(<: wanted; >: what the kernel shows)" >&2 && false; }
}

@test "mount options: what is bound, remounted, copied, followed" {
    local added
    tree plain
    ln -s file plain/link
    added=$(
        mount_json none "$PWD/plain" /s/bind bind
        mount_json none "$PWD/plain" /s/rbind rbind
        mount_json tmpfs tmpfs /s/remount
        mount_json '' '' /s/remount remount ro nosuid
        mount_json tmpfs tmpfs /s/tmpcopyup tmpcopyup
        mount_json tmpfs tmpfs /s/covered
        mount_json bind "$PWD/plain/link" /s/copy-symlink bind copy-symlink
        mount_json bind "$PWD/plain/link" /s/src-nofollow bind src-nofollow
        mount_json bind "$PWD/plain/file" /s/dest-nofollow bind dest-nofollow
    )
    plain "$(args sh -c 'at() { awk -v at=/s/$1 '\''$5 == at { n++; words = $6 } END { print n + 0, words }'\'' /proc/self/mountinfo; }; cd /s
        for i in bind rbind; do echo $i $(ls $i) $(ls $i/sub); done
        echo remount $(at remount)
        for i in tmpcopyup covered; do echo $i $(ls $i) $(cat $i/of-the-image 2>/dev/null); done
        for i in copy-symlink src-nofollow dest-nofollow; do echo $i $(readlink $i || cat $i) $(at $i | cut -c 1); done
        echo $(cat elsewhere)')"
    mkdir -p "$b"/rootfs/s/{tmpcopyup,covered}
    echo text | tee "$b"/rootfs/s/{tmpcopyup,covered}/of-the-image >"$b/rootfs/s/elsewhere"
    ln -s elsewhere "$b/rootfs/s/dest-nofollow"
    change --slurpfile mounts <(echo "$added") '.mounts += $mounts'
    succeeds run -b "$b" c1
    diff - <(echo "$output") <<'END'
bind file link sub
rbind file link sub deep
remount 1 ro,nosuid,relatime
tmpcopyup of-the-image text
covered
copy-symlink file 0
src-nofollow file 1
dest-nofollow text of plain 1
text
END
}

@test "mount options: idmap and ridmap, by the owners that are seen" {
    requires kernel:6.3 # since then tmpfs can be idmapped
    local option mounts=()
    is "$(says .linux.mountExtensions.idmap.enabled)" true
    tree plain
    chown 7:8 plain/file plain/sub/deep
    for option in idmap ridmap; do
        mounts+=("$(mount_json bind "$PWD/plain" /$option rbind $option) + {uidMappings: [{containerID: 0, hostID: 5000, size: 10}], gidMappings: [{containerID: 0, hostID: 6000, size: 10}]}")
    done
    answers $'/idmap/file 5007:6008\n/idmap/sub/deep 7:8\n/ridmap/file 5007:6008\n/ridmap/sub/deep 5007:6008' \
        'stat -c "%n %u:%g" /*idmap/file /*idmap/sub/deep | sort' "$(adds "${mounts[@]}")"
}

# ---- what a container is made of

@test "namespaces: each is made, and no other" {
    local name other host wanted
    observe
    says_exactly .linux.namespaces pid network mount ipc uts user cgroup time
    plain "$(args sh -c 'cd /proc/self/ns && for n in *; do echo $n $(readlink $n); done')" \
        '.mounts |= map(select(.destination | IN("/proc", "/dev"))) | .linux |= {namespaces: [{type: "mount"}]} | del(.hostname)'
    host=$(cd /proc/self/ns && for n in *; do echo "$n $(readlink "$n")"; done)
    for name in $(says '.linux.namespaces[]'); do
        change --arg n "$name" '.linux.namespaces += ([{type: $n}] - [{type: "mount"}])
            | if $n == "pid" then . else .mounts |= map(if .destination == "/proc" then .type = "bind" | .source = "/proc" | .options = ["rbind"] else . end) end
            | if $n == "user" then .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings else . end'
        succeeds run -b "$b" c1
        other=$(comm -13 <(sort <<<"$host") <(sort <<<"$output") | awk '{ print $1 }' | xargs)
        case $name in
        pid) wanted="mnt pid pid_for_children" ;;
        network) wanted="mnt net" ;;
        mount) wanted="mnt" ;;
        time) wanted="mnt time time_for_children" ;;
        *) wanted=$(printf '%s\n' mnt "$name" | sort | xargs) ;;
        esac
        is "$name: $other" "$name: $wanted"
    done
    # another name is none
    change '.linux.namespaces += [{type: "net"}]'
    expect_error 'namespaces\[[0-9]+\].type' run -b "$b" c1
}

@test "capabilities: each is the one that the kernel's header has under its number" {
    local header=/usr/include/linux/capability.h last number name numbers own
    requires "file:$header"
    observe
    last=$(cat /proc/sys/kernel/cap_last_cap)
    numbers=$(awk -v last="$last" '$1 == "#define" && $2 ~ /^CAP_/ && $3 ~ /^[0-9]+$/ && $3 <= last { print $3, $2 }' $header)
    # shellcheck disable=SC2046
    says_exactly .linux.capabilities $(awk '{ print $2 }' <<<"$numbers")
    plain "$(args sleep 1000)" '.process.capabilities = {}'
    succeeds run -d -b "$b" c1
    # one process with each, as far as this machine has it to give
    own=$((16#$(sed -n 's/^CapBnd:\t//p' /proc/self/status)))
    jq -c '.process | .args = ["grep", "CapBnd", "/proc/self/status"] | .capabilities = {bounding: ["CAP_OF_THE_TEST"]}' "$b/config.json" >process.json
    while read -r number name; do
        printf '%s CapBnd:\t%016x\n' "$name" $((1 << number & own)) >>wanted
        sed "s/CAP_OF_THE_TEST/$name/" process.json >one.json
        echo "$name $(shim exec --process one.json c1 2>&1 </dev/null)" >>seen
    done <<<"$numbers"
    diff wanted seen
}

@test "hooks: each runs, and at its moment" {
    local kind filters=()
    says_exactly .hooks prestart createRuntime createContainer startContainer poststart poststop
    mkdir notes
    for kind in $(says '.hooks[]'); do
        filters+=("$(jq -nr --arg kind "$kind" --arg at "$([ "$kind" = startContainer ] && echo /notes || echo "$PWD/notes")" \
            '".hooks[\"\($kind)\"] = [" + ({path: "/bin/sh", args: ["sh", "-c", "cat >\($at)/\($kind); echo >>\($at)/\($kind); readlink /proc/self/ns/mnt >>\($at)/\($kind)"], env: ["PATH=/bin:/usr/bin"]} | tojson) + "]"')")
    done
    plain "$(args sh -c 'ls /notes | xargs; readlink /proc/self/ns/mnt')" "${filters[@]}" "$(adds "$(mount_json bind "$PWD/notes" /notes rbind)")"
    succeeds run -b "$b" c1
    # before the program; poststart may be later
    is "$(head -n 1 <<<"$output" | sed 's/ poststart//')" "createContainer createRuntime prestart startContainer"
    for kind in $(says '.hooks[]'); do
        echo "$kind $(sed '$d' "notes/$kind" | jq -r .status) $(tail -n 1 "notes/$kind" | sed "s/^$(readlink /proc/self/ns/mnt | sed 's/[][]/\\&/g')\$/host/; s/^$(tail -n 1 <<<"$output" | sed 's/[][]/\\&/g')\$/container/")"
    done >seen
    diff - <(sort seen) <<'END'
createContainer created container
createRuntime created host
poststart running host
poststop stopped host
prestart created host
startContainer created container
END
}

# ---- seccomp

# profile RULE...: a filter; a rule is NAME ACTION [MEMBERS-OF-THE-RULE]
profile() {
    jq -Rnr '".linux.seccomp = " + ({defaultAction: "SCMP_ACT_ALLOW", syscalls: [inputs | capture("^(?<name>\\S+) (?<action>\\S+) ?(?<more>.*)")
        | {names: [.name], action: "SCMP_ACT_\(.action)"} + (.more | if . == "" then {} else fromjson end)]} | tojson)' < <(printf '%s\n' "$@")
}
agent() { # ERRNO: answers with it for every call that it is asked about
    "$BATS_TEST_DIRNAME/listener.py" "$PWD/agent" "$PWD/heard" "$1" </dev/null >agent.log 2>&1 3>&- &
    helpers+=($!)
    wait_until test -S "$PWD/agent"
}
# Whether a tracer may see the filter of the first process of c1 (CONFIG_CHECKPOINT_RESTORE).
needs_filters() {
    local code=0
    "$BATS_FILE_TMPDIR/effects" arches "$(shim state c1 | jq .pid)" >/dev/null 2>refused || code=$?
    [ $code != 4 ] || skip "needs a kernel that shows filters: $(<refused)"
}
# answer NAME...: what the filter of the first process of c1 answers, with the names of linux/seccomp.h
answer() {
    "$BATS_FILE_TMPDIR/effects" answer "$(shim state c1 | jq .pid)" "$@" | sed -E 's/ 80000000/ KILL_PROCESS/; s/ 0$/ KILL_THREAD/; s/ 3([0-9a-f]{4})$/ TRAP/; s/ 5([0-9a-f]{4})$/ ERRNO \1/
        s/ 7fc00000/ NOTIFY/; s/ 7ff0([0-9a-f]{4})/ TRACE \1/; s/ 7ffc0000/ LOG/; s/ 7fff0000/ ALLOW/'
}

@test "seccomp: what each action does to a call" {
    effects
    says_exactly .linux.seccomp.actions SCMP_ACT_{KILL,KILL_PROCESS,KILL_THREAD,TRAP,ERRNO,TRACE,ALLOW,LOG,NOTIFY}
    answers $'getuid refused 71\ngeteuid trapped 1\ngetgid refused 38\ngetgid traced 72\ngetegid killed 31\ngetppid thread killed\ngetpgid thread killed\nsync done\ngetsid done' \
        . "$(args effects call getuid geteuid getgid getegid getppid getpgid sync getsid)" \
        "$(profile 'getuid ERRNO {"errnoRet": 71}' 'geteuid TRAP' 'getgid TRACE {"errnoRet": 72}' 'getegid KILL_PROCESS' \
            'getppid KILL_THREAD' 'getpgid KILL' 'sync LOG')"
    # a kernel log and "nothing" look alike from inside, so the filter itself is asked; under another default action, too
    plain "$(args sleep 1000)" "$(profile 'getuid LOG' 'sync ERRNO')"
    succeeds run -d -b "$b" c1
    needs_filters
    is "$(answer getuid getgid sync | xargs)" "getuid LOG getgid ALLOW sync ERRNO 0001"
    shim delete --force c1
    change '.linux.seccomp.defaultAction = "SCMP_ACT_LOG" | .linux.seccomp.syscalls[0].action = "SCMP_ACT_ALLOW"'
    succeeds run -d -b "$b" c1
    is "$(answer getuid getgid sync | xargs)" "getuid ALLOW getgid LOG sync ERRNO 0001"
}

@test "seccomp: notify asks the listener" {
    requires cmd:python3
    effects
    agent 95
    answers $'getuid refused 95\nsync done' . "$(args effects call getuid sync)" "$(profile 'getuid NOTIFY') | .linux.seccomp.listenerPath = \"$PWD/agent\""
}

@test "seccomp: each operator, below, at and above a value of 64 bits" {
    local big=$((0x100000005)) list=() rules=() op call
    effects
    says_exactly .linux.seccomp.operators SCMP_CMP_{NE,LT,LE,EQ,GE,GT,MASKED_EQ}
    while read -r op call; do
        rules+=("$call ERRNO $(jq -nc --arg op "SCMP_CMP_$op" --argjson value $big '{args: [{index: 0, op: $op, value: $value} + if $op == "SCMP_CMP_MASKED_EQ" then {value: 4294967299, valueTwo: 4294967297} else {} end]}')")
        list+=("$call,$((big - 1))" "$call,$big" "$call,$((big + 1))" "$call,5")
    done <<'END'
NE getuid
LT geteuid
LE getgid
EQ getegid
GE getppid
GT sched_yield
MASKED_EQ sync
END
    ask . "$(args effects call "${list[@]}")" "$(profile "${rules[@]}")"
    is "$status $stderr" "0 "
    # below, at, above, and with another upper half
    diff - <(awk '{ sub(/,.*/, "", $1); seen[$1] = seen[$1] " " ($2 == "refused" && $3 == 1 ? "holds" : "-") } END { for (i in seen) print i seen[i] }' <<<"$output" | sort) <<'END'
getegid - holds - -
geteuid holds - - holds
getgid holds holds - holds
getppid - holds holds -
getuid holds - holds holds
sched_yield - - holds -
sync - holds - -
END
}

@test "seccomp: architectures are in the filter under the kernel's numbers" {
    local little
    effects
    [ "$(uname -m)" = x86_64 ] || skip "for x86_64: its byte order, its native architecture"
    # libseccomp knows those that its version has
    diff <(says '.linux.seccomp.archs[]' | sort) <(printf 'SCMP_ARCH_%s\n' X86 X86_64 X32 ARM AARCH64 LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL \
        MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X SH SHEB PARISC PARISC64 RISCV64 | sort) | (! grep '^<')
    for name in X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE S390 S390X PARISC PARISC64 RISCV64; do
        says '.linux.seccomp.archs[]' | grep -qx "SCMP_ARCH_$name" || { echo "no $name" && false; }
    done
    little=$(says '.linux.seccomp.archs[]' | grep -vxE 'SCMP_ARCH_(M68K|MIPS|MIPS64|MIPS64N32|PPC|PPC64|S390|S390X|SHEB|PARISC|PARISC64|X32)' | jq -Rnc '[inputs]')
    plain "$(args sleep 1000)" "$(profile 'sync ERRNO') | .linux.seccomp.architectures = $little"
    succeeds run -d -b "$b" c1
    needs_filters
    diff <(jq -r '.[]' <<<"$little" | sort) <("$BATS_FILE_TMPDIR/effects" arches "$(shim state c1 | jq .pid)" | sort)
    shim delete --force c1
    # without them it has its own alone
    change 'del(.linux.seccomp.architectures)'
    succeeds run -d -b "$b" c1
    is "$("$BATS_FILE_TMPDIR/effects" arches "$(shim state c1 | jq .pid)")" SCMP_ARCH_X86_64
    # the rest is of the other byte order, and refused by that
    for name in $(says '.linux.seccomp.archs[]' | grep -xE 'SCMP_ARCH_(M68K|MIPS|MIPS64|MIPS64N32|PPC|PPC64|S390|S390X|SHEB|PARISC|PARISC64)'); do
        change --arg n "$name" '.linux.seccomp.architectures = [$n]'
        expect_error "architectures\[0\]: $name: its byte order" create -b "$b" c2
    done
}

@test "seccomp: flags are those that the kernel takes, and reach it" {
    local name wanted
    effects
    says_exactly .linux.seccomp.knownFlags SECCOMP_FILTER_FLAG_{TSYNC,LOG,SPEC_ALLOW,WAIT_KILLABLE_RECV}
    # shellcheck disable=SC2046
    says_exactly .linux.seccomp.supportedFlags $("$BATS_FILE_TMPDIR/effects" flags)
    requires cmd:strace cmd:python3
    agent 0
    for name in $(says '.linux.seccomp.supportedFlags[]'); do
        plain "$(args sync)" "$(profile 'getuid NOTIFY') | .linux.seccomp.listenerPath = \"$PWD/agent\" | .linux.seccomp.flags = [\"$name\"]"
        [ "$name" = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ] || change '.linux.seccomp.syscalls[0].action = "SCMP_ACT_LOG" | del(.linux.seccomp.listenerPath)'
        strace -f -qq -e trace=seccomp -o trace "$DISTRO_SHIM" --root "$SHIM_ROOT" run -b "$b" c1 </dev/null >/dev/null 2>&1
        rm -rf "$b"
        # strace's names; a listener is a flag of its own, and there is but one thread that TSYNC could be for
        is "$(sed -nE 's/.*seccomp\(SECCOMP_SET_MODE_FILTER, ([^,]*), \{.*/\1/p' trace | tr '|' '\n' | grep -v NEW_LISTENER | sed 's/^0x20\b.*/SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV/' | sort -u | xargs)" "${name/#*TSYNC/0}"
    done
}

# ---- the rest

@test "memory policy: modes and flags, by what get_mempolicy(2) says" {
    local mode number flags nodes
    effects
    [ -e /proc/self/numa_maps ] || skip "the kernel has no NUMA"
    says_exactly .linux.memoryPolicy.modes MPOL_{DEFAULT,BIND,INTERLEAVE,WEIGHTED_INTERLEAVE,PREFERRED,PREFERRED_MANY,LOCAL}
    says_exactly .linux.memoryPolicy.flags MPOL_F_{NUMA_BALANCING,RELATIVE_NODES,STATIC_NODES}
    plain "$(args effects memory)"
    # linux/mempolicy.h: modes count from 0, flags are bits 13 to 15
    while read -r mode nodes flags number; do
        [ "$mode" != MPOL_WEIGHTED_INTERLEAVE ] || printf '6.9\n%s\n' "$(uname -r)" | sort -C -V || continue
        [ "$flags" != MPOL_F_NUMA_BALANCING ] || [ -e /proc/sys/kernel/numa_balancing ] || continue
        change --arg mode $mode --arg nodes "$nodes" --arg flag "$flags" '.linux.memoryPolicy = {mode: $mode}
            | if $nodes != "-" then .linux.memoryPolicy.nodes = $nodes else . end | if $flag != "-" then .linux.memoryPolicy.flags = [$flag] else . end'
        attempt run -b "$b" c1
        is "$mode $flags: $status $output $stderr" "$mode $flags: 0 $number "
    done <<END
MPOL_DEFAULT - - 0
MPOL_PREFERRED 0 - 1
MPOL_BIND 0 - 2
MPOL_INTERLEAVE 0 - 3
MPOL_LOCAL - - 4
MPOL_PREFERRED_MANY 0 - 5
MPOL_WEIGHTED_INTERLEAVE 0 - 6
MPOL_BIND 0 MPOL_F_STATIC_NODES $((2 | 1 << 15))
MPOL_BIND 0 MPOL_F_RELATIVE_NODES $((2 | 1 << 14))
MPOL_BIND 0 MPOL_F_NUMA_BALANCING $((2 | 1 << 13))
END
}

@test "network devices are moved" {
    observe
    is "$(says .linux.netDevices.enabled)" true
    ip link add t-one type veth peer name t-peer
    answers 'inside' 'ls /sys/class/net | grep -v lo' '.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}]) | .linux.netDevices = {"t-one": {name: "inside"}}'
}

# machine_has NAME: what decides whether it can be carried out here
machine_has() {
    case $1 in
    apparmor) grep -q Y /sys/module/apparmor/parameters/enabled ;;
    selinux) grep -q ' /sys/fs/selinux selinuxfs ' /proc/self/mounts ;;
    intelRdt) grep -q ' resctrl ' /proc/self/mounts ;;
    cgroup) has_controller rdma ;;
    esac 2>/dev/null
}

@test "what this machine lacks is on, too: it is refused by that name, and not left out" {
    local path lacks filter name
    plain "$(args true)"
    while IFS=';' read -r path lacks filter; do
        is "$path $(says ".linux.$path")" "$path true"
        machine_has "${path%.*}" && continue
        change "$filter"
        attempt create -b "$b" c1
        is "$path $status" "$path 1"
        contains "$stderr" "$lacks"
    done <<'END'
apparmor.enabled;process.apparmorProfile "some-profile": AppArmor is not enabled;.process.apparmorProfile = "some-profile"
selinux.enabled;process.selinuxLabel "system_u:system_r:container_t:s0": SELinux is not enabled;.process.selinuxLabel = "system_u:system_r:container_t:s0"
intelRdt.enabled;linux.intelRdt: no resctrl file system;.linux.intelRdt = {closID: "x"}
intelRdt.schemata;linux.intelRdt: no resctrl file system;.linux.intelRdt = {closID: "x", schemata: ["MB:0=50"]}
intelRdt.monitoring;linux.intelRdt: no resctrl file system;.linux.intelRdt = {enableMonitoring: true}
cgroup.rdma;linux.resources.rdma;.linux.resources.rdma = {mlx5_1: {hcaHandles: 3}}
END
}

@test "cgroups: of both versions, and systemd where it is built in" {
    local file version
    is "$(says '.linux.cgroup | [.v1, .v2] | @text')" '[true,true]'
    plain "$(args sleep 1000)" '.linux.cgroupsPath = "/test-features" | .linux.resources.pids = {limit: 77}'
    succeeds create -b "$b" c1
    file=$(find /sys/fs/cgroup -path '*/test-features/pids.max')
    is "$(cat "$file")" 77
    # a group of each: version 2 has an empty list of controllers
    for version in pids ''; do
        grep -qE "^[0-9]+:$version:/test-features\$" "/proc/$(shim state c1 | jq .pid)/cgroup"
    done
    shim delete --force c1
    # as if systemd ran here: the one has no systemd to ask, the other cannot ask
    change '.linux.cgroupsPath = "system.slice:test:features"'
    mkdir -p /run/systemd/system
    attempt --systemd-cgroup create -b "$b" c1
    rmdir /run/systemd/system
    is "$status" 1
    if [ "$(says .linux.cgroup.systemd)" = true ]; then
        matches "$stderr" 'libsystemd|bus'
        lacks "$stderr" 'built without it'
    else
        contains "$stderr" 'this program was built without it'
    fi
    is "$(says .linux.cgroup.systemdUser)" "$(says .linux.cgroup.systemd)"
}

@test "checkpoint is on where there is a criu" {
    local on='.annotations["org.opencontainers.runc.checkpoint.enabled"]'
    mkdir bin
    is "$(PATH=$PWD/bin "$DISTRO_SHIM" features | /usr/bin/jq -r "$on")" false
    printf '#!/bin/sh\n' >bin/criu
    is "$(PATH=$PWD/bin "$DISTRO_SHIM" features | /usr/bin/jq -r "$on")" false
    chmod 755 bin/criu
    is "$(PATH=$PWD/bin "$DISTRO_SHIM" features | /usr/bin/jq -r "$on")" true
    is "$(says "$on")" "$(command -v criu >/dev/null && echo true || echo false)"
}

@test "the annotations that are acted on are told, each as the source names it" {
    is "$(says '.potentiallyUnsafeConfigAnnotations[]' | sort)" \
        "$(grep -oE '"(run|org|module|io)\.[a-z][^" ]+"' "$DISTRO_SHIM_SOURCE"/src/model/annotations.c | tr -d '"' |
            grep -vxE 'run.oci.handler|run.oci.seccomp.plugins|org.opencontainers.image.stopSignal|module.wasm.image/variant|io.kubernetes.cri.container-type' | sort)"
    matches "$(says '.annotations["io.github.seccomp.libseccomp.version"]')" '^2\.[0-9]+\.[0-9]+$'
}
