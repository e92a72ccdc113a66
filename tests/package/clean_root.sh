#!/bin/bash
# Installs a Debian package of Rill on a root file system that debootstrap
# makes, takes a first event through its programs, upgrades, removes and purges
# it.  As root, with a mirror of Debian in reach; nothing outside FOLDER changes.
#
# usage: clean_root.sh PACKAGE.deb FOLDER [MIRROR]
set -euo pipefail

package=$(realpath "${1:?which package?}")
root=$(realpath -m "${2:?in which folder?}")
mirror=${3:-http://deb.debian.org/debian}

inside() { # COMMAND...
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}

claim() { # WHAT COMMAND...
    local what=$1
    shift
    "$@" || {
        echo "not so: $what" >&2
        exit 1
    }
    echo "ok: $what"
}

not() {
    ! "$@"
}

make_root() {
    [[ -e $root/etc/debian_version ]] ||
        debootstrap --variant=minbase bookworm "$root" "$mirror" >/dev/null
    # Nothing is to be started that was not asked for.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
    mountpoint -q "$root/dev/shm" || mount -t tmpfs tmpfs "$root/dev/shm"
}

leave_root() {
    umount "$root/dev/shm" "$root/proc" 2>/dev/null || true
}

install_package() { # FILE
    cp "$1" "$root/root/rill.deb"
    inside apt-get -q -y --no-install-recommends install /root/rill.deb \
        lighttpd curl >"$root/root/apt.log" 2>&1 || {
        tail -n 30 "$root/root/apt.log" >&2
        exit 1
    }
}

# The same package under a higher version.
newer_package() {
    rm -rf "$root/root/newer"
    dpkg-deb --raw-extract "$package" "$root/root/newer"
    sed -i 's/^Version: .*/&+upgraded/' "$root/root/newer/DEBIAN/control"
    dpkg-deb --root-owner-group --build "$root/root/newer" \
        "$root/root/newer.deb" >/dev/null
}

# What the units do, in a network of its own; then SCRIPT, which says ok.
with_node() { # SCRIPT
    unshare --net --pid --fork --kill-child --mount-proc="$root/proc" bash -c \
        'ip link set lo up && exec chroot "$@"' node "$root" /usr/bin/env -i \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -c '
        set -eu
        install -d -o rill -g www-data -m 0750 /run/rill
        as_rill="setpriv --reuid rill --regid rill --init-groups"
        $as_rill rill-agent --config /etc/rill/rill.json &
        agent=$!
        $as_rill /usr/libexec/rill/rill.fcgi --config /etc/rill/rill.json \
            --listen /run/rill/fcgi.socket &
        worker=$!
        for try in $(seq 200); do
            [ ! -S /run/rill/fcgi.socket ] || break
            sleep 0.1
        done
        # As rill-fcgi.socket has it.
        chown rill:www-data /run/rill/fcgi.socket
        chmod 660 /run/rill/fcgi.socket
        lighttpd -D -f /usr/share/doc/rill/examples/lighttpd.conf &
        front=$!
        base=http://127.0.0.1:2113
        for try in $(seq 200); do
            ! curl -s -o /dev/null --fail $base/streams/%24all \
                -u admin:changeit || break
            sleep 0.1
        done
        '"$1"'
        kill $worker $agent
        wait $worker && wait $agent' >"$root/root/node.log" 2>&1 || {
        tail -n 30 "$root/root/node.log" >&2
        exit 1
    }
}

first_event='
    curl -s -i $base/streams/first -H "Content-Type: application/json" \
        -H "ES-EventType: tried" -d "{\"n\": 1}" \
        -H "ES-EventId: 5c1f3e0a-8f0e-4d0b-9d4a-000000000001" |
        grep "201 Created"
    curl -s --fail $base/web/index.html | grep -qi "<!doctype html>"
    $as_rill rillctl status
    test "$(stat -c %U /proc/$front)" = www-data
'
read_back='
    curl -s --fail $base/streams/first/0 -H "Accept: application/json" |
        grep "\"n\""
'

trap leave_root EXIT
make_root
install_package "$package"
claim "the programs are there" inside rillctl --version
claim "the folder is the user's alone" test \
    "$(inside stat -c '%U %G %a' /var/lib/rill)" = 'rill rill 750'
claim "units are enabled" test -L \
    "$root/etc/systemd/system/multi-user.target.wants/rill-agent.service"
claim "a first event is taken, and the web server is not root" \
    with_node "$first_event"
sed -i 's/"threads": 32/"threads": 16/' "$root/etc/rill/rill.json"
newer_package
install_package "$root/root/newer.deb"
claim "an upgrade leaves rill.json alone" \
    grep -q '"threads": 16' "$root/etc/rill/rill.json"
claim "and the event" with_node "$read_back"
inside apt-get -q -y remove rill >/dev/null 2>&1
claim "removal leaves rill.json" test -e "$root/etc/rill/rill.json"
inside dpkg --purge rill | tee "$root/root/purge.log" >/dev/null
claim "purging removes rill.json" not test -e "$root/etc/rill"
claim "purging leaves the events, and says so" \
    grep -q '/var/lib/rill and its events are left' "$root/root/purge.log"
claim "they are there" test \
    -n "$(ls -A "$root/var/lib/rill")"
install_package "$package"
claim "a new installation finds the event" with_node "$read_back"
rm -r "$root/var/lib/rill"
inside install -d -o rill -g rill /var/lib/rill
inside dpkg --purge rill >/dev/null 2>&1
claim "without events the user goes as well" not inside id rill
