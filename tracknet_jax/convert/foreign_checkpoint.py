"""What every reader returns: a checkpoint as arrays by the reference's own names, whatever its file format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

PREFIXES = ("module.", "_orig_mod.", "model.")  # of DataParallel, torch.compile and Lightning
COUNTER = ".num_batches_tracked"  # torch's batch norms count steps; no network here uses it
NOTES: dict[str, type] = {"seq_len": int, "bg_mode": str, "fusion": str}


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by the reference's names, and notes about the network.

    `notes` may hold `seq_len` and `bg_mode`, which V3's trainer writes, and `fusion` of a Keras V4.
    """

    tensors: dict[str, np.ndarray]
    notes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, tensors: Mapping[str, np.ndarray], notes: Mapping[str, Any]) -> "Checkpoint":
        """Leaves out step counters, a wrapper's prefix of every name, and notes that nothing here reads.

        Raises:
            ValueError: a note has a wrong type or value.
        """
        kept = {name: value for name, value in tensors.items() if not name.endswith(COUNTER)}
        while prefix := next((p for p in PREFIXES if kept and all(n.startswith(p) for n in kept)), None):
            kept = {name.removeprefix(prefix): value for name, value in kept.items()}
        known = {name: kind(notes[name]) for name, kind in NOTES.items() if name in notes}
        if known.get("seq_len", 1) < 1:
            raise ValueError(f"seq_len is {known['seq_len']}")
        return cls(kept, known)
