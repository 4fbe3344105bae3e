"""Threads that work ahead, so that decoding, the device and writing overlap."""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Prefetch(Generic[T]):
    """Iterates `items` in a thread, at most `depth` ahead. What the thread raises is raised by the iterator.

    Use it as a context manager: leaving it stops the thread, even if items are left.
    """

    def __init__(self, items: Iterable[T], depth: int = 2):
        self._items = items
        self._queue: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(depth)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._consume()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(("item", item)):
                    break
            self._put(("end", None))
        except BaseException as error:
            self._put(("error", error))
        finally:
            if isinstance(self._items, Generator):
                self._items.close()  # in the thread that ran it, not in the garbage collector

    def _put(self, message: tuple[str, T | BaseException | None]) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(message, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def _consume(self) -> Iterator[T]:
        while True:
            kind, value = self._queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise value  # type: ignore[misc]
            yield value  # type: ignore[misc]


def prefetch_in_order(parts: Iterable[Iterable[T]], *, workers: int, ahead: int) -> Iterator[T]:
    """Yields all items of all parts, one part after the other.

    Up to `workers` threads each read one part, at most `ahead` items ahead, so memory is bounded. What a part raises
    is raised here, after the items before it.
    """
    waiting = iter(parts)
    with ExitStack() as stack:

        def start(count: int) -> list[Iterator[T]]:
            return [stack.enter_context(Prefetch(part, ahead)) for part in islice(waiting, count)]

        running = deque(start(workers))
        while running:
            yield from running.popleft()
            running.extend(start(1))


def map_in_threads(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """`function` of each item, in the items' order, computed for `workers` items at once; one more item waits.

    What a call raises is raised here, after the results before it.
    """
    running: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                running.append(pool.submit(function, item))
                if len(running) > workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
