from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from stipple.errors import StippleError
from stipple.measures.picture import Picture
from stipple.measures.resizing import resize
from stipple.measures.tone import Tone, darkness

LEVELS = np.arange(256) / 255  # grey from black to white
RAMP = Picture(LEVELS.reshape(16, 16, 1))

UNIT = st.floats(0, 1)
TONES = st.builds(
    Tone,
    levels=st.sampled_from([None, "auto", (20, 230)]),
    sharpen=st.floats(0, 3),
    gamma=st.floats(0.1, 5),
    contrast=st.floats(0.1, 5),
    threshold=UNIT,
    alpha=st.sampled_from(["white", "black", "mask"]),
)
GREYS = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=UNIT)


def shades(colour: float | list[float], opacity: float | None = None, **options: object) -> float:
    """Return the darkness of one pixel."""
    pixel = np.array(colour, dtype=float).reshape(1, 1, -1)
    picture = Picture(pixel, None if opacity is None else np.array([[opacity]], dtype=float))
    return float(darkness(picture, Tone(**options))[0, 0])


# --- luma ---------------------------------------------------------------------------------------


def test_grey_darkness_is_exact():
    np.testing.assert_array_equal(darkness(RAMP, Tone()).ravel(), 1 - LEVELS)


def test_rgb_of_equal_channels_is_grey_to_rounding():
    picture = Picture(np.repeat(RAMP.colour, 3, axis=2))
    dark = darkness(picture, Tone())
    np.testing.assert_allclose(dark.ravel(), 1 - LEVELS, rtol=0, atol=3e-16)
    assert dark[-1, -1] == 0
    assert dark.max() <= 1


def test_luma_is_bt709():
    assert shades([1, 0, 0]) == pytest.approx(1 - 0.2126)
    assert shades([0, 1, 0]) == pytest.approx(1 - 0.7152)
    assert shades([0, 0, 1]) == pytest.approx(1 - 0.0722)


def test_luma_agrees_with_pillow_given_the_same_weights():
    pixels = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    luma = Image.fromarray(pixels).convert("L", (0.2126, 0.7152, 0.0722, 0))
    np.testing.assert_allclose(
        darkness(Picture(pixels / 255), Tone()), 1 - np.asarray(luma) / 255, atol=1 / 255
    )


# --- the steps ----------------------------------------------------------------------------------


@given(GREYS)
def test_defaults_change_nothing(grey):
    np.testing.assert_array_equal(darkness(Picture(grey[..., np.newaxis]), Tone()), 1 - grey)


def test_invert():
    np.testing.assert_allclose(darkness(RAMP, Tone(invert=True)).ravel(), LEVELS, atol=2e-16)
    assert darkness(RAMP, Tone(invert=True))[0, 0] == 0


def test_gamma():
    assert shades(0.5, gamma=2) == 0.25
    assert shades(0.75, gamma=0.5) == 0.5


def test_contrast_keeps_white_middle_and_black():
    for contrast in (0.3, 1, 2.5):
        assert [shades(grey, contrast=contrast) for grey in (1, 0.5, 0)] == [0, 0.5, 1]


@pytest.mark.parametrize("contrast", [0.5, 1.0, 3.0])
def test_contrast_is_the_slope_at_the_middle(contrast):
    step = 1e-6
    slope = (
        (shades(0.5 - step, contrast=contrast) - shades(0.5 + step, contrast=contrast)) / 2 / step
    )
    assert slope == pytest.approx(contrast, rel=1e-4)


@given(UNIT, UNIT, st.floats(0.1, 5), st.floats(0.1, 5))
def test_contrast_and_gamma_never_swap_two_tones(one, other, contrast, gamma):
    darker = shades(min(one, other), contrast=contrast, gamma=gamma)
    lighter = shades(max(one, other), contrast=contrast, gamma=gamma)
    assert darker >= lighter * (1 - 1e-12)


