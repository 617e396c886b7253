#!/bin/sh
# onnxruntime 1.32.0: ReduceMax beside a missing value (NaN) gives NaN only where it comes first; elsewhere the largest
# number, or a smaller one: of 0, NaN, 2, 3, 4, 5, 6, 7 the maximum is 6.
# Guess: NaN wherever it stands, as in NumPy, or at least the largest of the other numbers.
# For exports: replace missing values (IsNaN, Where) before any reduction.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

graph = helper.make_graph(
    [helper.make_node("ReduceMax", ["x"], ["y"], keepdims=0)], "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, None])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
nan, found = float("nan"), []
for row in ([nan, 1, 2], [1, nan, 2], [0, nan, 2, 3, 4, 5, 6, 7]):
    found.append(float(session.run(None, {"x": np.array([row], dtype=np.float32)})[0]))
    print(row, "->", found[-1])
assert np.isnan(found[0]) and found[1] == 2 and found[2] == 6, "ReduceMax has changed"
END
