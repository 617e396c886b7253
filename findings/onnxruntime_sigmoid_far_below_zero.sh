#!/bin/sh
# onnxruntime 1.32.0: the float32 Sigmoid is half wrong at -16 and exactly 0 from -18 on, while Softmax over (0, x) is right.
# Guess: a relative error of a few parts in ten million, as of other functions, until float32 itself ends (near -88).
# For exports: a small probability becomes 0 and its logarithm -inf; write two scores and a Softmax.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def run(operator, x):
    node = helper.make_node(operator, ["x"], ["y"])
    graph = helper.make_graph(
        [node], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(x.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


x = np.array([-10, -14, -16, -18, -30], dtype=np.float32)
sigmoid = run("Sigmoid", x)
softmax = run("Softmax", np.stack([np.zeros_like(x), x], axis=1))[:, 1]
exact = 1 / (1 + np.exp(-x.astype(np.float64)))
for row in zip(x, sigmoid, softmax, exact):
    print("x %4.0f   Sigmoid %.4g   Softmax %.4g   exact %.4g" % row)
off = np.abs(sigmoid / exact - 1)
assert off[2] > 0.2 and sigmoid[3] == 0 and sigmoid[4] == 0, "Sigmoid has changed"
assert np.all(np.abs(softmax / exact - 1) < 1e-5), "Softmax has changed"
END