def test_threshold_cuts_strictly_below():
    dark = darkness(RAMP, Tone(threshold=0.2)).ravel()
    expected = 1 - LEVELS
    assert expected[204] < 0.2 <= expected[203]
    np.testing.assert_array_equal(dark[:204], expected[:204])
    np.testing.assert_array_equal(dark[204:], 0)
    # An amount of the threshold itself stays.
    assert shades(0.75, threshold=0.25) == 0.25


def test_order_of_the_steps():
    # invert 0.75 -> 0.75 dark; contrast 2 -> 1 - 2 * 0.25**2 = 0.875; gamma 2 -> 0.765625
    options = {"invert": True, "contrast": 2, "gamma": 2}
    assert shades(0.75, **options) == 0.765625
    assert shades(0.75, threshold=0.8, **options) == 0
    assert shades(0.75, threshold=0.76, **options) == 0.765625


@given(GREYS, TONES)
def test_white_stays_white_and_darkness_stays_in_range(grey, tone):
    grey[0, 0] = 1
    opaque = np.ones_like(grey)
    for picture in (
        Picture(grey[..., np.newaxis]),
        Picture(np.repeat(grey[..., np.newaxis], 3, axis=2), opaque),
    ):
        dark = darkness(picture, tone)
        assert dark[0, 0] == 0
        assert dark.min() >= 0
        assert dark.max() <= 1


# --- alpha --------------------------------------------------------------------------------------


def test_alpha_over_white_and_black_agrees_with_pillow():
    pixels = np.random.default_rng(4).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    image = Image.fromarray(pixels)
    picture = Picture(pixels[..., :3] / 255, pixels[..., 3] / 255)
    for ground in ("white", "black"):
        flat = Image.alpha_composite(Image.new("RGBA", image.size, ground), image)
        expected = darkness(Picture(np.asarray(flat)[..., :3] / 255), Tone())
        np.testing.assert_allclose(
            darkness(picture, Tone(alpha=ground)), expected, rtol=0, atol=1.5 / 255
        )


def test_alpha_of_single_pixels():
    assert shades(0.5, 0) == 0
    assert shades(0, 0) == 0
    assert shades(0.5, 0, alpha="black") == 1
    assert shades(0, 0.25) == 0.25
    assert shades(1, 0.25, alpha="black") == 0.75
    assert shades(1, 1, alpha="black") == 0


def test_mask_acts_after_everything_else():
    assert shades(0, 0, alpha="mask") == 0
    assert shades(1, 0, alpha="mask", invert=True) == 0
    assert shades(0.5, 0.5, alpha="mask", gamma=2) == 0.125
    assert shades(1, 0.5, alpha="mask", invert=True, threshold=0.9) == 0.5
    assert shades(0.5, None, alpha="mask") == 0.5


# --- matrices -----------------------------------------------------------------------------------


def test_matrices_are_darkness_of_any_scale():
    np.testing.assert_array_equal(
        darkness(np.array([[0, 5.0], [10, 20]]), Tone()), [[0, 0.25], [0.5, 1]]
    )
    np.testing.assert_array_equal(
        darkness(np.array([[0, 1e308], [0, 5e307]]), Tone(gamma=2)), [[0, 1], [0, 0.25]]
    )
    np.testing.assert_array_equal(darkness(np.array([[0, 5e-324]]), Tone()), [[0, 1]])
    np.testing.assert_array_equal(darkness(np.zeros((2, 3)), Tone()), np.zeros((2, 3)))
    np.testing.assert_array_equal(darkness(np.array([[0, 4.0]]), Tone(invert=True)), [[1, 0]])


