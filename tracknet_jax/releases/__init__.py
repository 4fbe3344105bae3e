"""Networks that are ready to use: releases (weights, config and model card), and the checkpoints of runs."""
