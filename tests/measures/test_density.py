"""Densities: what is accepted, and the sums that everything else reads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

import stipple
from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.files.images import read_image
from stipple.measures.density import Density

RANDOM = np.random.default_rng(6)
VALUES = arrays(
    float, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(0, 1e300)
).filter(np.any)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.0], r"shape \(2,\)"),
        (3.0, r"shape \(\)"),
        (np.ones((2, 2, 3)), r"shape \(2, 2, 3\)"),
        (np.ones((0, 4)), r"shape \(0, 4\)"),
        ([[1.0, np.nan]], "not finite"),
        ([[1.0, np.inf]], "not finite"),
        ([[1.0, -0.25]], r"negative values \(least -0.25\)"),
        (np.zeros((3, 3)), "all white"),
        ([[1e308, 1e308]], "too large"),
        ([["black", "white"]], "matrix of numbers"),
        ([[1.0, 2.0], [3.0]], "matrix of numbers"),
    ],
)
def test_what_is_no_density_is_refused(values: object, message: str) -> None:
    with pytest.raises(StippleError, match=message):
        Density(values)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [bool, np.uint16, np.float32, int])
def test_any_kind_of_number_serves(kind: type) -> None:
    density = Density(np.array([[1, 0, 1]], dtype=kind))
    assert density.values.dtype == np.float64
    assert (density.height, density.width, density.total, density.support_area) == (1, 3, 2.0, 2)


def test_a_picture_is_not_taken_for_its_negative() -> None:
    """As an array of uint8 has white for 255, it would be a density of the light."""
    pixels = np.array([[0, 255]], dtype=np.uint8)
    for picture in (pixels, Image.fromarray(pixels)):
        with pytest.raises(StippleError, match=r"stipple\.read_image"):
            Density(picture)  # type: ignore[arg-type]
        assert read_image(picture).tolist() == [[1.0, 0.0]]


def test_arrays_of_pictures_have_the_limits_and_masks_of_others() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for wrong in (pixels[0], pixels[:0], pixels[None, None], pixels[..., None][..., [0, 0]]):
        with pytest.raises(StippleError, match="The picture"):
            read_image(wrong)
    with pytest.raises(StippleError, match="4×3 pixels"):
        read_image(pixels, max_pixels=11)
    assert (read_image(np.ma.masked_array(pixels, pixels > 5)) == 0).sum() == 6
    for source in ([[1, 2]], np.uint8(3), None):
        with pytest.raises(StippleError, match="give a path, or an open binary stream"):
            read_image(source)  # type: ignore[arg-type]


def test_inks_are_read_as_densities_are() -> None:
    pixels = np.array([[200, 1], [3, 4]])
    with pytest.raises(StippleError, match="The ink is an array of uint8"):
        stipple.stipple_inks([pixels.astype(np.uint8)], 2)
    masked = np.ma.masked_array(pixels.astype(float) / 255, [[True, False], [False, False]])
    points = stipple.stipple_inks([masked], 2, iterations=1).union.points
    assert not ((points < 1).all(axis=1)).any()  # none in the masked pixel


def test_values_are_copied_and_frozen() -> None:
    values = np.ones((2, 2))
    density = Density(values)
    values[0, 0] = 9
    assert density.values.max() == 1
    for array in (density.values, density.row_sums.pixels, density.accumulate()):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 5


@given(VALUES)
def test_sums_are_those_of_mass_one(values: Floats) -> None:
    density = Density(values)
    with np.errstate(under="ignore"):
        rho = values / values.max()
    rho = rho / rho.sum()
    assert density.support_area == (values > 0).sum()
    assert density.accumulate()[-1, -1] == pytest.approx(1, abs=1e-12)
    expected = np.pad(rho.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    np.testing.assert_allclose(density.accumulate(), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(density.row_sums.pixels[:, :, 3], rho, rtol=1e-12)


@pytest.mark.parametrize("width", [1, 5, 32, 33, 1024, 2100])
def test_row_sums_are_integrals_along_pieces_of_the_row(width: int) -> None:
    values = RANDOM.random((2, width))
    sums = Density(values).row_sums
    rho = values / values.sum()
    for piece, found in ((32, sums.blocks), (1024, sums.stretches)):
        x = np.arange(width) % piece
        for power in range(3):
            pixels = rho * ((x + 1.0) ** (power + 1) - x ** (power + 1.0)) / (power + 1)
            padded = np.pad(pixels, ((0, 0), (0, -width % piece))).reshape(2, -1, piece)
            np.testing.assert_allclose(found[:, :, power], padded.sum(axis=2), rtol=1e-12)
            if piece == 32:
                before = (padded.cumsum(axis=2) - padded).reshape(2, -1)[:, :width]
                np.testing.assert_allclose(sums.pixels[:, :, power], before, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("scale", [5e-324, 1e-200, 1e200])
def test_any_scale_has_mass_one(scale: float) -> None:
    density = Density([[scale, 0.0, scale]])
    assert density.accumulate()[1].tolist() == [0, 0.5, 0.5, 1]
