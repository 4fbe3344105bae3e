"""Batches of windows by Grain: threads or worker processes read them before training needs them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from absl import flags

from tracknet_jax.utils.errors import UserError

if TYPE_CHECKING:
    import grain

THREADS = 4  # that read in each process


def make_grain_loader(
    windows: Sequence[Any],
    *,
    batch_size: int,
    workers: int = 0,
    process_index: int = 0,
    process_count: int = 1,
) -> "grain.DatasetIterator":
    """An iterator of NumPy batches of windows, in their order; an incomplete last batch is left out.

    The parts of all processes, one after the other, are the batch that a single process would get.

    Args:
        windows: random access to windows, as `FrameWindows`; picklable if there are workers.
        batch_size: of this process, that is the global batch divided by `process_count`.
        workers: processes that read and decode, 0 for this one.
        process_index: which part of each global batch is ours, `jax.process_index()`.
        process_count: number of parts, `jax.process_count()`.

    Raises:
        UserError: Grain is not installed.
    """
    try:
        import grain  # not needed for resident frames
    except ImportError as error:
        raise UserError(
            "Grain, which streams windows, is not installed: pip install grain, or make room for resident frames "
            "(data.pipeline, data.device_memory)"
        ) from error

    if workers and not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()  # Grain's workers read absl flags, which our command line does not use
    batches = grain.MapDataset.source(windows).batch(batch_size, drop_remainder=True)
    reading = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=4 * THREADS)
    loader = batches[process_index::process_count].to_iter_dataset(reading)
    if workers:
        loader = loader.mp_prefetch(
            grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=2)
        )
    return iter(loader)
