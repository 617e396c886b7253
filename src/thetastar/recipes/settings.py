"""The settings of a candidate: one table of fields that every recipe reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Activation", "Initializer", "Optimizer", "Settings"]

Activation = Literal[
    "identity", "sigmoid", "hard_sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh",
    "silu", "mish", "softplus", "softsign", "gaussian",
]  # fmt: skip

Optimizer = Literal[
    "adamw", "adam", "sgd", "adamax", "nadam", "radam", "adagrad", "adadelta", "rmsprop", "ftrl", "asgd", "rprop",
    "lion", "lbfgs", "sophia", "muon", "adafactor", "lamb", "schedule_free_adamw",
]  # fmt: skip

Initializer = Literal[
    "zeros", "ones", "uniform", "normal", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
    "lecun_uniform", "lecun_normal", "orthogonal",
]  # fmt: skip


class Settings(BaseModel):
    """What a network looks like and how it is trained; `Candidate` adds what follows from that.

    Which fields a recipe reads is the recipe's affair, and so is which of them belong to it alone (`Recipe.own`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(
        default="dense",
        description="Dense layers on all numbers, convolutional or recurrent ones before them, or tabular ones.",
    )
    filters: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        default=(),
        max_length=16,
        description="Filters of each convolution; a pooling layer halves the size after each.",
    )
    kernel: int = Field(default=3, ge=1, le=64, description="Side of a convolution's window, in pixels or time steps.")
    padding: Literal["same", "valid"] = Field(default="same", description="Padding of the convolutions.")
    preset: Literal["small_vgg", "small_resnet"] | None = Field(
        default=None, description="A known convolutional network in place of filters and hidden."
    )
    cell: Literal["simple_rnn", "lstm", "gru"] = Field(default="gru", description="What a recurrent layer is made of.")
    units: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        default=(), max_length=16, description="Units of each recurrent layer; the last one gives its last state."
    )
    bidirectional: bool = Field(default=False, description="Recurrent layers in both directions of time.")
    augment: bool = Field(default=False, description="Train on images shifted, scaled and turned a little.")
    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = Field(
        default=(), max_length=64, description="Neurons of each hidden layer; () is linear."
    )
    activation: Activation = Field(default="silu", description="Activation of the hidden layers.")
    pieces: int = Field(
        default=0, ge=0, le=512, description="Pieces that every number is cut into before the first layer; 0 is none."
    )
    frequencies: int = Field(
        default=0, ge=0, le=512, description="Cosines that every number is embedded by, of kind tabular; 0 is none."
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Share of hidden neurons dropped in training.")
    optimizer: Optimizer = Field(default="adamw", description="Update rule.")
    momentum: float | None = Field(default=None, ge=0, lt=1, description="Momentum of sgd; 0.9 if not given.")
    learning_rate: float | None = Field(
        default=None, gt=0, description="Learning rate at its highest; by optimiser and width if not given."
    )
    weight_decay: float = Field(default=0.02, ge=0, description="Weight decay (decoupled for adamw).")
    l1: float = Field(default=0.0, ge=0, description="Added to the loss: l1 times the sum of the weights' sizes.")
    l2: float = Field(default=0.0, ge=0, description="Added to the loss: l2 times the sum of the weights' squares.")
    max_norm: float | None = Field(
        default=None, gt=0, description="No weights into one neuron are longer than this; no limit if not given."
    )
    initializer: Initializer | None = Field(
        default=None, description="What the hidden layers' weights begin as; by the activation if not given."
    )
    loss: str | None = Field(default=None, description="What training makes small; by the task if not given.")
    scaling: Literal["standard", "robust", "minmax", "none"] = Field(
        default="standard", description="How columns of numbers are scaled."
    )
    schedule: Literal[
        "constant", "cosine", "one_cycle", "log_cosine", "step", "exponential", "cosine_restarts", "reduce_on_plateau"
    ] = Field(
        default="cosine",
        description="Course of the learning rate over the epochs (cosine rises over the first tenth).",
    )
    patience: int | None = Field(
        default=None, ge=1, description="Epochs without progress that end a run; a third of its epochs if not given."
    )
    batch_size: int | None = Field(default=None, ge=1, description="Rows per update; by the table's rows if not given.")
    epochs: int | None = Field(default=None, ge=1, description="Epochs; by rows and effort if not given.")
    label: str | None = Field(default=None, min_length=1, max_length=80, description="A name of your own.")
