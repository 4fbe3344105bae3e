"""Where the time of a step goes: names from the HLO, times from the trace."""

import pytest

from tracknet_jax.benchmark import run as runner
from tracknet_jax.benchmark.benchmark_config import Benchmark
from tracknet_jax.benchmark.benchmark_table import tables
from tracknet_jax.benchmark.profile import (
    OUTSIDE,
    Instruction,
    Operation,
    Part,
    instructions,
    own_times,
    part_of,
    parts,
)
from tracknet_jax.utils.errors import UserError

# As XLA writes it: a fusion of two convolutions, one without a product, a loop, a library's product, a bare copy.
PROGRAM = """\
HloModule jit_f, is_scheduled=true

%fused (p: f32[1,4,4,2]) -> f32[1,4,4,2] {
  %p = f32[1,4,4,2]{3,2,1,0} parameter(0)
  %a = f32[1,4,4,2]{3,2,1,0} convolution(%p, %p), metadata={op_name="jit(f)/TrackNet/unet/down0/conv/c"}
  ROOT %b = f32[1,4,4,2]{3,2,1,0} convolution(%a, %p), metadata={op_name="jit(f)/TrackNet/unet/down1/conv/c"}
}

%relu (p.1: f32[2]) -> f32[2] {
  %p.1 = f32[2]{0} parameter(0)
  ROOT %m = f32[2]{0} maximum(%p.1, %p.1), metadata={op_name="jit(f)/TrackNet/head/jit(relu)/max"}
}

ENTRY %main (x: f32[2]) -> (f32[2], f32[2]) {
  %x = f32[2]{0} parameter(0)
  %ynn_fusion.1 = f32[1,4,4,2]{3,2,1,0} fusion(%x), calls=%fused, metadata={op_name="jit(f)/TrackNet/unet/down1/c"}
  %wrapped_max = f32[2]{0} fusion(%x), kind=kLoop, calls=%relu
  %cudnn.2 = (f32[2]{0}, u8[0]{0}) custom-call(%x), custom_call_target="__cudnn$convForward", \
metadata={op_name="jit(f)/transpose(jvp(TrackNet))/unet/down0/c"}
  %copy.3 = f32[2]{0} copy(%x)
  ROOT %tuple = (f32[2]{0}, f32[2]{0}) tuple(%copy.3, %x)
}
"""


def test_instructions_know_their_modules_and_products():
    found = instructions(PROGRAM)
    assert found["ynn_fusion.1"] == Instruction("unet/down0 to down1", True)
    assert found["wrapped_max"] == Instruction("head", False)
    assert found["cudnn.2"] == Instruction("unet/down0, backward", True)
    assert found["copy.3"] == Instruction(OUTSIDE, False)


def test_modules_of_a_path():
    assert part_of("jit(f)/TrackNet/TrackNet.draft/head/conv/conv_general_dilated") == "head/conv"
    assert part_of("jit(f)/TrackNet/div") == "TrackNet"
    assert part_of("jit(f)/div") == part_of("") == OUTSIDE


def test_an_operation_within_another_is_not_counted_twice():
    loop, first, second, after = (
        Operation("while", 0, 100),
        Operation("a", 10, 30),
        Operation("b", 40, 20),
        Operation("c", 100, 5),
    )
    own = {operation.instruction: time for operation, time in own_times([after, second, loop, first])}
    assert own == {"while": 50, "a": 30, "b": 20, "c": 5}


def test_parts_add_up_over_threads_and_calls():
    program = {
        name: Instruction(part, name == "a") for name, part in [("c", "up"), ("a", "down"), ("b", "down")]
    }
    lines = [
        [Operation("a", 0, 2e9), Operation("b", 2e9, 1e9), Operation("?", 5e9, 4e9)],
        [Operation("c", 0, 3e9), Operation("a", 4e9, 2e9)],
    ]
    assert parts(lines, program, calls=2) == (
        Part("down", 2.5, 2.0),
        Part(OUTSIDE, 2.0, 0.0),
        Part("up", 1.5, 0.0),
    )


def test_a_task_without_a_program_has_no_profile():
    with pytest.raises(UserError, match="a profile is of inference, stream, train: add one to the tasks"):
        Benchmark(tasks=("track",), profile=True)
    Benchmark(tasks=("track", "stream"), profile=True)


@pytest.mark.parametrize("task", ["inference", "train"])
def test_a_real_step_is_told_apart(task):
    quick = {"models": ("tiny",), "batches": (1,), "blocks": 1, "seconds": 0.0}
    report = runner.run(Benchmark(tasks=(task,), profile=True, **quick))
    (result,) = report.results
    names = {part.name for part in result.profile}
    assert any(name.startswith("encoder_decoder/down0_0") for name in names)
    assert any(name.endswith("backward") for name in names) == (task == "train")
    assert all(part.seconds >= part.products >= 0 for part in result.profile)
    products = sum(part.products for part in result.profile)
    assert 0 < products < sum(part.seconds for part in result.profile)
    shown = [table for table in tables(report) if table.title.startswith("Profile")]
    assert len(shown) == 1
    assert result.to_dict()["profile"][0].keys() == {"name", "seconds", "products"}
