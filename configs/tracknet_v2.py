"""TrackNetV2: on all our clips for one accelerator, and as the papers of V2, V4 and V5 train it.

    tracknet train tracknet_v2 --data.source CLIPS --workdir runs/v2    # tennis, badminton and padel together
    python tools/ten_minutes.py CLIPS --output runs/ten                 # the same in minutes, see launch/README.md
    tracknet train tracknet_v2:VARIANT --data.source CLIPS
    tracknet evaluate --checkpoint runs/tracknet_v2_VARIANT --data CLIPS --split-by BY --split PART --protocol PROTOCOL

VARIANT             BY                 PART  PROTOCOL     published accuracy, precision, recall, F1
tennis              tennis_game_level  test  tracknet_v4  94.6 99.0 95.3 97.1 (V4's paper, Table I, 17,193 outputs)
tennis_clip_level   tennis_clip_level  test  tracknet_v4  93.4 98.9 94.2 96.4 (V4's paper, Table I, 17,769 outputs)
tennis_random       triplet_random     val   tracknet_v5  93.96 99.19 94.46 96.77 (V5's paper, 17,682 outputs)
shuttlecock         shuttlecock_v2     test  tracknet_v2  85.2 97.2 85.4 90.9 (V2's paper, 39,192 outputs)
                                                          85.6 96.6 85.3 90.6 (V4's paper, 37,794 outputs)
                                                          94.98 99.64 94.56 97.03 (V3's paper, its corrected labels:
                                                          `--split-by shuttlecock_v3 --protocol tracknet_v3`)
3to1_tennis         tennis_game_level  test  tracknet_v4  nothing
3to1_shuttlecock    shuttlecock_v2     test  tracknet_v2  83.9 90.7 89.2 89.9 (V2's paper, 13,064 frames)
mdd_tennis_random   triplet_random     val   tracknet_v5  94.28 99.07 94.91 96.95 (V5's paper, 17,682 outputs)
rstr_tennis_random  triplet_random     val   tracknet_v5  97.45 98.85 98.48 98.66 (V5's paper, 17,682 outputs)

The variants train as V2's authors do: Adadelta, discs of radius 2.5, batches of 2, no augmentation, nothing averaged.
`3to1` is V2's first form: three frames in, the last one's map out, batches of 3. `random` is V5's comparison: V5's
recipe with this network, on a split that leaks; `mdd` and `rstr` add one part of V5 each. R-STR with V5's maps as
gates: `--model.motion mdd --model.no-motion-input --model.fusion eq4`. V4's paper trains on all seven games:
`--data.train-split train+val --evaluation.every 0`. Its clip-level list gives 17,718 outputs, not 17,769.
"""

from dataclasses import replace

from tracknet_jax.data.augment import AugmentConfig
from tracknet_jax.models.registry import preset
from tracknet_jax.training.optimizers import KERAS_ADADELTA
from tracknet_jax.training.presets import load_config
from tracknet_jax.training.train_config import (
    DataConfig,
    EvalConfig,
    OptimizerConfig,
    ScheduleConfig,
    TrainConfig,
)


def get_config() -> TrainConfig:
    """`tracknet_nano`'s recipe (sports together, discs of radius 3, a cosine) on whole frames.

    Whole frames, because V5's refinement has weights for each place, and because a whole frame of 512x288 costs the
    full networks no more than a few crops in training. Batches are four times nano's and the rate is lower: the
    networks are wider. The padel clips are one match; its first set is held out.
    """
    nano = load_config("tracknet_nano")
    whole = AugmentConfig(scale=(0.75, 1.33), shift=0.05, flip=0.5, brightness=0.1, contrast=0.2, colour=0.1)
    return replace(
        nano,
        model=replace(preset("tracknet_v2"), dtype="bfloat16"),
        data=replace(nano.data, split_by="padel_first_set", augment=whole),
        optimizer=OptimizerConfig(lr=1e-3, schedule=ScheduleConfig("cosine", warmup_steps=100, final=0.01)),
        evaluation=EvalConfig(every=1000),
        batch_size=32,
        steps=10_000,
    )


TENNIS = TrainConfig(
    model=preset("tracknet_v2_official"),
    data=DataConfig(split_by="tennis_game_level"),
    optimizer=KERAS_ADADELTA,
    evaluation=EvalConfig(every=5000),
    batch_size=2,
    epochs=30,
    ema_decay=0.0,
)
ONE_MAP = replace(TENNIS, model=preset("tracknet_v2_official_3to1"), batch_size=3)
RANDOM = load_config("tracknet_v5:tennis_random")

VARIANTS = {
    "tennis": TENNIS,
    "tennis_clip_level": replace(TENNIS, data=DataConfig(split_by="tennis_clip_level")),
    "tennis_random": replace(RANDOM, model=preset("tracknet_v2")),
    "shuttlecock": replace(TENNIS, data=DataConfig(split_by="shuttlecock_v2")),
    "3to1_tennis": ONE_MAP,
    "3to1_shuttlecock": replace(ONE_MAP, data=DataConfig(split_by="shuttlecock_v2")),
    "mdd_tennis_random": replace(RANDOM, model=preset("tracknet_v2_mdd")),
    "rstr_tennis_random": replace(RANDOM, model=preset("tracknet_v2_rstr")),
}
