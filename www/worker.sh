#!/bin/bash
# What lighttpd starts as a worker: keeps one $RILL_WORKER running.  This script
# holds the socket (descriptor 0) open, so requests wait there while a worker
# that died is replaced.  lighttpd's own restart refuses them, for 1 to 2 s.

set -u

stopping=
child=
quick_deaths=0

stop() {
    stopping=1
    [[ -z $child ]] || kill -TERM "$child" 2>/dev/null
}

# wait returns early when a signal arrives.
await_child() {
    status=0
    while kill -0 "$child" 2>/dev/null; do
        wait "$child" 2>/dev/null
        status=$?
    done
}

# A worker that cannot even start must not keep a processor busy.
pause() {
    if ((SECONDS - started > 1)); then
        quick_deaths=0
    elif ((++quick_deaths > 20)); then
        sleep 1
    else
        sleep 0.1
    fi
}

trap stop TERM INT
while [[ -z $stopping ]]; do
    started=$SECONDS
    # Without <&0 bash gives a background program /dev/null.
    setpriv --pdeathsig TERM "$RILL_WORKER" <&0 &
    child=$!
    [[ -z $stopping ]] || stop
    await_child
    child=
    [[ -z $stopping ]] || break
    printf 'rill: a worker ended with status %d; starting another\n' \
        "$status" >&2
    pause
done
