"""How near atoms are to samples: certified, and as entropic methods measure it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stipple.arrays import Floats
from stipple.discretisation.settings import Settings, make_metric, make_sinkhorn
from stipple.samples import Samples
from stipple.solvers.certificate import Interval
from stipple.solvers.parallel import Workers

if TYPE_CHECKING:
    from stipple.solvers.zador import ZadorReference

# The regularised cost is taken over as many samples as keep the kernel matrix below this size.
MOST_ENTRIES = 4_000_000


@dataclass(frozen=True)
class RegularisedCost:
    """The entropic costs between the source and the atoms.

    Attributes
    ----------
    sharp, full : float
        ⟨P, C⟩, and with ζ·KL(P | a⊗w) added.
    samples : int
        Over how many samples they were taken: fewer than there are make them estimates.
    """

    sharp: float
    full: float
    samples: int


def refer_to_zador(samples: Samples, count: int, settings: Settings) -> "ZadorReference | None":
    """Find the least W_2^2 of many atoms with free weights; None but for the plane and k = 2."""
    if samples.dimension != 2 or settings.order != 2 or settings.metric != "euclidean":
        return None
    from stipple.solvers.zador import zador_reference

    return zador_reference(samples, count)


def certify_cost(
    samples: Samples,
    atoms: Floats,
    weights: Floats,
    settings: Settings,
    potential: Floats | None = None,
) -> Interval:
    """Enclose W_k^k between samples and weighted atoms, of any weights.

    Both ends are equal where the weights are the masses of the Voronoi cells. A potential, shape
    (m,), is where the search for the best lower end begins.
    """
    from stipple.solvers.discrete_certificate import certify_discrete

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
    samples: Samples, atoms: Floats, weights: Floats, settings: Settings, zeta: float
) -> RegularisedCost:
    """Measure the entropic costs, over some of the samples where there are very many."""
    from stipple.solvers.entropic.sinkhorn import solve_sinkhorn

    some = samples.thin(max(1, MOST_ENTRIES // len(atoms)))
    transport = solve_sinkhorn(
        some,
        atoms,
        weights,
        zeta,
        order=settings.order,
        metric=make_metric(settings.metric),
        settings=make_sinkhorn(settings),
    )
    return RegularisedCost(transport.cost, transport.regularised_cost, len(some))
