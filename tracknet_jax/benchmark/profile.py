"""Where the time of a compiled step goes, by the modules of the network: JAX's profiler, read by the names in the HLO.

Every instruction of a compiled program carries the path of the module that it comes from, and the profiler names the
instruction of every operation that it saw. A fusion counts for the modules of the convolutions and matrix products in
it, from the first to the last, or else for the module of its result.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import jax

CALLS = 5
OUTSIDE = "elsewhere"  # loss, optimizer, and copies of the compiler's that carry no path
NETWORK = "TrackNet"
DEPTH = 2  # modules of a part's name: `encoder_decoder/down0_0`

_COMPUTATION = re.compile(r"^(?:ENTRY )?%?([\w.-]+) \(.*\{$")
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?([\w.-]+) = (?:\(.*?\)|\S+) ([\w-]+)\(")
_CALLED = re.compile(r"(?:calls|to_apply|body|condition)=%?([\w.-]+)")
_PATH = re.compile(r'op_name="([^"]*)"')
_LIBRARY_PRODUCT = re.compile(r'custom_call_target="[^"]*(?:conv|gemm|matmul|dot)', re.IGNORECASE)


class Part(NamedTuple):
    """A part of a step.

    Attributes:
        name: the module's path within the network, marked where it is the backward pass.
        seconds: in its operations, a call of the step, on all threads and devices.
        products: of these in convolutions and matrix products, with what is fused to them.
    """

    name: str
    seconds: float
    products: float


class Instruction(NamedTuple):
    """What the text of a program says of an instruction: its module, and whether it multiplies matrices."""

    part: str
    is_product: bool


class Operation(NamedTuple):
    """One run of an instruction, in nanoseconds, on one thread or stream."""

    instruction: str
    start: float
    duration: float


def profile(call: Callable[[], Any], program: str) -> tuple[Part, ...]:
    """Traces a few calls of a step that has run before.

    Args:
        call: starts one step and returns what to wait for.
        program: the compiled step's text.
    """
    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = 0
    with TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, profiler_options=options):
            for _ in range(CALLS):
                jax.block_until_ready(call())
        (file,) = Path(folder).rglob("*.xplane.pb")
        return parts(operations(jax.profiler.ProfileData.from_file(str(file))), instructions(program), CALLS)


def operations(trace: Any) -> Iterator[list[Operation]]:
    """The operations of each thread or stream that has some."""
    for plane in trace.planes:
        for line in plane.lines:
            named = ((dict(event.stats).get("hlo_op"), event) for event in line.events)
            found = [Operation(str(name), event.start_ns, event.duration_ns) for name, event in named if name]
            if found:
                yield found


def parts(lines: Iterable[list[Operation]], program: dict[str, Instruction], calls: int) -> tuple[Part, ...]:
    """The time of each part, the longest first."""
    own: defaultdict[str, float] = defaultdict(float)  # seconds a call, by instruction
    for operation, nanoseconds in (timed for line in lines for timed in own_times(line)):
        own[operation.instruction] += nanoseconds * 1e-9 / calls
    members: defaultdict[str, list[str]] = defaultdict(list)
    known = {name: program.get(name, Instruction(OUTSIDE, False)) for name in own}
    for name, instruction in known.items():
        members[instruction.part].append(name)
    found = (
        Part(
            part,
            sum(own[name] for name in names),
            sum(own[name] for name in names if known[name].is_product),
        )
        for part, names in members.items()
    )
    return tuple(sorted(found, key=lambda part: -part.seconds))


def own_times(line: Iterable[Operation]) -> Iterator[tuple[Operation, float]]:
    """Each operation with its time without the operations inside it, such as those of a loop's body."""
    running: list[tuple[Operation, float]] = []  # with the time that is not its own
    for operation in sorted(line, key=lambda each: (each.start, -each.duration)):
        while running and running[-1][0].start + running[-1][0].duration <= operation.start:
            yield _without_inner(*running.pop())
        if running:
            outer, inner = running.pop()
            running.append((outer, inner + operation.duration))
        running.append((operation, 0.0))
    while running:
        yield _without_inner(*running.pop())


def _without_inner(operation: Operation, inner: float) -> tuple[Operation, float]:
    return operation, max(operation.duration - inner, 0.0)


def instructions(program: str) -> dict[str, Instruction]:
    """What a compiled program's text says of its instructions."""
    lines: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(
        list
    )  # (name, opcode, line) of computations
    computation = ""
    for line in program.splitlines():
        if header := _COMPUTATION.match(line):
            computation = header[1]
        elif written := _INSTRUCTION.match(line):
            lines[computation].append((written[1], written[2], line))

    def inside(line: str) -> Iterator[tuple[str, str]]:
        """The instructions of the computations that one calls, however deep: opcode and line."""
        for called in _CALLED.findall(line):
            for _, opcode, inner in lines[called]:
                yield opcode, inner
                yield from inside(inner)

    found = {}
    for name, opcode, line in chain.from_iterable(list(lines.values())):
        whole = [(opcode, line), *inside(line)]
        products = [_part_of_line(each) for opcode, each in whole if _is_product(opcode, each)]
        known = (part for _, each in whole if (part := _part_of_line(each)) != OUTSIDE)  # copies have no path
        part = _span(products[0], products[-1]) if products else next(known, OUTSIDE)
        found[name] = Instruction(part, bool(products))
    return found


def _is_product(opcode: str, line: str) -> bool:
    return opcode in ("convolution", "dot") or _LIBRARY_PRODUCT.search(line) is not None


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last.rpartition('/')[2]}"


def _part_of_line(line: str) -> str:
    path = _PATH.search(line)
    return part_of(path[1] if path else "")


def part_of(path: str) -> str:
    """The part that an instruction belongs to, from the path in its metadata."""
    _, network, inside = path.partition(NETWORK)
    if not network:
        return OUTSIDE
    modules = [name for name in inside.split("/")[1:-1] if "(" not in name and not name.startswith(NETWORK)]
    part = "/".join(modules[:DEPTH]) or NETWORK
    return f"{part}, backward" if "transpose(" in path else part
