"""What bounds with a plan show of it: a plot, a page, a table."""

import math

import numpy as np

from stipple.arrays import Floats
from stipple.bounds.bound import ImageBounds
from stipple.bounds.grid import expect_image
from stipple.bounds.plans import Plan
from stipple.errors import StippleError
from stipple.files.tables import render_columns_csv


def render_plan(result: ImageBounds, form: str, dpi: float) -> bytes:
    """Draw both images and where mass goes, as .html a page of it.

    Raises
    ------
    StippleError
        If there is no plan, or it is one between volumes.
    """
    from stipple.bounds.page import compose_page
    from stipple.bounds.plot import render_bounds
    from stipple.drawing.html import render_page

    plan, shape = _find_plan(result, "draw"), expect_image(result.shape)
    first, second = (
        np.bincount(flat, plan.amounts, math.prod(shape)).astype(np.float64).reshape(shape)
        for flat in (plan.source, plan.target)
    )
    if form == "html":
        return render_page(compose_page((first, second), result, ("first", "second"), []))
    last = result.levels[-1]
    ends = repr(last.lower), repr(last.upper)
    return render_bounds((first, second), result, ends, form, dpi)


def render_plan_csv(result: ImageBounds) -> bytes:
    """Write the plan: x, y, to_x, to_y and mass, between centres of pixels; z in volumes.

    Raises
    ------
    StippleError
        If there is no plan.
    """
    plan = _find_plan(result, "save")
    columns: dict[str, Floats] = {}
    for prefix, flat in (("", plan.source), ("to_", plan.target)):
        places = np.array(np.unravel_index(flat, result.shape))[::-1] + 0.5
        columns |= {prefix + axis: place for axis, place in zip("xyz", places, strict=False)}
    return render_columns_csv({**columns, "mass": plan.amounts})


def _find_plan(result: ImageBounds, purpose: str) -> Plan:
    if result.plan is None or not result.levels:
        raise StippleError(f"There is no plan to {purpose}: give more time, and another method.")
    return result.plan
