"""The colours of a picture, each with its counterpart on a dark page.

Six digits each: an older Graphviz paints `#ffd` black.  The signs are blue and vermillion, which every
eye tells apart, and never stand without a mark.  An SVG carries both columns of the table and lets the
page's reader choose; this works because its attributes hold the light colours as they stand here.
"""

from __future__ import annotations

__all__ = ["SHADES", "adaptable", "shade"]

PAPER, INK, QUIET, LINE = "#ffffff", "#1c2024", "#5f6b76", "#7d8a97"
PALE, PALE_INK = "#e3e7ea", "#aab3bb"
LEAF, OPERATION = "#d7e7f5", "#fbe6bd"
POSITIVE, NEGATIVE = "#0072b2", "#d55e00"
ALARM, ALARM_GROUND = "#b00020", "#ffd6d6"
SHADES = ("#f5f2fa", "#e9e3f4", "#ddd3ee", "#d2c5ea", "#c8b8e5")

_DARK = {
    PAPER: "#22272d",
    INK: "#e8eaec",
    QUIET: "#a9b4be",
    LINE: "#84919d",
    PALE: "#33393f",
    PALE_INK: "#5f6870",
    LEAF: "#1e3d59",
    OPERATION: "#5b4714",
    POSITIVE: "#6cc1f5",
    NEGATIVE: "#ff9d5c",
    ALARM: "#ff8090",
    ALARM_GROUND: "#61202c",
    **dict(zip(SHADES, ("#2a2833", "#342f43", "#3e3753", "#494063", "#544873"), strict=True)),
}


def shade(strength: float) -> str:
    """The colour for a strength from 0 to 1."""
    return SHADES[min(int(strength * len(SHADES)), len(SHADES) - 1)]


def adaptable(svg: bytes) -> bytes:
    """The same SVG with a style sheet that recolours it where the reader prefers dark pages."""
    rules = "".join(
        f'[{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in _DARK.items()
        for attribute in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>\n"
    start, opening, rest = svg.partition(b"<svg")
    attributes, end, content = rest.partition(b">")
    return start + opening + attributes + end + b"\n" + style.encode() + content.lstrip(b"\n") if end else svg
