"""What `stipple edot` found: lines for a person, and figures for the report."""

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stipple.cli.edot.run import Found, Run
from stipple.cli.edot.show_joint import list_joint, list_joint_figures
from stipple.cli.shared.counting import count_things
from stipple.cli.shared.digits import format_interval, round_down, round_up
from stipple.cli.shared.report import Recorded, describe_command

if TYPE_CHECKING:
    from stipple.discretisation.relation import RelatedDiscretisations
    from stipple.discretisation.result import Discretisation
    from stipple.measures.line_parts import LineParts
    from stipple.measures.measure import Measure
    from stipple.measures.samples import Samples

# Names that a table may have without quotes.
_NAME = re.compile(r"[^\W\d][^,;\t\"#]*")


# --- lines for a person -------------------------------------------------------------------------


def list_rows(found: Found) -> list[tuple[str, str]]:
    """Names and values for a person: all of a single run, or a line or two of each."""
    if len(found.runs) == 1 and found.published is None:
        rows = _list_all(found.runs[0])
    else:
        rows = [row for run in found.runs for row in _summarise(run)]
    if found.published is not None:
        rows.append(("to reach", found.published))
    if found.related is not None:
        rows.append(("plan", _describe_plan(found.related)))
    if found.joint is not None:
        rows += list_joint(found.joint)
    return rows


def _list_all(run: Run) -> list[tuple[str, str]]:
    result, samples = run.result, run.measure.samples
    power = _name_cost(result)
    merged = f", {result.merged:,} more coincided with them" if result.merged else ""
    rows = [
        (
            "atoms",
            f"{len(result.atoms):,} with {_name_weights(result)} for"
            f" {count_things(len(samples), 'sample')} in dimension {samples.dimension}{merged}",
        ),
        (power, _describe_cost(result)),
    ]
    if result.samples_of_atoms is None:
        rows.append(("regularised", _describe_regularised(run)))
    if result.zador is not None:
        ratio = result.cost.middle / result.zador
        compared = (
            f"W_2^2 is {ratio:.4f} of it"
            if ratio >= 1
            else "W_2^2 is below it, as it may be for few atoms or pixels"
        )
        rows.append(("Zador", f"{result.zador:.8g} for large m, no bound; {compared}"))
    if result.gap is not None:
        rows.append(("optimum", _describe_gap(result)))
    if run.measure.line is not None:
        rows.append(("formula", _describe_formula(run.measure.line, result)))
    rows += [("naive", one.describe(result)) for one in run.naive]
    goal = power if result.settings.objective == "exact" else "the objective"
    cells = f" in {count_things(len(result.cells), 'cell')}" if result.cells else ""
    rows.append(("algorithm", f"{result.algorithm}{cells}, {_describe_end(result, goal)}"))
    return rows


def _name_weights(result: "Discretisation") -> str:
    """Say what weights are, and between which they are where there are capacities."""
    words = f"{result.settings.weights} weights"
    if result.settings.capacity is None:
        return words
    least, most = (100 * share for share in result.settings.capacity)
    return f"{words} between {least:.6g} % and {most:.6g} %"


def _describe_end(result: "Discretisation", goal: str) -> str:
    if result.optimum == "global":
        return f"globally optimal: no atoms have a smaller {goal}"
    ended = "stopped" if result.optimum is None else f"at a local optimum of {goal}"
    return f"{ended} after {count_things(result.iterations, 'step')}"


def _summarise(run: Run) -> list[tuple[str, str]]:
    result = run.result
    regularised = result.samples_of_atoms is None
    said = f"m = {len(result.atoms):,}: {_name_cost(result)} {_describe_cost(result)}; " + (
        _describe_regularised(run) if regularised else result.algorithm
    )
    rows = [(run.label, said)]
    if result.gap is not None:
        rows.append(("", _describe_gap(result)))
    return [*rows, *(("", one.describe(result)) for one in run.naive)]


def _name_cost(result: "Discretisation") -> str:
    order = f"{result.settings.order:g}"
    return f"W_{order}^{order}"


def _describe_cost(result: "Discretisation") -> str:
    """Say what W_k^k is, and how it is known."""
    if result.exact:
        return f"{result.cost.lower!r}, exactly"
    return f"certified within {format_interval(result.cost.lower, result.cost.upper)}"


def _describe_gap(result: "Discretisation") -> str:
    """Say how far the atoms may be from the best ones."""
    if result.gap is None or not math.isfinite(result.gap):
        return "nothing was proved about atoms elsewhere"
    lower, part = round_down(result.lower_bound or 0.0), round_up(100 * result.gap, 2)
    return f"at least {lower}, so that these atoms are within {part} % of it, proved"


