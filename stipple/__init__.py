"""Points from images and densities by optimal transport, with certificates.

Solving:
    stipple         a density as equally weighted points, by optimal quantisation in W2
    stipple_inks    several inks together, so that their dots avoid each other
    stipple_frames  the frames of a film, in which every dot keeps its id
    morph           dots of one picture that travel to the next
    stipple_volume  a density of voxels as equally weighted points in space
    lloyd           the same followed step by step, beside what theory says
    edot            samples as a few weighted atoms
    measure_geodesics   distances for it along the edges of a graph
    bound           a certified interval for W_p between two images
    find_nearest    the nearest of many images to one, proved
    sequence        points of which every prefix is evenly spread
    certify_prefix  a proof of how well a prefix is spread

Judging:
    certify         anybody's points by their distances to a density, spacing and spectrum

Reading and saving:
    read_image, read_density    a picture, .npy or text matrix, with options of tone
    read_inks                   a picture as amounts of several inks
    read_samples                points with weights, as CSV or .npy
    save_svg, save_png          a drawing of any result
    save_csv                    the numbers of any result

What they take and give:
    Density, InkDensity, VolumeDensity, Samples, Settings
    Stippling, JointStippling, Morph, VolumeStippling, LloydRun, Discretisation, ImageBounds
    NearestImages, PrefixCertificate, PointsCertificate
    StippleError    a `ValueError` that says in a sentence what to do

Examples
--------
>>> import numpy, stipple
>>> result = stipple.stipple(numpy.ones((8, 8)), n=4)
>>> result.points.shape
(4, 2)
"""

from typing import TYPE_CHECKING

from stipple.version import __version__

if TYPE_CHECKING:
    from stipple.bounds.bound import ImageBounds, bound
    from stipple.bounds.nearest import find_nearest
    from stipple.bounds.nearest_images import NearestImages
    from stipple.certification.certificate import PointsCertificate
    from stipple.certification.certify import certify
    from stipple.discretisation.discretise import edot
    from stipple.discretisation.result import Discretisation
    from stipple.discretisation.settings import Settings
    from stipple.errors import StippleError
    from stipple.files.images import read_density, read_image
    from stipple.files.inks import read_inks
    from stipple.files.samples import read_samples
    from stipple.geometry.distances import measure_geodesics
    from stipple.lloyd_steps.lloyd import LloydRun, lloyd
    from stipple.measures.density import Density
    from stipple.measures.inks import InkDensity
    from stipple.measures.samples import Samples
    from stipple.measures.volume import VolumeDensity
    from stipple.saving import save_csv, save_png, save_svg
    from stipple.sequences.certificate import PrefixCertificate, certify_prefix
    from stipple.sequences.dyadic import generate_sequence as sequence
    from stipple.stippling.coherent import stipple_frames
    from stipple.stippling.joint import JointStippling, stipple_inks
    from stipple.stippling.morph import Morph, morph
    from stipple.stippling.result import Stippling
    from stipple.stippling.stippling import stipple
    from stipple.volumes.stippling import VolumeStippling, stipple_volume

__all__ = [
    "Density",
    "Discretisation",
    "ImageBounds",
    "InkDensity",
    "JointStippling",
    "LloydRun",
    "Morph",
    "NearestImages",
    "PointsCertificate",
    "PrefixCertificate",
    "Samples",
    "Settings",
    "StippleError",
    "Stippling",
    "VolumeDensity",
    "VolumeStippling",
    "__version__",
    "bound",
    "certify",
    "certify_prefix",
    "edot",
    "find_nearest",
    "lloyd",
    "measure_geodesics",
    "morph",
    "read_density",
    "read_image",
    "read_inks",
    "read_samples",
    "save_csv",
    "save_png",
    "save_svg",
    "sequence",
    "stipple",
    "stipple_frames",
    "stipple_inks",
    "stipple_volume",
]

# Module and, where it has another name there, the name.
_HOMES = {
    "Density": "stipple.measures.density",
    "Discretisation": "stipple.discretisation.result",
    "ImageBounds": "stipple.bounds.bound",
    "InkDensity": "stipple.measures.inks",
    "JointStippling": "stipple.stippling.joint",
    "LloydRun": "stipple.lloyd_steps.lloyd",
    "Morph": "stipple.stippling.morph",
    "NearestImages": "stipple.bounds.nearest_images",
    "PointsCertificate": "stipple.certification.certificate",
    "PrefixCertificate": "stipple.sequences.certificate",
    "Samples": "stipple.measures.samples",
    "Settings": "stipple.discretisation.settings",
    "StippleError": "stipple.errors",
    "Stippling": "stipple.stippling.result",
    "VolumeDensity": "stipple.measures.volume",
    "VolumeStippling": "stipple.volumes.stippling",
    "bound": "stipple.bounds.bound",
    "certify": "stipple.certification.certify",
    "certify_prefix": "stipple.sequences.certificate",
    "edot": "stipple.discretisation.discretise",
    "find_nearest": "stipple.bounds.nearest",
    "lloyd": "stipple.lloyd_steps.lloyd",
    "measure_geodesics": "stipple.geometry.distances",
    "morph": "stipple.stippling.morph",
    "read_density": "stipple.files.images",
    "read_image": "stipple.files.images",
    "read_inks": "stipple.files.inks",
    "read_samples": "stipple.files.samples",
    "save_csv": "stipple.saving",
    "save_png": "stipple.saving",
    "save_svg": "stipple.saving",
    "sequence": "stipple.sequences.dyadic:generate_sequence",
    "stipple": "stipple.stippling.stippling",
    "stipple_frames": "stipple.stippling.coherent",
    "stipple_inks": "stipple.stippling.joint",
    "stipple_volume": "stipple.volumes.stippling",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the command line starts without NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'stipple' has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    """List what is public for `dir`, `help` and completion; little of it is imported yet."""
    return list(__all__)
