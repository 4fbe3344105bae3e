#!/usr/bin/env bash
# Rehearses a run of several hosts on one machine: processes on loopback, gloo between them, CPU devices.
#
#   launch/local_rehearsal.sh WORKDIR CONFIG [overrides]
#   PROCESSES=2 DEVICES=1 KILL_AFTER=8 TERM_AFTER=16 launch/local_rehearsal.sh /tmp/rehearsal smallest --data.source clips/
#
# PROCESSES   how many, 2 if not set; each with DEVICES virtual devices, 1 if not set
# KILL_AFTER  once the checkpoint of this step is there, the last process is killed (SIGKILL); when the others have
#             noticed, all are started again, as a cluster does
# TERM_AFTER  once the checkpoint of this step is there, the last process alone is asked to stop (SIGTERM)
#
# The output of process I of start S goes to WORKDIR/log_S_I.txt. Exits with 0 if all processes of the last start do.
set -euo pipefail

workdir=$1 config=$2
shift 2
overrides=("$@")
processes=${PROCESSES:-2}
python=${PYTHON:-python}
here=$(cd "$(dirname "$0")" && pwd)
export JAX_PLATFORMS=cpu JAX_NUM_CPU_DEVICES=${DEVICES:-1}
mkdir -p "$workdir"
starts=0
pids=()
trap 'kill -KILL "${pids[@]}" 2>/dev/null || true' EXIT

start_all() {
    local port
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    pids=()
    for ((i = 0; i < processes; i++)); do
        "$python" "$here/train.py" "$config" --workdir "$workdir" --distributed "127.0.0.1:$port,$i/$processes" \
            "${overrides[@]}" >"$workdir/log_${starts}_$i.txt" 2>&1 &
        pids+=($!)
    done
    starts=$((starts + 1))
}

newest_step() {
    find "$workdir/checkpoints" -mindepth 1 -maxdepth 1 -name '[0-9]*' ! -name '*tmp*' -printf '%f\n' 2>/dev/null |
        sort -n | tail -1
}

wait_for_step() {
    until [ "$(newest_step || true)" -ge "$1" ] 2>/dev/null; do
        for pid in "${pids[@]}"; do
            kill -0 "$pid" 2>/dev/null || { echo "a process ended before step $1, see $workdir" >&2; exit 1; }
        done
        sleep 0.05
    done
}

start_all
if [ -n "${KILL_AFTER:-}" ]; then
    wait_for_step "$KILL_AFTER"
    kill -KILL "${pids[-1]}"
    for pid in "${pids[@]}"; do wait "$pid" && { echo "process $pid did not notice" >&2; exit 1; } || true; done
    start_all
fi
if [ -n "${TERM_AFTER:-}" ]; then
    wait_for_step "$TERM_AFTER"
    kill -TERM "${pids[-1]}"
fi
code=0
for pid in "${pids[@]}"; do wait "$pid" || code=$?; done
exit $code
