#!/bin/sh
# Runs the precompiler "$@" so that under dynamic execution the worker loses the first race: an action done without a worker
# waits until its request to the worker is out, and a worker starts only when a request of its own has been cancelled.
# What Bazel says to a worker and what that answers is recorded in the folder recordings/ beside this file.
recordings=$(dirname "$(realpath "$0")")/recordings

# Until "$@" succeeds, for ten seconds at most.
await() {
    tries=500
    until "$@" || [ $((tries -= 1)) = 0 ]; do sleep 0.02; done
}

is_requested() { grep -qsF -- "\"$1\"" "$recordings"/requests-*; }
has_cancel() { grep -qs '"cancel":true' "$1"; }

case " $* " in
*' --persistent_worker '*)
    requests=$recordings/requests-$$
    tee "$requests" | { await has_cancel "$requests"; "$@"; } | tee "$recordings/responses-$$"
    ;;
*)
    for argument; do
        case $argument in
        @*) await is_requested "$(sed -n '/^--pyc$/{n;p;}' "${argument#@}")" ;;
        esac
    done
    exec "$@"
    ;;
esac