def test_sources_are_not_changed():
    colour, alpha, matrix = np.full((2, 2, 3), 0.3), np.full((2, 2), 0.6), np.full((2, 2), 3.0)
    for tone in (Tone(), Tone(alpha="black", invert=True), Tone(alpha="mask", threshold=1)):
        darkness(Picture(colour, alpha), tone)
        darkness(matrix, tone)
    assert (colour == 0.3).all()
    assert (alpha == 0.6).all()
    assert (matrix == 3).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": 0}, "gamma is 0"),
        ({"gamma": float("nan")}, "gamma is nan"),
        ({"contrast": -1.0}, r"contrast is -1\.0"),
        ({"contrast": float("inf")}, "contrast is inf"),
        ({"threshold": 1.5}, r"threshold is 1\.5"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"alpha": "grey"}, "alpha is 'grey'"),
    ],
)
def test_tone_out_of_range(options, message):
    with pytest.raises(StippleError, match=message):
        Tone(**options)


# --- resize -------------------------------------------------------------------------------------


def area_means(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Average by exact rational overlaps, pixel by pixel."""
    height, width = values.shape

    def overlap(part: int, parts: int, unit: int, length: int) -> Fraction:
        size = Fraction(length, parts)
        return max(Fraction(0), min(unit + 1, (part + 1) * size) - max(unit, part * size)) / size

    means = np.empty((rows, columns))
    for row in range(rows):
        for column in range(columns):
            means[row, column] = sum(
                overlap(row, rows, r, height)
                * overlap(column, columns, c, width)
                * Fraction(values[r, c])
                for r in range(height)
                for c in range(width)
            )
    return means


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, max_side=7),
        elements=st.integers(0, 65535).map(lambda value: value / 65535),
    ),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_resize_is_the_exact_area_mean(values, rows, columns):
    resized = resize(values, (columns, rows))
    assert resized.shape == (rows, columns)
    np.testing.assert_allclose(resized, area_means(values, rows, columns), rtol=1e-13, atol=1e-15)
    assert resized.mean() == pytest.approx(values.mean(), rel=1e-12)
    picture = resize(Picture(values[..., np.newaxis]), (columns, rows))
    np.testing.assert_array_equal(picture.colour[..., 0], resized)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60))
def test_resize_keeps_white_black_and_opacity_exact(height, width, rows, columns):
    for level in (0.0, 1.0):
        picture = Picture(np.full((height, width, 3), level), np.ones((height, width)))
        resized = resize(picture, (columns, rows))
        assert (resized.colour == level).all()
        assert (resized.alpha == 1).all()


def test_resize_to_whole_fractions_agrees_with_pillow():
    pixels = np.random.default_rng(5).integers(0, 256, (60, 84), dtype=np.uint8)
    reduced = Image.fromarray(pixels).reduce(6)
    resized = resize(Picture(pixels[..., np.newaxis] / 255), (14, 10))
    np.testing.assert_allclose(resized.colour[..., 0], np.asarray(reduced) / 255, atol=0.51 / 255)


def test_resize_by_the_longest_side():
    assert resize(np.ones((300, 451)), 100).shape == (67, 100)
    assert resize(np.ones((451, 300)), 100).shape == (100, 67)
    assert resize(np.ones((3, 1000)), 10).shape == (1, 10)
    assert resize(np.ones((2, 3)), 9).shape == (6, 9)


def test_resize_does_not_mix_in_hidden_colours():
    colour = np.array([[[1.0, 0, 0], [0, 1, 0]]])
    resized = resize(Picture(colour, np.array([[1.0, 0]])), (1, 1))
    np.testing.assert_array_equal(resized.colour, [[[1, 0, 0]]])
    np.testing.assert_array_equal(resized.alpha, [[0.5]])
    clear = resize(Picture(colour, np.zeros((1, 2))), (1, 1))
    assert (clear.alpha == 0).all()


@pytest.mark.parametrize("size", [0, -3, (0, 5), (5, -1)])
def test_resize_to_nothing(size):
    with pytest.raises(StippleError, match="at least one pixel"):
        resize(np.ones((4, 4)), size)


def test_resize_has_the_pixel_limit():
    with pytest.raises(StippleError, match="--max-pixels"):
        resize(np.ones((4, 4)), (10**6, 10**6))
    assert resize(np.ones((4, 4)), (3, 4), max_pixels=12).shape == (4, 3)
