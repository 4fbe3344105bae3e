"""Cuts `decode.npz` and `metrics.npz` of this folder from the full fixtures.

Run as `python tests/golden/make_decode_metrics.py FIXTURES`, the folder of the full files.
The full files hold what the public reference implementations compute; the tests read either.
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def main(fixtures: Path) -> None:
    """Writes both slices; `fixtures` is the folder of the full files."""
    decode = np.load(fixtures / "decode.npz")
    kinds = decode["heatmaps/kind"]
    # The two smallest maps of each kind, and of V1's class maps the six smallest.
    sizes = np.diff(decode["heatmaps/offsets"])
    maps = np.sort(
        np.concatenate([_smallest(np.flatnonzero(kinds == k), sizes, 2) for k in np.unique(kinds)])
    )
    class_maps = np.sort(
        _smallest(np.arange(len(decode["v1_maps/offsets"]) - 1), np.diff(decode["v1_maps/offsets"]), 6)
    )
    sliced = {}
    for name in ("heatmaps/kind", "qaz/bbox_xywh", "v5repo/xy", "wolfyeva/center_xy"):
        sliced[name] = decode[name][maps]
    _take_lists(sliced, decode, "heatmaps", ("index", "value_4096"), maps)
    for name in ("concomp_weighted", "concomp_count", "nms_weighted", "nms_count"):
        _take_lists(sliced, decode, f"wasb/{name}", ("xy_score",), maps)
    _take_lists(sliced, decode, "v1_maps", ("index", "value"), class_maps)
    for name in ("v1_yastrebksv/xy", "v1_hough_1280x720/first_xyr", "v1_hough_1280x720/count"):
        sliced[name] = decode[name][class_maps]
    np.savez_compressed(
        HERE / "decode.npz",
        **sliced,
        **{
            "heatmaps/shape": np.array([len(maps), *decode["heatmaps/shape"][1:]]),
            "v1_maps/shape": np.array([len(class_maps), *decode["v1_maps/shape"][1:]]),
        },
    )
    metrics = np.load(fixtures / "metrics.npz")
    left_out = ("v1/maps", "qaz_heatmap/BBox", "qaz_coor/vis_x_y", "meta")
    np.savez_compressed(
        HERE / "metrics.npz",
        **{name: metrics[name] for name in metrics.files if not name.startswith(left_out)},
    )


def _smallest(candidates: np.ndarray, sizes: np.ndarray, count: int) -> np.ndarray:
    return candidates[np.argsort(sizes[candidates], kind="stable")[:count]]


def _take_lists(
    out: dict, source: np.lib.npyio.NpzFile, group: str, names: tuple[str, ...], keep: np.ndarray
) -> None:
    """Keeps some of the variable-length lists that `offsets` cuts out of flat arrays."""
    offsets = source[f"{group}/offsets"]
    spans = [slice(offsets[k], offsets[k + 1]) for k in keep]
    out[f"{group}/offsets"] = np.cumsum([0] + [span.stop - span.start for span in spans])
    for name in names:
        out[f"{group}/{name}"] = np.concatenate([source[f"{group}/{name}"][span] for span in spans])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
