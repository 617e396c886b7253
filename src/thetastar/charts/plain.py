"""Values of any make as plain JSON values: arrays become lists, moments ISO texts, what is not finite becomes None."""

from __future__ import annotations

import datetime
import json
import math
from typing import Any

__all__ = ["json_text", "plain"]


def plain(value: Any) -> Any:
    """`value` as JSON holds it, numbers to seven digits: more than a screen shows.

    >>> import numpy as np
    >>> plain({"a": np.array([1.0, np.nan]), "b": datetime.date(2026, 11, 30)})
    {'a': [1.0, None], 'b': '2026-11-30'}
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    if hasattr(value, "spec"):
        return value.spec()
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain(part) for part in value]
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return value.isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return _plain_array(value)


def _plain_array(value: Any) -> Any:
    """NumPy's arrays and scalars, and whatever turns into one (series of data frames)."""
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind == "M":
        texts = np.datetime_as_string(array)
        return plain(texts.tolist() if array.ndim else str(texts))
    if array.dtype.kind == "O" and array.ndim == 0:
        return str(value)
    return plain(array.tolist())


def json_text(value: Any, *, exact: bool = False) -> str:
    """JSON that may stand inside a script element: no `</script>`, no comment opening, no NaN.

    `exact` keeps every digit of numbers; the value must then be plain already.

    >>> json_text({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    value = value if exact else plain(value)
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
