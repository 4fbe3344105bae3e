"""Threads that work ahead: bounded, in order, and gone when nobody reads any more."""

import threading

import pytest

from tracknet_jax.utils.threads import Prefetch, map_in_threads, prefetch_in_order


def test_prefetch_reads_only_a_bounded_number_ahead():
    taken = []

    def numbers():
        for number in range(100):
            taken.append(number)
            yield number

    with Prefetch(numbers(), depth=2) as items:
        assert next(items) == 0
    assert len(taken) <= 5


def test_parts_come_in_order_and_no_more_than_the_workers_at_a_time():
    started = []

    def part(number):
        started.append(number)
        yield from ((number, item) for item in range(3))

    items = prefetch_in_order(map(part, range(5)), workers=2, ahead=1)
    assert next(items) == (0, 0)
    assert sorted(started) in ([0], [0, 1])  # the second thread may not have begun yet
    assert list(items) == [(number, item) for number in range(5) for item in range(3)][1:]


def test_an_error_is_raised_at_its_place_and_ends_the_threads():
    def part(number):
        yield number
        if number == 1:
            raise ValueError("broken")

    threads = threading.active_count()
    items = prefetch_in_order(map(part, range(9)), workers=3, ahead=1)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(ValueError, match="broken"):
        next(items)
    assert threading.active_count() == threads


def test_a_function_is_mapped_on_several_items_at_once_and_few_are_taken_ahead():
    both = threading.Barrier(2, timeout=20)  # breaks unless two calls wait at the same time
    taken = []

    def numbers():
        for number in range(8):
            taken.append(number)
            yield number

    def square(number):
        both.wait()
        return number**2

    squares = map_in_threads(square, numbers(), workers=2)
    assert next(squares) == 0
    assert taken == [0, 1, 2]
    assert list(squares) == [number**2 for number in range(1, 8)]


def test_what_a_mapped_function_raises_is_raised_at_its_place_and_ends_the_threads():
    threads = threading.active_count()
    inverses = map_in_threads(lambda x: 1 / x, [1, 2, 0, 4], workers=2)
    assert [next(inverses), next(inverses)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(inverses)
    assert threading.active_count() == threads
