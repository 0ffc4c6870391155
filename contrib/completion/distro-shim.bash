# SPDX-License-Identifier: Apache-2.0
# bash completion for distro-shim. Written by `distro-shim completion`; do not edit.

_distro_shim() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' options='' offer='' words='' skip='' word i
    local -a root=()

    # readline parts --option=value into three words
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == '=' ]]; then
            skip=${skip:-1}
        elif [[ $skip ]]; then
            [[ $skip == root ]] && root=(--root "$word")
            skip=''
        else
            case $word in
            --root) skip=root ;;
            --log | --log-format | --log-level | --policy | --network | --rootless | --cgroup-manager | --criu) skip=1 ;;
            -*) ;;
            *)
                command=$word
                break
                ;;
            esac
        fi
    done

    case $command in
    '') options='--root --log --log-format --log-level --debug --policy --network --rootless --systemd-cgroup --cgroup-manager --criu --version --help' ;;
    'create') options='--bundle --config --console-socket --pid-file --pidfd-socket --preserve-fds --no-pivot --no-new-keyring --no-subreaper --help' ;;
    'start') options='--help' ;;
    'run') options='--detach --keep --bundle --config --console-socket --pid-file --pidfd-socket --preserve-fds --no-pivot --no-new-keyring --no-subreaper --help' ;;
    'exec') options='--process --detach --tty --console-socket --cwd --env --user --additional-gids --cap --no-new-privs --preserve-fds --pid-file --pidfd-socket --cgroup --ignore-paused --process-label --apparmor --no-subreaper --help' ;;
    'state') options='--help' ;;
    'kill') options='--all --regex --help' ;;
    'delete') options='--force --regex --help' ;;
    'list') options='--format --quiet --help' ;;
    'members') options='--network --format --quiet --help' ;;
    'forwarding') options='--network --format --end-stale --renew --help' ;;
    'ps') options='--format --help' ;;
    'pause') options='--help' ;;
    'resume') options='--help' ;;
    'update') options='--resources --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-share --cpu-rt-period --cpu-rt-runtime --cpuset-cpus --cpuset-mems --cpu-idle --memory --memory-reservation --memory-swap --kernel-memory --kernel-memory-tcp --pids-limit --l3-cache-schema --mem-bw-schema --help' ;;
    'mounts') options='--help' ;;
    'events') options='--stats --interval --help' ;;
    'checkpoint') options='--parent-path --leave-running --pre-dump --tcp-skip-in-flight --link-remap --page-server --status-fd --image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode --empty-ns --auto-dedup --network-lock --lazy-pages --help' ;;
    'restore') options='--bundle --config --detach --console-socket --pid-file --tcp-close --lsm-profile --lsm-mount-context --no-subreaper --no-pivot --image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode --empty-ns --auto-dedup --network-lock --lazy-pages --help' ;;
    'spec') options='--bundle --file --rootless --help' ;;
    'explain') options='--bundle --config --engine --plan --format --help' ;;
    'features') options='--help' ;;
    'policy') options='--living --format --help' ;;
    'json') options='--help' ;;
    'completion') options='--help' ;;
    'help') options='--help' ;;
    esac
    case "$command $prev" in
    ' --root') offer='directory' ;;
    ' --log') offer='file' ;;
    ' --log-format') offer='words' words='text json' ;;
    ' --log-level') offer='words' words='error warning info debug' ;;
    ' --policy') offer='file' ;;
    ' --network') offer='nothing' ;;
    ' --rootless') offer='words' words='true false auto' ;;
    ' --cgroup-manager') offer='words' words='cgroupfs systemd disabled' ;;
    ' --criu') offer='file' ;;
    'create --bundle' | 'create -b') offer='directory' ;;
    'create --config' | 'create -f') offer='file' ;;
    'create --console-socket') offer='file' ;;
    'create --pid-file') offer='file' ;;
    'create --pidfd-socket') offer='file' ;;
    'create --preserve-fds') offer='nothing' ;;
    'run --bundle' | 'run -b') offer='directory' ;;
    'run --config' | 'run -f') offer='file' ;;
    'run --console-socket') offer='file' ;;
    'run --pid-file') offer='file' ;;
    'run --pidfd-socket') offer='file' ;;
    'run --preserve-fds') offer='nothing' ;;
    'exec --process' | 'exec -p') offer='file' ;;
    'exec --console-socket') offer='file' ;;
    'exec --cwd') offer='nothing' ;;
    'exec --env' | 'exec -e') offer='nothing' ;;
    'exec --user' | 'exec -u') offer='nothing' ;;
    'exec --additional-gids' | 'exec -g') offer='nothing' ;;
    'exec --cap' | 'exec -c') offer='nothing' ;;
    'exec --preserve-fds') offer='nothing' ;;
    'exec --pid-file') offer='file' ;;
    'exec --pidfd-socket') offer='file' ;;
    'exec --cgroup') offer='nothing' ;;
    'exec --process-label') offer='nothing' ;;
    'exec --apparmor') offer='nothing' ;;
    'list --format' | 'list -f') offer='words' words='table json' ;;
    'members --network') offer='file' ;;
    'members --format' | 'members -f') offer='words' words='table json' ;;
    'forwarding --network') offer='file' ;;
    'forwarding --format' | 'forwarding -f') offer='words' words='table json' ;;
    'ps --format' | 'ps -f') offer='words' words='table json' ;;
    'update --resources' | 'update -r') offer='file' ;;
    'update --blkio-weight') offer='nothing' ;;
    'update --cpu-period') offer='nothing' ;;
    'update --cpu-quota') offer='nothing' ;;
    'update --cpu-burst') offer='nothing' ;;
    'update --cpu-share') offer='nothing' ;;
    'update --cpu-rt-period') offer='nothing' ;;
    'update --cpu-rt-runtime') offer='nothing' ;;
    'update --cpuset-cpus') offer='nothing' ;;
    'update --cpuset-mems') offer='nothing' ;;
    'update --cpu-idle') offer='nothing' ;;
    'update --memory') offer='nothing' ;;
    'update --memory-reservation') offer='nothing' ;;
    'update --memory-swap') offer='nothing' ;;
    'update --kernel-memory') offer='nothing' ;;
    'update --kernel-memory-tcp') offer='nothing' ;;
    'update --pids-limit') offer='nothing' ;;
    'update --l3-cache-schema') offer='nothing' ;;
    'update --mem-bw-schema') offer='nothing' ;;
    'events --interval') offer='nothing' ;;
    'checkpoint --parent-path') offer='nothing' ;;
    'checkpoint --page-server') offer='nothing' ;;
    'checkpoint --status-fd') offer='nothing' ;;
    'checkpoint --image-path') offer='directory' ;;
    'checkpoint --work-path') offer='directory' ;;
    'checkpoint --manage-cgroups-mode') offer='words' words='soft full strict ignore' ;;
    'checkpoint --empty-ns') offer='nothing' ;;
    'checkpoint --network-lock') offer='words' words='iptables nftables skip' ;;
    'restore --bundle' | 'restore -b') offer='directory' ;;
    'restore --config' | 'restore -f') offer='file' ;;
    'restore --console-socket') offer='file' ;;
    'restore --pid-file') offer='file' ;;
    'restore --lsm-profile') offer='nothing' ;;
    'restore --lsm-mount-context') offer='nothing' ;;
    'restore --image-path') offer='directory' ;;
    'restore --work-path') offer='directory' ;;
    'restore --manage-cgroups-mode') offer='words' words='soft full strict ignore' ;;
    'restore --empty-ns') offer='nothing' ;;
    'restore --network-lock') offer='words' words='iptables nftables skip' ;;
    'spec --bundle' | 'spec -b') offer='directory' ;;
    'spec --file' | 'spec -f') offer='file' ;;
    'explain --bundle' | 'explain -b') offer='directory' ;;
    'explain --config') offer='file' ;;
    'explain --engine') offer='words' words='podman docker containerd' ;;
    'explain --format' | 'explain -f') offer='words' words='text json' ;;
    'policy --format' | 'policy -f') offer='words' words='text json' ;;
    esac

    if [[ $offer ]]; then
        :
    elif [[ $cur == -* ]]; then
        words=$options
    elif [[ ! $command ]]; then
        offer='command'
    else
        case $command in
        start) offer='id' ;;
        exec) offer='id' ;;
        state) offer='id' ;;
        kill) offer='id' ;;
        delete) offer='id' ;;
        ps) offer='id' ;;
        pause) offer='id' ;;
        resume) offer='id' ;;
        update) offer='id' ;;
        mounts) offer='words' words='add remove' ;;
        events) offer='id' ;;
        checkpoint) offer='id' ;;
        explain) offer='id' ;;
        policy) offer='words' words='check show keys test' ;;
        json) offer='words' words='get set remove keys' ;;
        help) offer='command' ;;
        esac
    fi

    case $offer in
    id) words=$("${COMP_WORDS[0]}" "${root[@]}" list --quiet 2>/dev/null) ;;
    command) words='create start run exec state kill delete list members forwarding ps pause resume update mounts events checkpoint restore spec explain features policy json completion help' ;;
    file)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        compopt -o filenames 2>/dev/null
        return
        ;;
    directory)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        compopt -o filenames 2>/dev/null
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _distro_shim distro-shim shim
