"""Frames sharded over devices against the frames themselves."""

from functools import partial

import jax
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec

from tracknet_jax.data.windows.sharded_frames import part_of, take_sharded


def test_parts_are_equal_and_hold_every_row_once():
    rows = np.arange(1, 22).reshape(7, 3).astype(np.uint8)
    parts = [part_of(rows, i, 4) for i in range(4)]
    assert {part.shape for part in parts} == {(2, 3)}
    joined = np.concatenate(parts)
    np.testing.assert_array_equal(joined[:7], rows)
    assert not joined[7:].any()
    assert np.shares_memory(parts[0], rows)


@pytest.mark.parametrize("parts", [2, 8])
def test_windows_come_whole_whichever_devices_hold_their_frames(parts):
    """Eight devices as several processes with all frames among them, and as one."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (29, 2, 3), np.uint8)
    starts = rng.integers(0, 29 - 5 + 1, 8 * 6)  # windows of 5 frames: across two parts, or three of eight
    sharded = np.concatenate([part_of(frames, i % parts, parts) for i in range(8)])
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    take = jax.jit(
        jax.shard_map(
            partial(take_sharded, length=5, axis_name="data", parts=parts),
            mesh=mesh,
            in_specs=PartitionSpec("data"),
            out_specs=PartitionSpec("data"),
            check_vma=False,
        )
    )
    np.testing.assert_array_equal(take(sharded, starts), frames[starts[:, None] + np.arange(5)])
