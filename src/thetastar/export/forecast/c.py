"""A forecast as one C99 file: its declarations, its tables, and `forecast` from the last values to the next steps."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

import numpy as np

from thetastar.errors import InputError
from thetastar.export.c.functions import functions_text
from thetastar.export.c.layers import NetworkText
from thetastar.export.c.names import INCLUDES, array, comment, double, identifier, named, single, text
from thetastar.export.forecast.parts import (
    PAST_ROWS,
    Component,
    Drift,
    Forecaster,
    Levels,
    Linear,
    Mean,
    Networks,
    Repeated,
    Smoothing,
    Theta,
    Trees,
    Window,
)
from thetastar.export.forecast.words import layout

__all__ = ["c_forecast"]

_ON_STACK = 32_768  # bytes that a function may put on the stack of a small thread


def c_forecast(forecaster: Forecaster, name: str, *, eight_bits: bool = False) -> str:
    """The text of a C file that forecasts as the model does.

    Args:
        forecaster: what is written.
        name: in front of all names in the file, such as "sales".
        eight_bits: keep the networks' weights in 8 bits with a scale for each unit.

    Returns:
        ASCII text. `#define NAME_DECLARATIONS` before an `#include` of it gives its declarations alone.

    Raises:
        InputError: a network has no C, or there is none whose weights could be kept in 8 bits.
    """
    if eight_bits and not any(isinstance(one.function, Networks) for one in forecaster.components):
        raise InputError(
            "export to C: int8 keeps the weights of networks in 8 bits, and no member of this forecast is a network. "
            "Leave int8 (--int8) out."
        )
    tables = _Tables(forecaster, eight_bits)
    calls = [line for place, one in enumerate(forecaster.components) for line in tables.component(place, one)]
    shares = tables.doubles("shares", forecaster.shares.T)
    bytes_used = 8 * (tables.work + tables.room) + 4 * tables.floats
    weighed = bool(tables.functions & {"dense", "conv2d", "recurrent"})
    ends = [
        tables.doubles("positions", forecaster.positions),
        tables.doubles("floors", np.where(np.isnan(forecaster.floor), -np.finfo(float).max, forecaster.floor)),
        tables.doubles("ratios", forecaster.ratios),
        tables.doubles("phases", forecaster.phases),
    ]
    f = forecaster
    body = "\n".join(
        [
            INCLUDES + "#include <stdint.h>\n" * eight_bits,
            f"#define MODEL_SEASON {f.season}\n#define MODEL_GAPS_ARE_ZERO {int(f.zero)}\n"
            f"#define MODEL_BEFORE {f.before}\n#define MODEL_KNOWN {len(f.known)}\n"
            f"#define MODEL_PAST {len(f.past)}\n",
            f"typedef {'int8_t' if eight_bits else 'float'} model_weight;\n" * weighed,
            functions_text(tables.functions | {"series", "restless", *(["finite"] if f.known or f.past else [])}),
            "".join(tables.arrays),
            "".join(tables.texts),
            _forecast(f, tables, calls, shares, ends),
        ]
    )  # fmt: skip
    whole = f"{_header(f, tables, bytes_used, eight_bits)}\n#ifndef MODEL_DECLARATIONS\n\n{body}\n#endif\n"
    return named(whole, identifier(name)).encode("ascii", "backslashreplace").decode()


@dataclass
class _Tables:
    """Collects arrays, functions of networks, and how much memory a forecast takes."""

    forecaster: Forecaster
    eight_bits: bool
    arrays: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    constants: int = 0  # bytes
    work: int = 1  # numbers in double precision
    floats: int = 0  # numbers in single precision
    room: int = 1  # steps that a component makes

    def doubles(self, name: str, values: np.ndarray) -> str:
        flat = np.asarray(values, np.float64).ravel().tolist()
        self.constants += 8 * len(flat)
        self.arrays.append(array(f"double model_{name}", map(double, flat)))
        return f"model_{name}"

    def wholes(self, name: str, values: np.ndarray) -> str:
        flat = np.asarray(values).ravel().tolist()
        self.constants += 4 * len(flat)
        self.arrays.append(array(f"int model_{name}", (str(int(value)) for value in flat)))
        return f"model_{name}"

    def component(self, place: int, component: Component) -> list[str]:
        """Lines that put a component's steps into y."""
        function, own = component.function, f"c{place + 1}"
        need = int(np.flatnonzero(self.forecaster.shares[:, place])[-1]) + 1
        lines = [f"/* {comment(component.name)} */"]
        if component.lowest is not None:
            lines.append(f"s.lowest = {self.doubles(f'{own}_lowest', component.lowest)}[s.number];")
        if isinstance(function, Repeated):
            call = f"model_repeated(&s, {function.lag}, {function.many}, {need}, y);"
            self.functions.add("repeated")
        elif isinstance(function, Drift):
            call = f"model_drift(&s, {need}, y);"
            self.functions.add("drift")
        elif isinstance(function, Mean):
            call = f"model_mean(&s, {function.size}, {need}, y);"
            self.functions.add("mean")
        elif isinstance(function, Smoothing | Theta):
            call = self._smoothing(own, function, need)
        else:
            horizon = function.window.horizon
            self.room = max(self.room, -(-need // horizon) * horizon)
            lines.append(f"for (s.made = 0; s.made < {need}; s.made += {horizon}) {{")
            lines += [f"    {line}" for line in self._window_call(own, function)]
            call = "}"
        self.room = max(self.room, need)
        share = f"model_shares + {place * self.forecaster.steps}"
        back = "exp(y[h] < 700 ? y[h] : 700)" if component.lowest is not None else "y[h]"
        lines += [call, "s.made = 0;"] if call == "}" else [call]
        if component.lowest is not None:
            lines.append("s.lowest = 0;")
        return [*lines, f"for (h = 0; h < {need}; h++) answer->prediction[h] += ({share})[h] * {back};"]

    def _smoothing(self, own: str, function: Smoothing | Theta, need: int) -> str:
        name, inner = ("theta", function.smoothing) if isinstance(function, Theta) else ("smoothing", function)
        self.functions.add(name)
        self.work = max(self.work, inner.season)
        settings = self.doubles(f"{own}_settings", inner.settings)
        behind = self.wholes(f"{own}_behind", inner.behind)
        return f"model_{name}(&s, {inner.season}, {settings} + 5 * s.number, {behind}[s.number], {need}, y);"

    def _window(self, own: str, window: Window) -> str:
        """The name of a window's table."""
        parts = [
            window.lookback, window.season, window.horizon, len(window.ranges), window.head, window.phases,
            len(window.waves), len(window.past), len(window.known), self.wholes(f"{own}_range", window.ranges),
            self.wholes(f"{own}_past", np.array(window.past)) if window.past else 0,
            self.wholes(f"{own}_known", np.array(window.known)) if window.known else 0,
            self.doubles(f"{own}_wave", np.array(window.waves)) if window.waves else 0,
            self.doubles(f"{own}_scale", window.scale),
        ]  # fmt: skip
        self.arrays.append(f"static const model_view model_{own}_view = {{\n    {', '.join(map(str, parts))}\n}};\n")
        return f"&model_{own}_view"

    def _window_call(self, own: str, function: Linear | Levels | Trees | Networks) -> list[str]:
        """Lines that put a method's horizon behind the steps that it has made."""
        window = self._window(own, function.window)
        width, known = function.window.width, 2 * len(function.window.known)
        start = ["s.further = y;"]
        if isinstance(function, Linear):
            self.functions.add("linear_steps")
            self.work = max(self.work, width + known)
            names = [self.doubles(f"{own}_{name}", getattr(function, name)) for name in ("weight", "bias")]
            names.append(self.doubles(f"{own}_step_weight", function.step_weight) if known else "0")
            return [*start, f"model_linear_steps(&s, {window}, {', '.join(names)}, y + s.made);"]
        if isinstance(function, Levels):
            self.functions.add("levels")
            self.work = max(self.work, width + function.window.season)
            names = [self.doubles(f"{own}_{name}", getattr(function, name)) for name in ("weight", "bias")]
            settings = f"{function.shapes}, {int(function.times)}"
            return [*start, f"model_levels(&s, {window}, {', '.join(names)}, {settings}, y + s.made);"]
        if isinstance(function, Trees):
            self.functions.add("tree_steps")
            self.work = max(self.work, width + 3 + known)
            forest = self._forest(own, function)
            return [*start, f"model_tree_steps(&s, {window}, {forest}, y + s.made);"]
        return [*start, *self._networks(own, window, function)]

    def _forest(self, own: str, trees: Trees) -> str:
        values = np.asarray(trees.value, np.float32)
        self.constants += 4 * len(values)
        self.arrays.append(array(f"float model_{own}_value", map(single, values.tolist())))
        root, feature, left, right = (
            self.wholes(f"{own}_{name}", getattr(trees, name)) for name in ("root", "feature", "left", "right")
        )
        threshold = self.doubles(f"{own}_threshold", trees.threshold)
        parts = [len(trees.root), double(trees.start), root, feature, left, right, threshold, f"model_{own}_value"]
        self.arrays.append(
            f"static const model_forest model_{own}_forest = {{\n    {', '.join(map(str, parts))}\n}};\n"
        )
        return f"&model_{own}_forest"

    def _networks(self, own: str, window: str, function: Networks) -> list[str]:
        inputs, outputs = int(np.prod(function.networks[0].input_shape)), function.window.horizon
        mean, spread = self.doubles(f"{own}_mean", function.mean), self.doubles(f"{own}_spread", function.spread)
        if function.sequence:
            self.functions.add("sequence_inputs")
            lines = [f"model_sequence_inputs(&s, {window}, {function.lags}, {mean}, {spread}, s.floats);"]
        else:
            self.functions.add("table_inputs")
            wide = function.profile.shape[1]
            profile = self.doubles(f"{own}_profile", function.profile) if wide else "0"
            lines = [f"model_table_inputs(&s, {window}, {mean}, {spread}, {profile}, {wide}, s.floats);"]
        self.functions.add("from_network")
        self.work = max(self.work, inputs, function.window.width)
        room = 0
        for place, network in enumerate(function.networks):
            written = NetworkText(f"model_{own}_{place + 1}_", network.parameters, self.eight_bits)
            found = written.through(network.layers, network.shapes, "in")
            written._call("copy", found.text, found.size, "out")
            self.functions |= written.functions
            self.arrays += written.arrays
            self.constants += written.constants
            name = f"model_network_{own}_{place + 1}"
            calls = "".join(f"    {call}\n" for call in written.calls)
            unused = "" if written.size else "    (void)work;\n"
            self.texts.append(f"static void {name}(float *in, float *work, float *out)\n{{\n{unused}{calls}}}\n\n")
            room = max(room, written.size)
            out = f"s.floats + {inputs}"
            lines += [
                f"{name}(s.floats, s.floats + {inputs + outputs}, {out});",
                f"model_from_network(&s, {window}, {out}, {len(function.networks)}, {int(function.seasonal)}, "
                f"{int(place == 0)}, y + s.made);",
            ]
        self.floats = max(self.floats, inputs + outputs + room)
        return lines


def _forecast(f: Forecaster, tables: _Tables, calls: list[str], shares: str, ends: list[str]) -> str:
    positions, floors, ratios, phases = ends
    lines = [
        "s.work = work;", f"s.floats = {'floats' if tables.floats else '0'};", "s.lowest = 0;", "s.made = 0;",
        "s.further = 0;", "s.values = given->values;", "s.count = given->count;",
        f"s.number = {'given->series' if len(f.ids) > 1 else '0'};",
        f"s.known = {'given->known' if f.known else '0'};", f"s.past = {'given->past' if f.past else '0'};",
        "if (!s.values) return 1;",
        "for (t = 0; t < s.count; t++) {",
        "    if (s.values[t] == s.values[t] && s.values[t] - s.values[t] != 0) return 1;",
        "    if (s.values[t] == s.values[t]) some = 1;",
        "}",
        "if (!some) return 1;",
    ]  # fmt: skip
    if not f.zero:
        lines.append("while (s.values[0] != s.values[0]) s.values++, s.count--;")
    if len(f.ids) > 1:
        lines.append(f"if (s.number < 0 || s.number >= {len(f.ids)}) return 2;")
    if f.known:
        lines.append(f"if (!model_finite(s.known, {(f.before + f.steps) * len(f.known)})) return 3;")
    if f.past:
        lines.append(f"if (!model_finite(s.past, {PAST_ROWS * len(f.past)})) return 4;")
    lines += [
        f"s.position = (long){positions}[s.number] + given->after;",
        f"for (h = 0; h < {tables.room}; h++) y[h] = 0;",
        "for (h = 0; h < MODEL_STEPS; h++) answer->prediction[h] = 0;",
        *calls,
        "unit = model_restless(&s);",
        f"least = {floors}[s.number];",
        "for (h = 0; h < MODEL_STEPS; h++) {",
        "    const double value = answer->prediction[h] > least ? answer->prediction[h] : least;",
        f"    const double phase = unit * {phases}[model_modulo(s.position + h + 1, {len(f.phases)})];",
        "    answer->prediction[h] = value;",
        "    for (k = 0; k < MODEL_LEVELS; k++) {",
        f"        const double half = {ratios}[k * MODEL_STEPS + h] * phase;",
        "        answer->lower[k][h] = value - half > least ? value - half : least;",
        "        answer->upper[k][h] = value + half;",
        "    }",
        "}",
    ]
    memory = f"work[{tables.work}], y[{tables.room}]"
    floats = f"    MODEL_MEMORY float floats[{tables.floats}];\n" if tables.floats else ""
    names = ""
    if len(f.ids) > 1:
        names = array("char *const model_names", map(text, f.ids)).replace("static const", "const") + "\n"
    inner = "".join(f"    {line}\n" for line in lines)
    return (
        f"{names}int model_forecast(const model_given *given, model_answer *answer)\n{{\n"
        f"    MODEL_MEMORY double {memory};\n{floats}    model_series s;\n    double unit, least;\n    long t;\n"
        f"    int h, k, some = 0;\n{inner}    return 0;\n}}\n"
    )


def _header(f: Forecaster, tables: _Tables, ram: int, eight_bits: bool) -> str:
    several = len(f.ids) > 1
    where = "static: one thread at a time" if ram > _ON_STACK else "on the stack"
    made = f"thetastar {f.version}".strip()
    paragraphs = [
        comment(f"Forecasts {f.target!r}, {f.steps} steps ahead (a step is a {f.step}). Written by {made}."),
        "",
        "    model_given given = {0};    the fields are below",
        "    model_answer answer;",
        "    given.values = values;",
        "    given.count = count;",
        "    if (model_forecast(&given, &answer) == 0) use(answer.prediction[0]);",
        "",
        *map(comment, layout(f)),
        "",
        "model_forecast returns 0; 1 where no value is known or one is infinite"
        + ("; 2 where there is no such series" if several else "")
        + ("; 3 where known is missing or not finite" if f.known else "")
        + ("; 4 where past is missing or not finite" if f.past else "")
        + ". In other files put #define MODEL_DECLARATIONS before #include of this one.",
        "",
        f"Memory of a forecast: {ram:,} bytes ({where}; define MODEL_MEMORY as static or as nothing to choose). "
        f"Constants: {tables.constants:,} bytes{', weights in 8 bits' * eight_bits}. C99, no allocation; of the "
        "library only functions of math.h.",
    ]  # fmt: skip
    about = "\n".join(
        line for part in paragraphs
        for line in ([part] if part.startswith("    ") else textwrap.wrap(part, 112) or [""])
    )  # fmt: skip
    about = "/* " + "\n   ".join(about.split("\n")) + " */\n"
    about = "\n".join(line.rstrip() for line in about.split("\n"))
    fields = "    const double *values; /* the newest last; NAN where one is missing */\n    long count;\n"
    fields += "    long after; /* steps that the newest value lies after the last one that the model read */\n"
    if several:
        fields += "    int series; /* its place in model_names */\n"
    if f.known:
        fields += f"    const double *known; /* {f.before} + {f.steps} rows of {len(f.known)} */\n"
    if f.past:
        fields += f"    const double *past; /* {PAST_ROWS} rows of {len(f.past)} */\n"
    levels = ", ".join(f"{level:g} %" for level in f.levels)
    declared = f"extern const char *const model_names[{len(f.ids)}];\n" if several else ""
    return (
        f'{about}#ifndef MODEL_DECLARED\n#define MODEL_DECLARED\n#ifdef __cplusplus\nextern "C" {{\n#endif\n\n'
        f"#define MODEL_STEPS {f.steps}\n#define MODEL_LEVELS {len(f.levels)} /* {levels} */\n\n"
        f"typedef struct {{\n{fields}}} model_given;\n\ntypedef struct {{\n    double prediction[MODEL_STEPS];\n"
        "    double lower[MODEL_LEVELS][MODEL_STEPS], upper[MODEL_LEVELS][MODEL_STEPS];\n} model_answer;\n\n"
        f"int model_forecast(const model_given *given, model_answer *answer);\n{declared}"
        "\n#ifdef __cplusplus\n}\n#endif\n"
        f"#ifndef MODEL_MEMORY\n#define MODEL_MEMORY{' static' * (ram > _ON_STACK)}\n#endif\n#endif\n"
    )