def _describe_formula(line: "LineParts", result: "Discretisation") -> str:
    """Say how far the samples are from the formula, and what its best atoms cost."""
    figures = _measure_formula(line, result)
    if figures is None:
        order = f"{result.settings.order:g}"
        return (
            f"its W_{order} differs by at most {round_up(line.width, 3)} from that of the samples"
        )
    cost, least = figures.values()
    count = len(result.atoms)
    return f"W_2^2 {cost:.10g}, and no {count:,} atoms have less than {least:.10g}, by quadrature"


def _measure_formula(line: "LineParts | None", result: "Discretisation") -> dict[str, float] | None:
    """W_2^2 of a formula on an interval, and what no atoms have less than; None if not known."""
    if line is None or result.optimum != "global" or result.settings.order != 2:
        return None
    atoms = result.atoms[:, 0]
    return {
        "w2_squared": line.measure_cost(atoms),
        "optimum_lower": line.bound_cost(len(atoms), result.cost.lower),
    }


def _describe_regularised(run: Run) -> str:
    """Say what entropic methods report."""
    result = run.result
    found, part = result.regularised, result.regularised.samples
    if found.sharp is None or found.full is None or result.zeta is None:
        return "not computable in floating-point numbers at this scale, order and ζ"
    estimated = f", over {part:,} samples" if part < len(run.measure.samples) else ""
    return f"sharp {found.sharp:.6g}, full {found.full:.6g} (ζ = {result.zeta:.4g}{estimated})"


def _describe_plan(related: "RelatedDiscretisations") -> str:
    transport = related.transport
    rows, columns = related.plan.shape
    return (
        f"{rows:,} × {columns:,}, ⟨P, C⟩ {transport.cost:.8g} (ζ = {transport.zeta:.4g},"
        f" marginal error {transport.marginal_error:.1e})"
    )


# --- the report ---------------------------------------------------------------------------------


def describe_found(
    found: Found, seconds: Mapping[str, float], recorded: Recorded
) -> dict[str, object]:
    """Collect the report: every figure, the time taken, and the command."""
    figures: dict[str, object] = {"runs": [_list_figures(run) for run in found.runs]}
    if found.published is not None:
        figures["published"] = found.published
    if found.related is not None:
        transport = found.related.transport
        figures["plan"] = {
            "zeta": transport.zeta,
            "cost": transport.cost,
            "regularised_cost": transport.regularised_cost,
            "marginal_error": transport.marginal_error,
            "converged": transport.converged,
        }
    if found.joint is not None:
        figures["joint"] = list_joint_figures(found.joint)
    return {**figures, "seconds": seconds, **describe_command("edot", recorded)}


def _list_figures(run: Run) -> dict[str, object]:
    result = run.result
    return {
        "run": run.label,
        "samples": len(run.measure.samples),
        "dimension": run.measure.samples.dimension,
        "coordinates": name_coordinates(run.measure.samples),
        "unit": _describe_coordinates(run.measure),
        "atoms": len(result.atoms),
        "merged": result.merged,
        "order": result.settings.order,
        "objective": result.settings.objective,
        "weights": result.settings.weights,
        "capacity": result.settings.capacity,
        "algorithm": result.algorithm,
        "cost_lower": result.cost.lower,
        "cost_upper": result.cost.upper,
        "cost_is_exact": result.exact,
        "sharp": result.regularised.sharp,
        "full": result.regularised.full,
        "regularised_over_samples": result.regularised.samples,
        "zeta": result.zeta,
        "diameter": result.diameter,
        "zador": result.zador,
        "optimum_lower": result.lower_bound,
        "gap": result.gap,
        "formula": _measure_formula(run.measure.line, result),
        "iterations": result.iterations,
        "converged": result.converged,
        "optimum": result.optimum,
        "objective_history": result.history,
        "minibatch_losses": result.losses,
        "positions": result.atoms,
        "samples_of_atoms": result.samples_of_atoms,
        "masses": result.weights,
        "cells": [
            {
                "lower": cell.lower,
                "upper": cell.upper,
                "mass": cell.mass,
                "atoms": cell.atoms,
                "zeta": cell.zeta,
            }
            for cell in result.cells
        ],
        "naive": [one.compare(result) for one in run.naive],
        "seconds": result.seconds,
    }


def name_coordinates(samples: "Samples") -> tuple[str, ...]:
    """Coordinates are called as in the source where tables can have such names, or x1, x2, …."""
    names = samples.names or ()
    if not all(map(_NAME.fullmatch, names)) or len(set(names)) < samples.dimension:
        return tuple(f"x{axis + 1}" for axis in range(samples.dimension))
    return names


def _describe_coordinates(measure: "Measure") -> str:
    """Say what the unit of positions is."""
    domain = measure.domain
    if domain is None:
        return "as in the source"
    is_unit = domain.origin == (0, 0) and domain.unit == 1 / max(
        domain.density.width, domain.density.height
    )
    return f"{'the longer side is 1' if is_unit else 'as in the formula'}, y points down"
