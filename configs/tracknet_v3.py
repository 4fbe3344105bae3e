r"""TrackNetV3's tracking module, eight frames and the background image in; also with V4's motion prompt.

    tracknet train tracknet_v3:VARIANT --data.source CLIPS
    tracknet evaluate --checkpoint runs/tracknet_v3_VARIANT --data CLIPS \
        --split-by BY --split PART --protocol PROTOCOL --overlap weighted

VARIANT                       BY              PART  PROTOCOL     published accuracy, precision, recall, F1
shuttlecock                   shuttlecock_v3  test  tracknet_v3  95.7 99.7 95.4 97.5 (V4's paper, 10,836 frames)
                                              with `inpaintnet`: 97.51 97.79 99.33 98.56 (V3's paper, 10,836 frames)
motion_shuttlecock            shuttlecock_v3  test  tracknet_v3  96.4 99.5 96.3 97.9 (V4's Table I, 10,836 frames)
motion_shuttlecock_finetuned  shuttlecock_v3  test  tracknet_v3  nothing of its own

All train as V3's authors do: Adam, sample mixup, batches of 10; the last rally of each match is held out. The labels
are the corrected ones. `motion` has two scalars more; how its eight frames are gated is our reading, see the preset.
`finetuned` starts from the finished run of `tracknet_v3:shuttlecock` (another: `--init-from`): three epochs at a tenth
of its rate. V4's paper does not say whether its row for V3 was fine-tuned.
"""

from dataclasses import replace

from tracknet_jax.data.augment.mixup import MixupConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.training.optimizers import V3_ADAM
from tracknet_jax.training.train_config import DataConfig, EvalConfig, TrainConfig

SHUTTLECOCK = TrainConfig(
    model=preset("tracknet_v3"),
    data=DataConfig(split_by="shuttlecock_v3", mixup=MixupConfig(sample=0.5)),
    optimizer=V3_ADAM,
    evaluation=EvalConfig(every=5000),
    batch_size=10,
    epochs=30,
    ema_decay=0.0,
    seed=13,
)
MOTION = replace(SHUTTLECOCK, model=preset("tracknet_v3_motion"))

VARIANTS = {
    "shuttlecock": SHUTTLECOCK,
    "motion_shuttlecock": MOTION,
    "motion_shuttlecock_finetuned": replace(
        MOTION, optimizer=replace(V3_ADAM, lr=1e-4), epochs=3, init_from="runs/tracknet_v3_shuttlecock"
    ),
}
