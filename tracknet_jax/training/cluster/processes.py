"""A run of several processes: how they find each other, wait for each other, agree, and leave."""

import atexit
import os
import re
import socket
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from orbax.checkpoint import multihost

from tracknet_jax.utils.errors import UserError, first_line

T = TypeVar("T")

HOUR = 3_600_000  # milliseconds
FAREWELL = 5_000  # milliseconds that a failing process waits for others that fail too


@contextmanager
def joined(address: str | None) -> Iterator[None]:
    """While entered, this process is one of several that run together; it is alone if `address` is None.

    With "auto" the cluster (Cloud TPU, GKE, SLURM, Open MPI, Kubernetes) names the others. "HOST:PORT,I/N" makes this
    process I of N; all of them meet at process 0, which listens on PORT. Enter it before anything asks JAX for its
    devices. Raises `UserError` if the others cannot be found, or when one of them is lost.
    """
    if address is None:
        yield
        return
    _meet(address)
    try:
        yield
    except BaseException as error:
        # JAX's own farewell waits for processes that may be waiting for this one.
        atexit.register(_leave, 2 if isinstance(error, UserError | jax.errors.JaxRuntimeError) else 1)
        if isinstance(error, jax.errors.JaxRuntimeError) and jax.process_count() > 1:
            raise UserError(
                f"process {jax.process_index()}: the devices failed, or another process was lost; start all of them "
                f"again, and they go on from the newest checkpoint ({first_line(error)})"
            ) from error
        raise


def _meet(address: str) -> None:
    jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM away from `StopRequest`
    try:
        if address == "auto":
            jax.distributed.initialize()
        else:
            meeting_point, index, count = parse_address(address)
            jax.distributed.initialize(meeting_point, count, index, cluster_detection_method="deactivate")
    except (ValueError, RuntimeError) as error:
        raise UserError(
            f"--distributed {address}: cannot join the other processes ({first_line(error)}); give auto on a cluster, "
            "or HOST:PORT,I/N to each of N processes"
        ) from error


def parse_address(address: str) -> tuple[str, int, int]:
    """Meeting point, index and count of "HOST:PORT,I/N"; raises `UserError` if it is something else."""
    match = re.fullmatch(r"(.+:\d+),(\d+)/(\d+)", address)
    if match is None or int(match[2]) >= int(match[3]):
        raise UserError(
            f"--distributed {address}: give auto, or HOST:PORT,I/N, for example 10.0.0.1:8476,0/2 and, to the "
            "second process, 10.0.0.1:8476,1/2"
        )
    return match[1], int(match[2]), int(match[3])


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(Exception):  # together, if all fail alike: else the last see their coordinator go
        wait_for_all("farewell", FAREWELL)
    os._exit(code)


def is_first() -> bool:
    """Whether this process is process 0, the only one that reports and writes files."""
    return jax.process_index() == 0


def wait_for_all(name: str, milliseconds: int = 24 * HOUR) -> None:
    """Returns when every process has come here. A barrier, because a collective does not wait for hours."""
    multihost.get_barrier_sync_fn()(key=name, timeout_ms=milliseconds)


def run_one_process_at_a_time(work: Callable[[], T]) -> T:
    """What `work` returns. No two processes of a host do it at once, so that none writes a file of another.

    Process 0 is first: in a folder that all hosts share the others then find its files. One process of each other
    host follows, then all the rest.
    """
    result: list[T] = []
    errors: list[UserError] = []
    mine = _turn()
    for turn in range(3 if jax.process_count() > 1 else 1):
        if turn == mine:
            try:
                result.append(work())
            except UserError as error:
                errors.append(error)  # raised below, when no process waits for this one
        wait_for_all(f"turn {turn}")
    if errors:
        raise errors[0]
    return result[0]


def _turn() -> int:
    if jax.process_count() == 1:
        return 0
    host = zlib.crc32(socket.gethostname().encode())
    hosts = multihost_utils.process_allgather(np.uint32(host)).tolist()
    index = jax.process_index()
    if index == 0:
        return 0
    return 2 if host in hosts[:index] else 1


def broadcast_from_first(values: dict[str, float]) -> dict[str, float]:
    """Process 0's `values`, so that all processes decide alike. Every process gives the same names."""
    if jax.process_count() == 1:
        return values
    agreed = multihost_utils.broadcast_one_to_all(np.array(list(values.values()), np.float64).view(np.uint32))
    return dict(zip(values, agreed.view(np.float64).tolist(), strict=True))


def gather_rows(rows: np.ndarray) -> np.ndarray:
    """The `rows` (N, ...) of all processes, one after the other; each has as many, of a type that JAX has."""
    return rows if jax.process_count() == 1 else multihost_utils.process_allgather(rows, tiled=True)


def min_over_processes(value: float) -> float:
    """The smallest `value` of all processes."""
    if jax.process_count() == 1:
        return value
    values = multihost_utils.process_allgather(np.array([value], np.float64).view(np.uint32))
    return float(np.asarray(values).view(np.float64).min())
