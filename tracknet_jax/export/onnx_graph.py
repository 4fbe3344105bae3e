"""An ONNX graph under construction."""

from typing import Any

import numpy as np
from flax.traverse_util import flatten_dict
from onnx import NodeProto, TensorProto, helper, numpy_helper

Operand = str | np.ndarray | np.generic  # a value by name, or a constant


class Graph:
    """Nodes in order, their constants, and the network's weights.

    Attributes:
        weights: parameters and statistics as float32 arrays by path, "encoder_decoder/down0_0/conv/conv/kernel".
    """

    def __init__(self, variables: dict[str, Any]):
        self.weights: dict[str, np.ndarray] = {
            path: np.asarray(leaf, np.float32)
            for collection in ("params", "batch_stats")
            for path, leaf in flatten_dict(variables.get(collection, {}), sep="/").items()
        }
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, kind: str, *operands: Operand, **attributes: Any) -> str:
        """Appends a node of one output and returns the output's name."""
        names = [x if isinstance(x, str) else self.constant(x) for x in operands]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], name=output, **attributes))
        return output

    def constant(self, array: np.ndarray | np.generic, name: str = "") -> str:
        """Stores an array and returns its name."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def weight(self, path: str) -> str:
        """Stores a weight as it is and returns its name."""
        return self.constant(self.weights[path], path)

    def reshape(self, x: str, *shape: int) -> str:
        """Size 0 keeps the present size; -1 stands for the remaining one, as a rule the batch."""
        return self.add("Reshape", x, np.array(shape, np.int64))

    def cut(self, x: str, start: int, stop: int, axis: int) -> str:
        """`x[start:stop]` along `axis`."""
        return self.add("Slice", x, *(np.array([i], np.int64) for i in (start, stop, axis)))
