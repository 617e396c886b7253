"""Where windows lie: the padding of "same", and whether another framework's padding is the same."""

from __future__ import annotations

from ..layers.conv2d import places

__all__ = ["agree", "same_padding"]


def same_padding(size: int, window: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return how many pixels padding="same" puts before and behind one axis; an odd one goes behind."""
    reach = (window - 1) * dilation + 1
    missing = max(0, (-(-size // stride) - 1) * stride + reach - size)
    return missing // 2, missing - missing // 2


def agree(size: int, axis: tuple[int, int, int], sides: tuple[int, int], padding: str, *, ceil: bool = False) -> bool:
    """Whether the windows of one axis, padded by `sides`, lie where those of our `padding` do.

    Args:
        size: pixels of the axis.
        axis: window, stride and dilation.
        sides: pixels of padding before and behind.
        padding: "valid" or "same".
        ceil: whether a last window that does not fit counts (PyTorch's ceil_mode).
    """
    window, stride, dilation = axis
    moved = size + sum(sides) - (window - 1) * dilation - 1
    if moved < 0 or (padding == "valid" and (window - 1) * dilation + 1 > size):
        return False
    count = (-(-moved // stride) if ceil else moved // stride) + 1
    if ceil and (count - 1) * stride >= size + sides[0]:
        count -= 1  # PyTorch leaves out a window that would start in the padding behind
    start = 0 if padding == "valid" else same_padding(size, *axis)[0]
    return sides[0] == start and count == places("padding", size, window, stride, dilation, padding)
