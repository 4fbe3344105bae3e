"""Networks as files for other runtimes: StableHLO, and ONNX written from the config and the weights."""
