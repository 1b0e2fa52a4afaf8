"""How near atoms are to samples: certified, and as entropic methods measure it."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from stipple.arrays import Floats
from stipple.discretisation.scale import choose_exponent, expand_cost, shrink_samples
from stipple.discretisation.settings import Settings, make_metric, make_sinkhorn
from stipple.errors import StippleError
from stipple.interval import Interval
from stipple.machine.threads import Workers
from stipple.measures.measure import Measure
from stipple.measures.samples import Samples

# The regularised cost is taken over as many samples as keep the kernel matrix below this size.
MOST_ENTRIES = 4_000_000
# By no more than this part the full cost may fall below the sharp one.
UNRESOLVED = 1e-3


@dataclass(frozen=True)
class RegularisedCost:
    """The entropic costs between the source and the atoms.

    Attributes
    ----------
    sharp, full : float or None
        ⟨P, C⟩, and with ζ·KL(P | a⊗w) added; None where floating-point numbers do not allow them.
    samples : int
        Over how many samples they were taken: fewer than there are make them estimates.
    """

    sharp: float | None
    full: float | None
    samples: int


def refer_to_zador(measure: Measure, n: int, settings: Settings) -> float | None:
    """Find the least W_2^2 of many atoms with free weights; None but for densities in the plane."""
    if measure.domain is None or settings.order != 2 or settings.metric != "euclidean":
        return None
    from stipple.discretisation.zador import find_zador_reference

    return find_zador_reference(measure.samples, n)


def certify_cost(
    samples: Samples,
    atoms: Floats,
    weights: Floats,
    settings: Settings,
    potential: Floats | None = None,
) -> Interval:
    """Enclose W_k^k between samples and weighted atoms, of any weights.

    A potential, shape (m,), is where the search for the best lower end begins.
    """
    from stipple.discretisation.certificate.certify import certify_discrete

    return certify_discrete(
        samples,
        atoms,
        weights,
        potential,
        order=settings.order,
        metric=make_metric(settings.metric),
        workers=Workers(settings.threads),
    )


def measure_regularised(
    samples: Samples, atoms: Floats, weights: Floats, settings: Settings, diameter: float
) -> RegularisedCost:
    """Measure the entropic costs, over some of the samples where there are very many.

    They inform only: what cannot be computed is left out.
    """
    from stipple.discretisation.entropic.sinkhorn import solve_sinkhorn

    some = samples.thin(max(1, MOST_ENTRIES // len(atoms)))
    exponent, order = choose_exponent([samples], settings), settings.order
    try:
        with np.errstate(all="ignore"):
            transport = solve_sinkhorn(
                shrink_samples(some, exponent),
                np.ldexp(atoms, -exponent),
                weights,
                scale_zeta(math.ldexp(diameter, -exponent), settings),
                order=order,
                metric=make_metric(settings.metric),
                settings=make_sinkhorn(settings),
            )
    except (StippleError, ArithmeticError):
        return RegularisedCost(None, None, len(some))
    if transport.regularised_cost < (1 - UNRESOLVED) * transport.cost:
        # The entropy is not negative: rounding hides everything.
        return RegularisedCost(None, None, len(some))
    sharp = expand_cost(transport.cost, exponent, order)
    full = expand_cost(transport.regularised_cost, exponent, order)
    return RegularisedCost(sharp, full, len(some))


def add_intervals(costs: Sequence[Interval], shares: Sequence[float]) -> Interval:
    """Σ share · cost, rounded outwards."""
    if list(shares) == [1.0]:
        return costs[0]
    # Shares err by a unit of rounding, and so do their products.
    room = 8 * np.finfo(float).eps
    lower = math.fsum(share * cost.lower for share, cost in zip(shares, costs, strict=True))
    upper = math.fsum(share * cost.upper for share, cost in zip(shares, costs, strict=True))
    return Interval(lower * (1 - room), upper * (1 + room))


def add_known(costs: Sequence[float | None], shares: Sequence[float]) -> float | None:
    """Σ share · cost; None if one of the costs is not known."""
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    return math.fsum(share * cost for share, cost in zip(shares, known, strict=True))


def scale_zeta(diameter: float, settings: Settings) -> float:
    """ζ in units of the cost.

    Raises
    ------
    SmallZetaError
        If ζ is below floating-point numbers.
    StippleError
        If it is above them.
    """
    from stipple.discretisation.entropic.kernel import SmallZetaError

    assert settings.zeta is not None
    # Samples at one place have no scale.
    with np.errstate(over="ignore", under="ignore"):
        zeta = float(settings.zeta * np.float64(diameter or 1.0) ** settings.order)
    if zeta < np.finfo(float).tiny:
        raise SmallZetaError("The regularisation is below the range of floating-point numbers.")
    if zeta == np.inf:
        raise StippleError(
            f"ζ = {settings.zeta:g}·{diameter:g}^{settings.order:g} is beyond the range of"
            " floating-point numbers: give a smaller ζ or order k."
        )
    return zeta


@contextmanager
def name_smallest_zeta(settings: Settings) -> Iterator[None]:
    """Say of a ζ that is too small which one is not, as people give it.

    Rounding hides the tolerance of the marginals below ε·C/tolerance, and costs C are at most
    (2·diameter)^k.
    """
    from stipple.discretisation.entropic.kernel import SmallZetaError

    try:
        yield
    except SmallZetaError as error:
        tolerance = make_sinkhorn(settings).reached_tolerance
        smallest = 2.0**settings.order * np.finfo(float).eps / tolerance
        raise StippleError(
            f"ζ = {settings.zeta:g} is too small for floating-point numbers: give at least"
            f" {1.06 * smallest:.2g} with k = {settings.order:g}, or the exact objective."
        ) from error


def measure_diameter(measure: Measure, settings: Settings) -> float:
    """By what ζ is scaled: the diagonal of the box, or half of a great circle."""
    return math.pi if settings.metric == "sphere" else measure.diameter


def measure_zeta(measure: Measure, settings: Settings) -> float | None:
    """ζ in units of the cost; None where it only informs, and is beyond floating-point numbers.

    Raises
    ------
    StippleError
        If ζ is beyond floating-point numbers and the objective needs it.
    """
    try:
        return scale_zeta(measure_diameter(measure, settings), settings)
    except StippleError:
        if settings.objective != "exact":
            raise
        return None
