"""Batches of windows by Grain: shuffled, each process its part, read by worker processes, resumable exactly."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from absl import flags

if TYPE_CHECKING:
    import grain


def make_grain_loader(
    windows: Sequence[Any],
    *,
    batch_size: int,
    seed: int = 0,
    shuffle: bool = True,
    repeat: bool = True,
    workers: int = 0,
    threads: int = 4,
    process_index: int = 0,
    process_count: int = 1,
    drop_remainder: bool = True,
) -> "grain.DatasetIterator":
    """An iterator of numpy batches; `get_state()` and `set_state()` resume at the exact next batch.

    The order depends on the seed alone, not on workers, threads or processes: the parts of all processes, one
    after the other, are the batch that one process would get. The form of the state does depend on the number of
    workers, so resume with the same; not on the number of processes.

    Args:
        windows: random access to windows, as `FrameWindows`; picklable if there are workers.
        batch_size: of this process, that is the global batch divided by `process_count`.
        seed: of the order, which is another one in each epoch.
        shuffle: whether to shuffle.
        repeat: whether to go on for ever.
        workers: processes that read and decode, 0 for this one.
        threads: that read in each process.
        process_index: which part of each global batch is ours, `jax.process_index()`.
        process_count: number of parts, `jax.process_count()`.
        drop_remainder: leave out a last batch that is not full, which only comes without `repeat`.
    """
    import grain  # frames that are resident are trained on without it

    if workers and not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()  # Grain's workers read absl flags, which our command line does not use
    dataset = grain.MapDataset.source(windows).seed(seed)
    if shuffle:
        dataset = dataset.shuffle()
    if repeat:
        dataset = dataset.repeat()
    batches = dataset.batch(batch_size, drop_remainder=drop_remainder)[process_index::process_count]
    reading = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=4 * threads)
    loader = batches.to_iter_dataset(reading)
    if workers:
        loader = loader.mp_prefetch(
            grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=2)
        )
    return iter(loader)
