"""What the compiled step of eight devices sends: the gradients once, and what it does with its state."""

import re
from functools import cache

import jax
import pytest

from tests.helpers.programs import Collective, collectives
from tests.helpers.tiny_training import MODEL, tiny_batch
from tests.training.test_parallel import first_state, make_driver

HLO = """
  %all-reduce = (f32[8,4]{1,0}, f32[]) all-reduce(%a, %b), channel_id=1, replica_groups=[1,8]<=[8]
  %start.1 = bf16[3,5]{1,0:T(8,128)} all-reduce-start(%c), to_apply=%add
  %done = bf16[3,5]{1,0} all-reduce-done(%start.1)
  ROOT %permuted = u8[2,7]{1,0} collective-permute(%all-reduce), source_target_pairs={{0,1}}
"""
SCALARS = 128  # bytes: the loss, the number of labelled frames, the two scalars of the motion maps, padding


def test_collectives_are_read_from_the_text():
    assert collectives(HLO) == [
        Collective("all-reduce", 132),
        Collective("all-reduce", 30),
        Collective("collective-permute", 14),
    ]


@cache
def program(name):
    """The text of a training step as `test_parallel` runs it, in float32."""
    used = make_driver(name)
    operands = (used.place(first_state()), *used.place_inputs(tiny_batch(0)), None)
    step, bound = (used._step, ()) if name == "jit" else (used._step.func, used._step.args)
    return step.lower(*bound, *operands).compile().as_text()


def count(tree):
    return sum(x.nbytes for x in jax.tree.leaves(tree))


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_gradients_are_reduced_once(name):
    """Beside them batch statistics, in both directions, and scalars."""
    state = first_state()
    reduced = sum(found.bytes for found in collectives(program(name)) if found.op == "all-reduce")
    parameters, statistics = count(state.params), count(state.batch_stats)
    assert parameters <= reduced <= parameters + 2 * statistics + SCALARS
    assert 2 * statistics + SCALARS < parameters / 2  # so that gradients sent twice would be seen


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_nothing_else_but_a_window_to_mix_in_is_sent(name):
    others = [found for found in collectives(program(name)) if found.op != "all-reduce"]
    assert {found.op for found in others} <= {"collective-permute"}
    pixels = MODEL.height * MODEL.width
    window = 4 * MODEL.frames * (3 * pixels + pixels + 1)  # frames, targets and mask in float32
    assert sum(found.bytes for found in others) == window


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_the_whole_state_is_overwritten(name):
    """Every array of the state lies in the memory of the one before."""
    (aliases,) = re.findall(r"input_output_alias={(.*?) }, ", program(name).splitlines()[0])
    leaves = len(jax.tree.leaves(first_state()))
    assert {int(i) for i in re.findall(r"\((\d+), {}, (?:may|must)-alias\)", aliases)} == set(range(leaves))


@pytest.mark.parametrize("name", ["jit", "pmap"])
def test_nothing_waits_for_the_host(name):
    assert not re.search(r"infeed|outfeed| send\(| recv\(|callback", program(name))
