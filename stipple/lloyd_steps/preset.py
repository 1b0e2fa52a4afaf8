"""What a published experiment is: what is run, and what its source says."""

from dataclasses import dataclass

from stipple.lloyd_steps.experiment import Experiment


@dataclass(frozen=True)
class Preset:
    """A published experiment.

    Attributes
    ----------
    name, title : str
        What people type, and what it shows.
    experiment : Experiment
        What is run.
    published : str
        What the source says.
    target : tuple of float or None
        Range in which the slope should lie.
    pictures : tuple of int
        Steps that the source draws.
    takes_picture : bool
        Whether it may run on another picture as well, with the same numbers of points.
    """

    name: str
    title: str
    experiment: Experiment
    published: str
    target: tuple[float, float] | None = None
    pictures: tuple[int, ...] = ()
    takes_picture: bool = False
