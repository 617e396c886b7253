"""Layers over sequences (T, F): recurrent layers and Embedding. The arithmetic is core/layers/recurrent, embedding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import WIDEST, real, whole
from .._words import ignored, must_be
from ..errors import InputError
from ..initializers import Initializer
from .layer import WORDS, Layer, set_checked, set_initializers, wants

__all__ = ["GRU", "LSTM", "Embedding", "SimpleRNN"]


@dataclass(frozen=True)
class _Recurrent(Layer):
    """What the recurrent layers share."""

    units: int
    return_sequences: bool = False
    go_backwards: bool = False
    bidirectional: bool = False
    mask_value: float | None = None
    kernel_initializer: str | Initializer = "glorot_uniform"
    recurrent_initializer: str | Initializer = "orthogonal"
    bias_initializer: str | Initializer = "zeros"
    words: ClassVar[Mapping] = WORDS | {
        "hidden_size": "units",
        "input_size": ignored,
        "unroll": ignored,
        "use_cudnn": ignored,
        "num_layers": must_be("num_layers", 1, otherwise="Put layers one after another, with return_sequences=True."),
        "batch_first": must_be("batch_first", True, otherwise="Give sequences as (n, T, F)."),
        "dropout": must_be("dropout", 0, 0.0, otherwise="Put a Dropout between the layers."),
        "recurrent_dropout": must_be("recurrent_dropout", 0, 0.0, otherwise="Put a Dropout between the layers."),
        "bias": must_be("bias", True, otherwise="Recurrent layers have biases here."),
        "use_bias": must_be("use_bias", True, otherwise="Recurrent layers have biases here."),
        "activation": must_be("activation", "tanh", otherwise="Leave it out."),
        "nonlinearity": must_be("nonlinearity", "tanh", otherwise="Leave it out."),
        "recurrent_activation": must_be("recurrent_activation", "sigmoid", otherwise="Leave it out."),
        "reset_after": must_be("reset_after", True, otherwise="The reset gate acts after the product."),
        "unit_forget_bias": must_be("unit_forget_bias", False, otherwise="All biases start alike: bias_initializer."),
        "return_state": must_be("return_state", False, otherwise="Use return_sequences=True."),
        "stateful": must_be("stateful", False, otherwise="Every sample starts anew."),
        "proj_size": must_be("proj_size", 0, otherwise="Put a Dense behind it."),
    }

    def __post_init__(self) -> None:
        where = type(self).__name__
        set_checked(
            self,
            units=whole(where, "units", self.units, 1, WIDEST),
            return_sequences=bool(self.return_sequences),
            go_backwards=bool(self.go_backwards),
            bidirectional=bool(self.bidirectional),
            mask_value=None if self.mask_value is None else real(where, "mask_value", self.mask_value),
        )
        if self.bidirectional and self.go_backwards:
            raise InputError(
                f"{where}: bidirectional reads in both directions. Got go_backwards=True too. Leave one of them out."
            )
        set_initializers(self, "kernel_initializer", "recurrent_initializer", "bias_initializer")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        wants(self, input_shape, 2, "a sequence (time, features)",
              "Use input_shape=(time, features); a series of single numbers has 1 feature.")  # fmt: skip
        width = self.units * (2 if self.bidirectional else 1)
        return (input_shape[0], width) if self.return_sequences else (width,)

    def native(self) -> dict:
        described = self.to_dict()
        mask = described.pop("mask_value")
        described["reverse"] = described.pop("go_backwards")
        return described | {"has_mask": mask is not None, "mask": 0.0 if mask is None else mask}


_COMMON = """

    Args:
        units: U, the width of the state.
        return_sequences: give the state after every step, (T, U), instead of the last one, (U,).
        go_backwards: read the sequence from its end; row t of the output still belongs to time t. Not together with
            bidirectional.
        bidirectional: two layers, one in each direction, side by side: twice as wide. Parameters are then named
            "….forward.…" and "….backward.…".
        mask_value: time steps whose features all equal this are skipped (for sequences of different lengths): the state
            stays, and their row of the output is filled with this value, so that a further layer skips them too.
        kernel_initializer, recurrent_initializer, bias_initializer: how W, R and b start.

    Raises:
        InputError: an argument breaks its rule, or the input is not a sequence.
