#!/usr/bin/env bash
# A Docker Engine of our own, for machines that have root but neither Docker nor a registry.
#
#   eval "$(tests/containers/engine.sh up)"     start it, and point docker at it
#   tests/containers/engine.sh down             stop it, and remove all that it kept
#   tests/containers/engine.sh can              fails where it cannot be, and says why
#
# The images that our Dockerfiles begin with are stood in for: the same paths, users, variables and
# entry points, made of Debian's packages. Everything lies below VIGIL_ENGINE_DIR; nothing that
# another engine of this machine runs is touched.
set -euo pipefail
cd "$(dirname "$0")"

dir=${VIGIL_ENGINE_DIR:-/var/tmp/vigil-engine}
config=$dir/config
socket=unix://$dir/docker.sock
log=$dir/dockerd.log
# Not docker0, which another engine may have.
bridge=vigil0
subnet=172.30.255.0/24
# Kept here alone, so that the two functions below find the same engine.
export DOCKER_HOST=$socket DOCKER_CONFIG=$config

say() { echo "engine: $*" >&2; }

# Where this machine takes Debian from.
mirror() {
    local found
    found=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d \
        --include='*.list' --include='*.sources' 2>/dev/null | tr -d ' ' | head -n 1 || true)
    echo "${found:-http://deb.debian.org/debian}"
}

# Bookworm has the engine, but neither Compose nor buildx: those are taken from the next release,
# unpacked and not installed. They need nothing but libc.
fetch_plugins() {
    [[ -x $config/cli-plugins/docker-compose && -x $config/cli-plugins/docker-buildx ]] && return
    local apt=$dir/apt
    mkdir -p "$apt/lists/partial" "$apt/debs" "$config/cli-plugins"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) trixie main" \
        >"$apt/sources.list"
    local options=(
        -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
        -o APT::Default-Release=trixie -o APT::Sandbox::User=root -o Acquire::Retries=5
    )
    apt-get "${options[@]}" -qq update
    (cd "$apt/debs" && apt-get "${options[@]}" -qq download docker-compose docker-buildx)
    for package in "$apt"/debs/*.deb; do dpkg -x "$package" "$apt/unpacked"; done
    cp "$apt"/unpacked/usr/libexec/docker/cli-plugins/docker-{compose,buildx} "$config/cli-plugins/"
    rm -rf "$apt"
}

start_daemon() {
    docker info >/dev/null 2>&1 && return
    # Where forwarding is on already, the engine leaves the machine's own rules for it alone.
    [[ -e $dir/ip_forward ]] || cp /proc/sys/net/ipv4/ip_forward "$dir/ip_forward"
    echo 1 >/proc/sys/net/ipv4/ip_forward
    if ! ip link show "$bridge" >/dev/null 2>&1; then
        ip link add name "$bridge" type bridge
        ip address add "${subnet%.0/24}.1/24" dev "$bridge"
        ip link set "$bridge" up
    fi
    setsid dockerd --bridge "$bridge" --data-root "$dir/data" --exec-root "$dir/exec" --host "$socket" \
        --pidfile "$dir/dockerd.pid" >"$log" 2>&1 </dev/null &
    for _ in {1..150}; do
        docker info >/dev/null 2>&1 && return
        sleep 0.2
    done
    say "dockerd does not answer:"
    tail -n 20 "$log" >&2
    return 1
}

build_stand_ins() {
    local debian=vigil-stand-in/debian:bookworm
    if ! docker image inspect "$debian" >/dev/null 2>&1; then
        debootstrap --variant=minbase --include=ca-certificates bookworm "$dir/rootfs" \
            "$(mirror)" >"$dir/debootstrap.log"
        rm -rf "$dir"/rootfs/var/cache/apt/archives/*.deb "$dir"/rootfs/var/lib/apt/lists/*
        tar -C "$dir/rootfs" -c . | docker import - "$debian" >/dev/null
        rm -rf "$dir/rootfs"
    fi
    # Named as our Dockerfiles name them.
    local image images
    mapfile -t images < <(sed -n 's/^FROM \([a-z]*:[^ ]*\).*/\1/p' ../../deploy/*/Dockerfile ../../nginx/Dockerfile | sort -u)
    for image in "${images[@]}"; do
        docker image inspect "$image" >/dev/null 2>&1 && continue
        say "standing in for $image"
        docker build --quiet --tag "$image" "stand_ins/${image%%:*}" >/dev/null
    done
}

# The capability that mounting takes, by its number.
readonly SYS_ADMIN=21

can() {
    local effective
    effective=$(sed -n 's/^CapEff:\t//p' /proc/self/status)
    if [[ $EUID -ne 0 ]] || ! grep -qs '^ID=debian' /etc/os-release; then
        echo "an engine of our own needs root and Debian"
    elif (((0x$effective >> SYS_ADMIN & 1) == 0)); then
        echo "an engine of our own needs to mount, which this container may not"
    else
        return 0
    fi
    return 1
}

up() {
    can >&2
    mkdir -p "$dir" "$config"
    local lacking=()
    command -v dockerd >/dev/null || lacking+=(docker.io)
    command -v debootstrap >/dev/null || lacking+=(debootstrap)
    command -v ip >/dev/null || lacking+=(iproute2)
    if ((${#lacking[@]})); then
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5 -qq -y \
            install --no-install-recommends "${lacking[@]}" >/dev/null
    fi
    fetch_plugins
    start_daemon
    build_stand_ins
    echo "export DOCKER_HOST=$DOCKER_HOST DOCKER_CONFIG=$DOCKER_CONFIG"
}

# The engine leaves its bridge and its rules in the kernel.
forget_network() {
    local table
    ip link delete "$bridge" 2>/dev/null || true
    if [[ -e $dir/ip_forward ]]; then cat "$dir/ip_forward" >/proc/sys/net/ipv4/ip_forward; fi
    # Another engine's rules look like ours.
    if pgrep -x dockerd >/dev/null; then return; fi
    for table in nat filter; do
        iptables-save --table "$table" | sed -n "\\#DOCKER\|$bridge\|$subnet#s/^-A /-D /p" \
            | xargs --no-run-if-empty --max-lines=1 iptables --table "$table"
        iptables-save --table "$table" | sed -n 's/^:\(DOCKER[^ ]*\) .*/\1/p' \
            | xargs --no-run-if-empty --max-lines=1 iptables --table "$table" -X
    done
}

down() {
    local pid
    if pid=$(cat "$dir/dockerd.pid" 2>/dev/null); then
        # What still runs would outlive the daemon.
        docker ps --all --quiet | xargs --no-run-if-empty docker rm --force >/dev/null
        kill "$pid"
        for _ in {1..150}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.2
        done
        forget_network
    fi
    rm -rf "$dir"
}

case ${1-} in
    can | up | down) "$1" ;;
    *)
        sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
