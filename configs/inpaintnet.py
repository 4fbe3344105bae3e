"""TrackNetV3's InpaintNet, trained on a tracker's own trajectories.

    tracknet data trajectories --checkpoint CHECKPOINT --data CLIPS --output TRAJECTORIES
    tracknet train inpaintnet --data.source TRAJECTORIES --workdir runs/inpaintnet
    tracknet track VIDEO --checkpoint CHECKPOINT --rectify net --rectifier runs/inpaintnet/release

Windows of 16 frames, 300 epochs, batch 32, Adam with 1e-3, a tenth of it from epoch 100 and a hundredth from epoch
200 on, gradients clipped to norm 1, three visible frames in ten hidden. Published, with TrackNetV3, on its test set:
accuracy 97.51, precision 97.79, recall 99.33, F1 98.56. docs/rectification.md has our measurements after
45 epochs on tracks of tracknet_nano.
"""

from tracknet_jax.training.rectifier.rectifier_config import RectifierTrainConfig


def get_config() -> RectifierTrainConfig:
    """The defaults are the recipe."""
    return RectifierTrainConfig()
