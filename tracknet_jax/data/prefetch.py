"""Several iterables worked on ahead of time in threads, their items handed out in order."""

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def prefetch_in_order(
    makers: Sequence[Callable[[], Iterable[Item]]], *, workers: int, ahead: int
) -> Iterator[Item]:
    """Yields all items of all iterables, one iterable after the other.

    Up to `workers` iterables run at the same time, each in a thread and at most `ahead` items ahead, so
    memory is bounded whatever their lengths. What one of them raises is raised here, at its place.
    """
    todo = iter(makers)
    boxes: deque[queue.Queue] = deque()
    stopped = threading.Event()

    def start_next() -> None:
        for make in itertools.islice(todo, 1):
            boxes.append(queue.Queue(ahead))
            pool.submit(_fill, boxes[-1], make, stopped)

    with ThreadPoolExecutor(workers) as pool:
        try:
            for _ in range(workers):
                start_next()
            while boxes:
                yield from _drain(boxes.popleft())
                start_next()
        finally:
            stopped.set()


def _fill(box: queue.Queue, make: Callable[[], Iterable], stopped: threading.Event) -> None:
    """Puts `(item, None)` for every item, then `(None, error)`; error is StopIteration at the normal end."""
    end: BaseException = StopIteration()
    try:
        for item in make():
            if not _put(box, (item, None), stopped):
                return
    except BaseException as error:
        end = error
    _put(box, (None, end), stopped)


def _put(box: queue.Queue, message: tuple, stopped: threading.Event) -> bool:
    """Waits for room; False when the reader has gone away."""
    while not stopped.is_set():
        try:
            box.put(message, timeout=0.2)
            return True
        except queue.Full:
            continue
    return False


def _drain(box: queue.Queue) -> Iterator:
    while True:
        item, end = box.get()
        if isinstance(end, StopIteration):
            return
        if end is not None:
            raise end
        yield item
