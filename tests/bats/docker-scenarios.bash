# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What people do with Docker, each a function that says what came of it: docker-scenarios.bats runs them by two runtimes
# and compares. RUNTIME is the one that is tried; NETWORK_ADDRESS and the like never appear in what is said.

# shellcheck disable=SC2016 # what is in single quotes is for the shell in the container
# shellcheck disable=SC2317,SC2329 # called by their names

d() { timeout -k 5 30 docker "$@" 3>&- || echo "status $?"; }
quiet() { d "$@" >/dev/null; }
run() { d run --runtime "$RUNTIME" "$@"; }                         # [FLAG]... IMAGE COMMAND...
rm_run() { run --rm "$@" </dev/null 2>&1; }                        # the same, of one that is gone afterwards
says() { rm_run "${@:1:$#-1}" "$I" sh -c "${*: -1}"; }             # [FLAG]... SCRIPT
begins() { quiet run -d --runtime "$RUNTIME" --name "$1" "${@:2:$#-2}" "$I" sh -c "${*: -1}"; } # NAME [FLAG]... SCRIPT
stays() { begins "$@" 'trap "exit 3" TERM; echo started; while :; do sleep 0.1; done'; } # NAME [FLAG]...
of() { docker inspect --format "{{.$2}}" "$1" 2>&1; }              # NAME FIELD
becomes() { # COMMAND...: within 15 s; says whether it did
    local end=$((SECONDS + 15))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "never: $*" && return; }
        sleep 0.1
    done
    echo "in time"
}
logged() { docker logs "$1" 2>&1 | grep -q -- "$2"; }              # NAME PATTERN
is_of() { [ "$(of "$1" "$2")" = "$3" ]; }                          # NAME FIELD VALUE

# ---- what a container is given

run_output() { run --rm "$I" sh -c 'echo out; echo err >&2' </dev/null 2>"$HERE/err" && cat "$HERE/err"; }
run_status() { says 'exit 7'; }
run_killed_by_a_signal() { says 'exec 2>/dev/null; sh -c "kill -9 \$\$"; echo $?; trap - TERM; kill -TERM $$; exit 5'; }
run_input() { echo words | run --rm -i "$I" cat; }
run_much_output() { says 'seq 1 20000' | tail -n 1; }
run_no_such_program() { rm_run "$I" no-such-program | sed -n 's/.*\(executable file not found\|status 127\).*/\1/p'; }
run_environment() { says -e A=b -e C --env D= 'env | sort | grep -E "^(A|C|D|PATH|HOME|HOSTNAME)=" | sed "s/HOSTNAME=.*/HOSTNAME/"'; }
run_directory() { says -w /made/by/docker 'pwd; ls -ld /made/by/docker | cut -c1-10'; }
run_user() { says -u 1000:2000 --group-add 3000 'id -u; id -g; id -G; touch /x 2>&1'; }
run_user_by_name() { says -u nobody 'id -un' | grep -oE 'unable to find user nobody|^nobody$|status [0-9]+'; }
run_entrypoint() { rm_run --entrypoint echo "$I" a 'b c'; }
run_read_only() { says --read-only --tmpfs /tmp:size=1m 'touch /x 2>&1; touch /tmp/x && df -k /tmp | tail -n 1 | awk "{ print \$2 }"'; }
run_bind() {
    mkdir -p "$HERE/bound" && echo host >"$HERE/bound/file"
    says -v "$HERE/bound:/b" 'cat /b/file; echo container >/b/other'
    cat "$HERE/bound/other"
    says -v "$HERE/bound:/b:ro" 'touch /b/no 2>&1'
    says --mount "type=bind,source=$HERE/bound/file,target=/one,readonly" 'cat /one; echo x 2>&1 >/one'
}
run_volume() {
    quiet volume create kept
    says -v kept:/v 'echo kept >/v/file'
    says -v kept:/v:ro 'cat /v/file; touch /v/no 2>&1'
    says --mount type=volume,source=kept,target=/etc,volume-nocopy 'ls /etc'
    says -v /anonymous 'mount | grep -c " /anonymous "'
    quiet volume rm kept
}
run_volumes_from() {
    stays c1 -v /shared
    quiet exec c1 sh -c 'echo there >/shared/file'
    says --volumes-from c1 'cat /shared/file'
}
run_names() { says --hostname boxed --domainname example.test --add-host other:192.0.2.7 'hostname; hostname -f; grep -w other /etc/hosts'; }
run_resolver() { says --dns 192.0.2.1 --dns-search example.test --dns-option ndots:2 'grep -v "^#" /etc/resolv.conf'; }
run_limits() { says --memory 32m --memory-swap 48m --cpu-shares 512 --cpus 0.5 --cpuset-cpus 0 --pids-limit 50 \
    'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.shares cpu/cpu.cfs_quota_us cpuset/cpuset.cpus pids/pids.max 2>&1'; }
