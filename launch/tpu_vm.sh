#!/usr/bin/env bash
# A run on all hosts of a Cloud TPU VM slice, from a machine with gcloud.
#
#   TPU=my-pod ZONE=europe-west4-b launch/tpu_vm.sh setup
#   TPU=my-pod ZONE=europe-west4-b launch/tpu_vm.sh train CONFIG WORKDIR [overrides]
#   TPU=my-pod ZONE=europe-west4-b launch/tpu_vm.sh stop
#
# setup  copies this checkout to every host and installs it there, with the hosts' python3 or what PYTHON names; it must
#        be 3.11 or newer, which Ubuntu 22.04's is not
# train  starts the run on every host; WORKDIR must be a folder that all hosts see (Filestore, or a bucket mounted with
#        gcsfuse). Started again, after whatever happened, it goes on
# stop   SIGTERM to the run on the first host alone: all hosts save the same step and end
set -euo pipefail

: "${TPU:?the name of the TPU VM}" "${ZONE:?its zone}"
checkout=$(cd "$(dirname "$0")/.." && pwd)
verb=${1:?setup, train or stop}
shift

on() { # hosts command
    gcloud compute tpus tpu-vm ssh "$TPU" --zone "$ZONE" --worker="$1" --command "$2"
}

case $verb in
setup)
    python=${PYTHON:-python3}
    advice="Python 3.11 or newer is needed on the hosts: install one there, with its venv, and PYTHON=python3.11 launch/tpu_vm.sh setup"
    on all "$python -c 'import sys; sys.exit(sys.version_info < (3, 11) and \"$advice\")'"
    archive=$(mktemp --suffix .tar.gz)
    git -C "$checkout" archive --format tar.gz --output "$archive" HEAD
    gcloud compute tpus tpu-vm scp "$archive" "$TPU:tracknet.tar.gz" --zone "$ZONE" --worker=all
    on all "mkdir -p tracknet && tar -xzf tracknet.tar.gz -C tracknet && $python -m venv tracknet/.venv &&
        tracknet/.venv/bin/pip install --quiet './tracknet[tpu]' &&
        tracknet/.venv/bin/pip uninstall --quiet --yes opencv-python &&
        tracknet/.venv/bin/pip install --quiet opencv-python-headless"
    ;;
train)
    config=$1 workdir=$2
    shift 2
    on all "tracknet/.venv/bin/tracknet train $(printf '%q ' "$config" --workdir "$workdir" --distributed auto "$@")"
    ;;
stop)
    on 0 "pkill -TERM -u \$USER -f '[t]racknet train'"
    ;;
*)
    echo "unknown verb $verb: setup, train or stop" >&2
    exit 2
    ;;
esac
