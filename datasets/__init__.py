"""TFDS builders, one package each; `import datasets.NAME` makes `tfds.builder("NAME")` known."""