"""


@dataclass(frozen=True)
class SimpleRNN(_Recurrent, kind="simple_rnn"):
    __doc__ = (
        "Recurrent layer of Elman: h ← tanh(x W + b + h R)."
        + _COMMON
        + """
    Example:
        >>> SimpleRNN(32).output_shape((56, 1))
        (32,)

    Source: Elman 1990; lecture 4.
    """
    )


@dataclass(frozen=True)
class LSTM(_Recurrent, kind="lstm"):
    __doc__ = (
        "Long short-term memory: i, f, o = σ(…), g = tanh(…) of x W + b + h R; c ← f c + i g; h ← o tanh(c).\n\n"
        "    The gates lie in the order i f g o in the weights (F, 4U), (U, 4U) and the bias (4U,)."
        + _COMMON
        + """
    Example:
        >>> LSTM(64, return_sequences=True).output_shape((56, 1))
        (56, 64)

    Source: Hochreiter and Schmidhuber 1997; lecture 4.
    """
    )


@dataclass(frozen=True)
class GRU(_Recurrent, kind="gru"):
    __doc__ = (
        "Gated recurrent unit: z, r = σ(…), n = tanh(x W + b + r (h R + s)); h ← z h + (1 - z) n.\n\n"
        "    The form that resets after the product, as Keras and PyTorch have it. The gates lie in the order z r n\n"
        "    in the weights (F, 3U), (U, 3U), the bias b (3U,) and the recurrent bias s (3U,)."
        + _COMMON
        + """
    Example:
        >>> GRU(64, bidirectional=True).output_shape((56, 1))
        (128,)

    Source: Cho et al. 2014.
    """
    )


@dataclass(frozen=True)
class Embedding(Layer, kind="embedding"):
    """A learned vector for each category: (T,) whole numbers from 0 to input_dim - 1, to (T, output_dim).

    Numbers outside the table give zeros, and teach nothing.

    Args:
        input_dim: how many categories there are.
        output_dim: D, how many numbers stand for each.
        embeddings_initializer: how the table (input_dim, D) starts.

    Raises:
        InputError: an argument breaks its rule, or the input is not a vector of categories.

    Example:
        >>> Embedding(1000, 8).output_shape((20,))
        (20, 8)

    Source: Bengio et al. 2003. Keras and PyTorch: Embedding.
    """

    input_dim: int
    output_dim: int
    embeddings_initializer: str | Initializer = "uniform"
    words: ClassVar[Mapping] = WORDS | {
        "num_embeddings": "input_dim",
        "embedding_dim": "output_dim",
        "input_length": ignored,
        "sparse": ignored,
        "mask_zero": must_be("mask_zero", False, otherwise="Use mask_value of the recurrent layer behind it."),
        "padding_idx": must_be("padding_idx", None, otherwise="A number outside the table gives zeros."),
        "max_norm": must_be("max_norm", None, otherwise="Use weight_decay."),
    }

    def __post_init__(self) -> None:
        set_checked(self, input_dim=whole("Embedding", "input_dim", self.input_dim, 1, WIDEST),
                    output_dim=whole("Embedding", "output_dim", self.output_dim, 1, WIDEST))  # fmt: skip
        set_initializers(self, "embeddings_initializer")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        wants(self, input_shape, 1, "a vector of category numbers (T,)", "Put Embedding first, with input_shape=(T,).")
        return (input_shape[0], self.output_dim)

    def native(self) -> dict:
        return {"kind": self.kind, "categories": self.input_dim, "units": self.output_dim,
                "kernel": self.embeddings_initializer.to_dict()}  # fmt: skip
