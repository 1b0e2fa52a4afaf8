"""Whole looks by their names: values of options, as they are written on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A look: what it is, and the options that give it, by their long names."""

    title: str
    options: Mapping[str, object]


PRESETS = {
    "plotter-a4": Preset(
        "one pen of 0.8 mm on an A4 sheet, a stroke for each dot, in a short order",
        {"page": "a4", "margin": "20mm", "pen": "0.8mm", "gamma": 1.5},
    ),
    "two-pens": Preset(
        "a red and a black pen of 0.8 mm on an A4 sheet, a layer for each",
        {
            "page": "a4",
            "margin": "20mm",
            "pen": "0.8mm",
            "gamma": 1.5,
            "inks": "#c8102e,#1d1d1b",
        },
    ),
    "one-line": Preset(
        "a single closed line of a pen of 0.6 mm on an A4 sheet",
        {
            "page": "a4",
            "margin": "20mm",
            "pen": "0.6mm",
            "points": 12000,
            "gamma": 2.0,  # a tour's length follows the root of the density
            "order": "tsp",
            "draw": "tour",
        },
    ),
    "newspaper": Preset(
        "coarse black dots with hard tones on newsprint",
        {"points": 8000, "contrast": 1.5, "background": "#e9e3d3"},
    ),
    "pointillist": Preset(
        "large dots of four inks on warm paper",
        {"points": 14000, "color": "cmyk", "contrast": 1.2, "paper": "#fbf5e6"},
    ),
}
