"""Writes `attention_unet.npz`: what the reference's torch code computes on the weights of tests/helpers/reference.py.

python -m tests.golden.make_attention_unet MODEL_PY      (needs torch; MODEL_PY is alenzenx/TrackNetV3's model.py)
"""

import json
import math
import runpy
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.helpers.reference import clip, tensors

SEED, TAG = 1, "small/0"
EVERY = 37  # as in make_networks.py


def table(model: torch.nn.Module) -> list[list[Any]]:
    """Every weight and statistic in use: name, shape, kind, location and scale, by its role."""
    rows: list[list[Any]] = []
    for name, module in model.named_modules():
        if "spatial_attention" in name:  # built, never called
            continue
        if isinstance(module, torch.nn.Conv2d):
            shape = list(module.weight.shape)
            scale = math.sqrt(2 / math.prod(shape[1:])) * (0.75 if name == "predictor" else 1.0)
            rows.append([f"{name}.weight", shape, "normal", 0.0, scale])
            if module.bias is not None:
                rows.append([f"{name}.bias", [shape[0]], "normal", 0.0, 0.1])
        elif isinstance(module, torch.nn.BatchNorm2d):
            shape = [module.num_features]
            rows.append([f"{name}.weight", shape, "normal", 1.0, 0.2])
            rows.append([f"{name}.bias", shape, "normal", 0.0, 0.2])
            rows.append([f"{name}.running_mean", shape, "normal", 0.0, 0.2])
            rows.append([f"{name}.running_var", shape, "exp", 0.0, 0.3])
    return rows


def main(source: Path) -> None:
    """Runs the reference on one 64x96 window."""
    model = runpy.run_path(str(source))["TrackNetV2"]().eval()
    meta = {"seed": SEED, "source": "alenzenx/TrackNetV3 at 3a57ef4, model.py", "tensors": table(model)}
    model.load_state_dict({k: torch.from_numpy(v) for k, v in tensors(meta).items()}, strict=False)

    frames = clip(SEED, TAG, 3, 64, 96)
    planes = np.ascontiguousarray(frames.transpose(0, 3, 1, 2)).reshape(1, 9, 64, 96)
    crc32 = zlib.crc32(planes.tobytes())
    meta["inputs"] = {"small": {"tags": [TAG], "C": 9, "H": 64, "W": 96, "crc32": [crc32]}}
    logits = []
    model.predictor.register_forward_hook(lambda _, __, output: logits.append(output))
    with torch.no_grad():
        model(torch.from_numpy(planes).float() / 255)
    target = Path(__file__).parent / "attention_unet.npz"
    np.savez_compressed(target, meta=json.dumps(meta), **{"small/logits": logits[0].numpy().ravel()[::EVERY]})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