run_pids_used_up() { says --pids-limit 8 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done 2>/dev/null; cat /sys/fs/cgroup/pids/pids.current; kill $(jobs -p)' | tail -n 1; }
run_memory_used_up() {
    quiet run --runtime "$RUNTIME" --name c1 --memory 16m "$I" sh -c 'x=aaaaaaaa; while :; do x=$x$x; done'
    of c1 State.OOMKilled && of c1 State.ExitCode
}
run_ulimits() { says --ulimit nofile=100:200 --ulimit core=0 'ulimit -n; ulimit -Hn; ulimit -c'; }
run_shm() { says --shm-size 3m 'df -k /dev/shm | tail -n 1 | awk "{ print \$2 }"'; }
run_device() { says --device /dev/null:/dev/other:rw 'ls -l /dev/other | cut -c1,11-; echo x >/dev/other && echo written'; }
run_device_refused() { says --cap-add MKNOD --device-cgroup-rule 'c 1:5 rm' 'mknod /z c 1 5 && head -c 1 /z | wc -c; mknod /k c 1 11; head -c 1 /k 2>&1'; }
# a link "core" is of no interest: some runtimes make it only where the kernel has /proc/kcore
run_devices() { says 'ls /dev | sort | grep -v "^core$" | tr "\n" " "; stat -c "%n %t:%T %a" /dev/null /dev/random /dev/tty'; }
run_capabilities() { says 'grep Cap /proc/self/status'; }
run_capabilities_dropped() { says --cap-drop ALL --cap-add CHOWN 'grep Cap /proc/self/status; chown 1 /tmp && echo done'; }
run_capabilities_of_a_user() { says -u 1000 --cap-add CHOWN 'grep Cap /proc/self/status'; }
run_no_new_privileges() { says --security-opt no-new-privileges 'grep NoNewPrivs /proc/self/status'; }
run_filtered() { says 'unshare -U true 2>&1; grep Seccomp: /proc/self/status'; }
run_unconfined() { says --security-opt seccomp=unconfined 'unshare -U true 2>&1 && echo done'; }
run_masked() { says 'cat /proc/kcore 2>&1 | head -c 1 | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | wc -l; echo 1 2>&1 >/proc/sys/kernel/sysrq'; }
run_privileged() { says --privileged 'mkdir /m; mount -t tmpfs none /m && echo mounted; ls /dev | grep -c loop-control'; }
run_init() { says --init 'cat /proc/1/comm'; }
run_pid_namespace() { says 'echo $$; ls -d /proc/[0-9]* | wc -l | awk "{ print (\$1 < 6) }"'; }
run_pid_of_another() {
    stays c1
    says --pid container:c1 'cat /proc/1/cmdline | tr "\0" " " | cut -c1-5'
}
run_pid_of_the_host() { says --pid host '[ $$ = 1 ] && echo own || echo host'; }
run_ipc_shared() {
    stays c1 --ipc shareable
    quiet exec c1 touch /dev/shm/mark
    says --ipc container:c1 'ls /dev/shm'
}
run_uts_of_the_host() { says --uts host 'hostname' | sed "s/^$(hostname)\$/the host/"; }
run_sysctl() { says --sysctl kernel.msgmax=4096 'cat /proc/sys/kernel/msgmax'; }
run_sysctl_of_the_network() { says --sysctl net.ipv4.ip_forward=0 'cat /proc/sys/net/ipv4/ip_forward'; }
run_oom_score() { says --oom-score-adj 500 'cat /proc/self/oom_score_adj'; }
run_cgroup_parent() {
    stays c1 --cgroup-parent /parent-of-docker
    grep -c ":/parent-of-docker/" "/proc/$(of c1 State.Pid)/cgroup"
    quiet rm -f c1
    # which this runtime has removed already, as it has made it
    rmdir /sys/fs/cgroup/*/parent-of-docker 2>/dev/null
}
run_cgroup_namespace() { says --cgroupns private 'grep pids: /proc/self/cgroup'; }
run_terminal() { timeout 20 python3 "$TERMINAL" --size 30x90 expect:'# ' 'send:tty; stty size; exit 5\n' -- \
    docker run --runtime "$RUNTIME" --rm -it "$I" sh </dev/null 2>&1 | tr -d '\r' | grep -aoE '/dev/pts/0|^[0-9]+ [0-9]+$'; }
run_twice_one_name() {
    stays c1
    run --name c1 "$I" true 2>&1 | grep -oE 'already in use|status [0-9]+'
}
run_cid_and_labels() {
    run --rm --cidfile "$HERE/cid" --label a=b "$I" true
    wc -c <"$HERE/cid"
    rm -f "$HERE/cid"
}

# ---- the life of a container

life_create_and_start() {
    quiet create --runtime "$RUNTIME" --name c1 "$I" sh -c 'echo once'
    of c1 State.Status
    d start -a c1
    of c1 State.Status
    d start -a c1
}
life_stop() { stays c1 && becomes logged c1 started && quiet stop c1 && of c1 State.ExitCode; }
life_stop_signal() {
    begins c1 --stop-signal USR1 'trap "echo told; exit 4" USR1; echo started; while :; do sleep 0.1; done'
    becomes logged c1 started
    quiet stop c1
    d logs c1 && of c1 State.ExitCode
}
life_stop_of_a_deaf_one() { begins c1 'trap "" TERM; echo started; while :; do sleep 1; done' && becomes logged c1 started && quiet stop -t 1 c1 && of c1 State.ExitCode; }
life_kill() {
    stays c1
    becomes logged c1 started
    quiet kill -s HUP c1
    is_of c1 State.Running true || d wait c1
    quiet kill c1
    of c1 State.ExitCode
    d kill c1 2>&1 | grep -o 'is not running\|status .*'
}
life_restart() {
    local before
    stays c1
    before=$(of c1 State.Pid)
    quiet restart -t 5 c1
    is_of c1 State.Pid "$before" || echo another && of c1 State.Status
}
life_pause() {
    stays c1
    quiet pause c1
    of c1 State.Status
    d exec c1 true 2>&1 | grep -o paused | head -n 1
    quiet unpause c1
    d exec c1 echo alive
    quiet pause c1
    quiet stop c1
    of c1 State.Status
}
life_wait() {
    begins c1 'sleep 0.5; exit 9'
    d wait c1
}
life_rename() {
    stays c1
    quiet rename c1 c2
    d exec c2 echo renamed
}
life_remove() {
    stays c1
    d rm c1 2>&1 | grep -o 'running container' | head -n 1
    d rm -f c1
    d inspect c1 2>&1 | tail -n 2
}
life_rm_of_one_that_ends() {
    begins c1 --rm 'sleep 0.5'
    becomes eval '! docker inspect c1'
}
life_restart_policy() {
    begins c1 --restart on-failure:2 'exit 6'
    becomes is_of c1 RestartCount 2
    becomes is_of c1 State.Status exited
    of c1 RestartCount && of c1 State.ExitCode
}
life_restart_always() {
    stays c1 --restart always
    kill -9 "$(of c1 State.Pid)"
    becomes is_of c1 RestartCount 1
    becomes is_of c1 State.Running true
    quiet stop c1
    of c1 State.Running
}
life_update() {
    stays c1 --memory 32m --memory-swap 64m --pids-limit 50
    quiet update --memory 48m --pids-limit 60 --cpu-shares 300 c1
    d exec c1 sh -c 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.shares'
}
life_logs() {
    begins c1 'seq 1 5; echo wrong >&2'
    d wait c1
    d logs c1 2>/dev/null
    { d logs c1 >/dev/null; } 2>&1
    d logs --tail 1 c1 2>&1 | wc -l
}
life_logs_followed() { begins c1 'for i in 1 2 3; do echo $i; sleep 0.2; done' && d logs -f c1; }
life_attach() {
    quiet create --runtime "$RUNTIME" -i --name c1 "$I" sh -c 'read line; echo "got $line"'
    echo words | d start -ai c1
}
life_top() { stays c1 && d top c1 -o args | grep -c 'trap "exit 3"'; }
life_stats() { stays c1 && d stats --no-stream --format '{{.Name}} {{.PIDs}}' c1 | awk '{ print $1, ($2 > 0) }'; }
life_diff() { begins c1 'touch /new; rm /bin/wget' && d wait c1 && d diff c1 | sort; }
life_copy() {
    stays c1
    echo in >"$HERE/in"
    quiet cp "$HERE/in" c1:/in
    d exec c1 cat /in
    quiet exec c1 sh -c 'echo out >/out'
    d cp c1:/out - | tar -xO
    quiet stop c1
    d cp c1:/in - | tar -xO
    quiet cp "$HERE/in" c1:/later
    quiet start c1
    d exec c1 cat /later
}
life_commit() {
    begins c1 'echo made >/made'
    d wait c1
    quiet commit -c 'CMD ["cat", "/made"]' c1 committed
    rm_run committed
    quiet rm c1
    quiet image rm committed
}
life_export() {
    begins c1 'echo made >/made'
    d wait c1
    d export c1 | tar -xO made
    docker export c1 | d import - imported >/dev/null
    rm_run imported cat /made
    quiet image rm imported
}
life_health() {
    stays c1 --health-cmd 'test -e /well' --health-interval 300ms --health-retries 2
    becomes is_of c1 State.Health.Status unhealthy
    quiet exec c1 touch /well
    becomes is_of c1 State.Health.Status healthy
    of c1 State.Health.Status
}
life_events() {
    local name=eventful-$RUNTIME since
    since=$(date +%s)
    begins "$name" true
    d wait "$name"
    d events --since "$since" --until "$(($(date +%s) + 1))" --filter "container=$name" --format '{{.Status}}' | tr '\n' ' '
}
life_prune() { begins c1 true && d wait c1 && d container prune -f | grep -c '^[0-9a-f]\{64\}$'; }

# ---- exec

exec_status() { stays c1 && d exec c1 sh -c 'exit 8'; }
exec_given() { stays c1 && d exec -u 1000:1000 -w /tmp -e A=b c1 sh -c 'id -u; pwd; echo $A'; }
exec_input() { stays c1 && echo words | d exec -i c1 cat; }
exec_detached() {
    stays c1
    quiet exec -d c1 sh -c 'touch /done; sleep 1000'
    becomes docker exec c1 test -e /done
    d top c1 -o args | grep -c 'sleep 1000'
}
exec_no_such_program() { stays c1 && d exec c1 no-such-program 2>&1 | grep -oE 'executable file not found|status [0-9]+'; }
exec_privileged() { stays c1 && d exec --privileged c1 sh -c 'echo $((0x$(awk "/^CapEff/ { print \$2 }" /proc/self/status) >> 21 & 1))'; }
exec_in_stopped() {
    begins c1 true
    d wait c1
    d exec c1 true 2>&1 | grep -o 'is not running\|status .*'
}
exec_terminal() { stays c1 && timeout 20 python3 "$TERMINAL" expect:'# ' 'send:tty; exit 5\n' -- docker exec -it c1 sh </dev/null 2>&1 | grep -ao /dev/pts/0; }

# ---- networks

serve() { begins "$1" "${@:3}" "mkdir /www; echo 'page of $1' >/www/index.html; exec httpd -f -p $2 -h /www"; } # NAME PORT [FLAG]...
gets() { [ "$(timeout 4 docker exec "$1" wget -q -O - "http://$2/" 2>/dev/null)" = "page of ${2%%[:.]*}" ]; } # NAME OTHER[:PORT]
gets_page() { [ "$(curl_page "$1")" = "$2" ]; }
curl_page() { timeout 3 python3 -c 'import sys, urllib.request; print(urllib.request.urlopen("http://%s/" % sys.argv[1], timeout=2).read().decode(), end="")' "$1" 2>/dev/null; }
port_of() { docker port "$1" "$2" | head -n 1 | sed 's/.*://'; }

network_published() { serve c1 8001 -p 18001:8001 && becomes gets_page 127.0.0.1:18001 'page of c1' && d port c1; }
network_published_at_random() { serve c1 8002 -p 8002 && becomes gets_page "127.0.0.1:$(port_of c1 8002)" 'page of c1'; }
network_published_at_one_address() {
    serve c1 8003 -p 127.0.0.1:18003:8003
    becomes gets_page 127.0.0.1:18003 'page of c1'
    curl_page "$(hostname -I | cut -d' ' -f1):18003"
    d port c1
}
network_published_range() {
    serve c1 8004 -p 18004-18005:8004-8005
    becomes gets_page 127.0.0.1:18004 'page of c1'
    d port c1 | sort
}
network_published_restarted() {
    serve c1 8006 -p 18006:8006
    becomes gets_page 127.0.0.1:18006 'page of c1'
    quiet restart -t 0 c1
    becomes gets_page 127.0.0.1:18006 'page of c1'
    quiet stop -t 0 c1
    curl_page 127.0.0.1:18006
}
network_published_twice() {
    serve c1 8007 -p 18007:8007
    run --name c2 -p 18007:8008 "$I" true 2>&1 | grep -oE 'already allocated|status [0-9]+'
}
network_own_address() { serve c1 8009 && becomes gets_page "$(of c1 NetworkSettings.IPAddress):8009" 'page of c1'; }
network_names() {
    quiet network create front
    serve c1 8010 --network front --network-alias web
    serve c2 8011 --network front
    becomes gets c2 c1:8010
    becomes gets c1 c2:8011
    becomes eval '[ "$(timeout 4 docker exec c2 wget -q -O - http://web:8010/)" = "page of c1" ]'
}
network_link() {
    serve c1 8012
    stays c2 --link c1:db
    becomes eval '[ "$(timeout 4 docker exec c2 wget -q -O - http://db:8012/)" = "page of c1" ]'
    d exec c2 sh -c 'env | grep -c ^DB_'
}
network_connect() {
    quiet network create front
    serve c1 8013
    serve c2 8014 --network front
    quiet network connect --alias late front c1
    becomes gets c2 c1:8013
    quiet network disconnect front c1
    d inspect --format '{{len .NetworkSettings.Networks}}' c1
}
network_two() {
    quiet network create front
    quiet network create back
    quiet create --runtime "$RUNTIME" --name c1 --network front "$I" sh -c 'mkdir /www; echo page of c1 >/www/index.html; exec httpd -f -p 8015 -h /www'
    quiet network connect back c1
    quiet start c1
    serve c2 8016 --network back
    becomes gets c2 c1:8015
}
network_of_another() {
    serve c1 8017
    stays c2 --network container:c1
    becomes eval '[ "$(timeout 4 docker exec c2 wget -q -O - http://127.0.0.1:8017/)" = "page of c1" ]'
}
network_udp() {
    begins c1 -p 18018:8018/udp 'nc -u -l -p 8018 -e cat'
    becomes eval '[ "$(timeout 3 python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.sendto(b\"echo\", (\"127.0.0.1\", 18018))
print(s.recv(100).decode())")" = echo ]'
}
network_links() { says 'ls /sys/class/net | grep -v "^fwd" | sort | tr "\n" " "'; }
network_none() { says --network none 'ip -o -4 addr show scope global | grep -vc 169.254.'; }
network_host() { says --network host 'ip -o link | grep -c docker0'; }

# ---- build: Docker's own builder takes the default runtime

build() { # [OPTION]..., the file on standard input
    mkdir -p "$HERE/context" && cat >"$HERE/context/Dockerfile"
    DOCKER_BUILDKIT=0 timeout -k 5 60 docker build -q -t built "$@" "$HERE/context" >/dev/null 2>"$HERE/said" 3>&- ||
        grep -o 'returned a non-zero code: [0-9]*' "$HERE/said"
}
built() { rm_run built && quiet image rm -f built; }
build_steps() {
    build --build-arg WHAT=given <<END
FROM $I
ARG WHAT
ENV A=b
WORKDIR /made
USER 1000
RUN id -u >/tmp/id && echo \$WHAT \$A >/tmp/what && pwd >>/tmp/what
CMD cat /tmp/id /tmp/what
END
    built
}
build_copies() {
    mkdir -p "$HERE/context" && echo copied >"$HERE/context/file"
    build <<END
FROM $I
COPY file /dir/
RUN cat /dir/file >/seen
CMD cat /seen
END
    built
}
build_stages() {
    build <<END
FROM $I AS one
RUN echo of the first >/made
FROM $I
COPY --from=one /made /made
CMD cat /made
END
    built
}
build_without_network() {
    build --network none <<END
FROM $I
RUN ip -o -4 addr show scope global | grep -vc 169.254. >/links || true
CMD cat /links
END
    built
}
build_that_fails() {
    build <<END
FROM $I
RUN exit 3
END
}
