#!/bin/sh
# Makes ./configure.  See --help.
set -e

cd "$(dirname "$0")"

# What the build and `make run` need, then what `make check` needs beside it.
build_packages="build-essential autoconf automake pkg-config libdb5.3-dev
    libfcgi-dev libjansson-dev libxml2-dev nettle-dev uuid-dev libcrypt-dev
    lighttpd curl"
check_packages="libcmocka-dev python3 python3-pytest python3-feedparser
    python3-hypothesis python3-seccomp systemd universal-ctags mandoc iproute2
    libfaketime"
# The web UI's tests, which are skipped without them; npm brings
# playwright-core and axe-core.
browser_packages="chromium"
# The tests of the other web servers that Rill stands behind, skipped likewise.
front_packages="nginx apache2-bin libapache2-mod-fcgid lighttpd-mod-openssl
    openssl"
# Only --enable-fuzz, `make format-check`, `make check-valgrind`,
# `make cppcheck` and `make deb` use these.
dev_packages="clang clang-format cppcheck libclang-rt-dev valgrind debhelper"

# What `make bench` compares with; without wrk it measures nothing.
bench_packages="wrk postgresql redis-server redis-tools etcd-server $front_packages
    python3 python3-pytest iproute2"

usage() {
    cat <<USAGE
usage: ./autogen.sh [--install-deps[=dev|=bench]]

Makes ./configure with autoreconf.
  --install-deps      first install the Debian packages that building, running
                      and testing Rill need (apt-get, by sudo if not root)
  --install-deps=dev  the same, and what only developers use: clang for the
                      fuzz targets and the layout of the code, valgrind, cppcheck,
                      nginx, Apache and TLS for the tests of what stands in
                      front, and Chromium with playwright-core (npm) for the tests of
                      the web UI, which are skipped without them
  --install-deps=bench
                      what building Rill and make bench need: wrk, and what
                      Rill is compared with (PostgreSQL, Redis, etcd, nginx,
                      Apache); what is absent is left out
USAGE
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_deps() {
    if ! command -v apt-get >/dev/null; then
        echo "autogen.sh: there is no apt-get here. --install-deps knows" \
            "Debian only; install what these packages hold: $*" >&2
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        echo "autogen.sh: --install-deps needs root or sudo" >&2
        exit 1
    fi
    echo "autogen.sh: installing with apt-get:"
    printf '  %s\n' "$@"
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        --no-install-recommends install "$@"
}

# Debian's Node.js only where there is no other.
install_browser_tests() {
    command -v npm >/dev/null || install_deps nodejs npm
    (cd tests/browser && npm install --silent --no-audit --no-fund --no-package-lock)
}

packages= browser=
for option; do
    case $option in
    --install-deps) packages="$build_packages $check_packages" ;;
    --install-deps=dev)
        packages="$build_packages $check_packages $browser_packages
            $front_packages $dev_packages"
        browser=yes ;;
    --install-deps=bench) packages="$build_packages $bench_packages" ;;
    --help | -h) usage && exit ;;
    *) usage >&2 && exit 2 ;;
    esac
done

if [ -n "$packages" ]; then
    # Unquoted: one word a package.
    install_deps $packages
fi
[ -z "$browser" ] || install_browser_tests
if ! command -v autoreconf >/dev/null; then
    echo "autogen.sh: autoreconf is missing; ./autogen.sh --install-deps" \
        "installs it with everything else" >&2
    exit 1
fi
autoreconf -fi
echo "autogen.sh: ./configure is ready"
