"""Levels, sharpening, and advice on pictures of which nothing or too much would be drawn."""

import numpy as np
import pytest
from command import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import stipple
from stipple.errors import StippleError
from stipple.measures.blank import explain_blank
from stipple.measures.inks import separate_inks
from stipple.measures.levels import advise_levels
from stipple.measures.picture import Picture
from stipple.measures.tone import Tone, darkness, settle_levels

RAMP = Picture((np.arange(256) / 255).reshape(16, 16, 1))
NOISE = np.random.default_rng(5).integers(0, 256, (30, 40, 3)) / 255
GREYS = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6),
    elements=st.floats(0, 1),
)


def find(source, levels, **options):
    tone, found = settle_levels(source, Tone(levels=levels, **options))
    assert (found is None) == (tone.levels is None)
    return found and (found.black, found.white)


# --- levels -------------------------------------------------------------------------------------


def test_greys_are_stretched_by_the_definition():
    dark = darkness(RAMP, Tone(levels=(50, 200))).ravel()
    greys = np.arange(256.0)
    np.testing.assert_allclose(dark, 1 - np.clip((greys - 50) / 150, 0, 1), rtol=0, atol=1e-15)
    assert (dark[200:] == 0).all()
    assert (dark[:51] == 1).all()
    assert ((dark[51:200] > 0) & (dark[51:200] < 1)).all()


def test_percentiles_are_of_the_light():
    sorted_greys = np.sort(np.repeat(np.arange(100), 3)) + 60.0  # 60 to 159, 300 of them
    rng = np.random.default_rng(0)
    picture = Picture(rng.permutation(sorted_greys).reshape(15, 20, 1) / 255)
    assert find(picture, ("0%", "100%")) == (60, 159)
    black, white = find(picture, ("10%", "75%"))
    below = (sorted_greys < black).mean()
    assert abs(below - 0.10) <= 0.01
    assert abs((sorted_greys <= white).mean() - 0.75) <= 0.01
    assert find(picture, ("10%", 200)) == (black, 200)
    dark = darkness(picture, Tone(levels=("10%", "75%")))
    np.testing.assert_array_equal(dark, darkness(picture, Tone(levels=(black, white))))
    assert abs((dark == 1).mean() - 0.10) <= 0.02
    assert abs((dark == 0).mean() - 0.25) <= 0.02


def test_auto_makes_a_dull_picture_reach_white_and_black():
    dull = Picture(0.3 + 0.4 * NOISE)
    black, white = find(dull, "auto")
    assert 0.3 * 255 <= black < 0.4 * 255
    assert 0.6 * 255 < white <= 0.7 * 255
    dark = darkness(dull, Tone(levels="auto"))
    assert dark.min() == 0
    assert dark.max() == 1
    # What is stretched already hardly changes.
    black, white = find(RAMP, "auto")
    assert black <= 3
    assert white >= 248


def test_auto_leaves_what_is_flat():
    flat = Picture(0.5 + 0.05 * NOISE)
    assert find(flat, "auto") is None
    np.testing.assert_array_equal(darkness(flat, Tone(levels="auto")), darkness(flat, Tone()))


def test_levels_act_on_all_channels_alike():
    colour = np.array([[[0.2, 0.5, 0.8], [0.9, 0.9, 0.9], [0.1, 0.1, 0.1]]])
    tone = Tone(levels=(0.1 * 255, 0.9 * 255))
    inks = separate_inks(Picture(colour), tone, "rgb", overlap="allow")
    light = np.stack([ink.darkness for ink in inks], axis=-1)
    np.testing.assert_allclose(light[0, 0], [0.125, 0.5, 0.875], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(light[0, 1:], [[1, 1, 1], [0, 0, 0]])


def test_what_a_mask_hides_does_not_count():
    grey = np.linspace(0.4, 0.6, 100).reshape(10, 10, 1)
    alpha = np.ones((10, 10))
    hidden = np.concatenate([grey, np.zeros((10, 10, 1)), np.ones((10, 10, 1))], axis=1)
    masked = Picture(hidden, np.concatenate([alpha, 0 * alpha, 0 * alpha], axis=1))
    assert find(masked, ("0%", "100%"), alpha="mask") == find(Picture(grey), ("0%", "100%"))
    assert find(masked, ("0%", "100%")) == (102, 255)  # over white


def test_levels_of_a_matrix():
    """Light is 1 less the density as a part of the largest."""
    matrix = np.array([[0, 2.0], [5, 10]])
    np.testing.assert_allclose(
        darkness(matrix, Tone(levels=(127.5, 255))), [[0, 0.4], [1, 1]], rtol=0, atol=1e-12
    )
    assert find(matrix, ("0%", "100%")) == (0, 255)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ((-1, 200), "level is -1"),
        ((0, 256), "level is 256"),
        ((0, float("nan")), "level is nan"),
        (("2%", "101%"), "level is '101%'"),
        (("x%", "98%"), "level is 'x%'"),
        ((None, 3), "level is None"),
        ((200, 100), "levels are 200 and 100"),
        (("98%", "2%"), "levels are 98% and 2%"),
        ((100, 100), "levels are 100 and 100"),
        ("best", "levels are 'best'"),
        ((1, 2, 3), r"levels are \(1, 2, 3\)"),
    ],
)
def test_levels_that_no_picture_has(levels, message):
    with pytest.raises(StippleError, match=message):
        Tone(levels=levels)


def test_percentiles_that_are_one_grey():
    with pytest.raises(StippleError, match=r"greys 127\.5 and 127\.5 of this picture"):
        darkness(Picture(np.full((3, 3, 1), 0.5)), Tone(levels=("2%", "98%")))


# --- sharpening ---------------------------------------------------------------------------------


def blur(values):
    """Three running means of three pixels along each axis, the border repeated."""
    for _ in range(3):
        for axis in (0, 1):
            padded = np.pad(values, [(1, 1) if axis == a else (0, 0) for a in (0, 1)], mode="edge")
            values = np.apply_along_axis(
                lambda line: np.convolve(line, np.ones(3) / 3, mode="valid"), axis, padded
            )
    return values


@pytest.mark.parametrize("amount", [0.5, 1, 4])
def test_sharpening_adds_the_difference_from_the_blur(amount):
    grey = Picture(0.3 + 0.3 * NOISE[..., :1])
    dark = darkness(grey, Tone())
    expected = np.clip(dark + amount * (dark - blur(dark)), 0, 1)
    np.testing.assert_allclose(darkness(grey, Tone(sharpen=amount)), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(darkness(grey, Tone(sharpen=0.0)), dark)


@pytest.mark.parametrize("width", [600, 1200])
def test_sharpening_reaches_as_far_at_any_resolution(width):
    """An edge changes what is nearer than 3/2 of a hundredth of the longer side."""
    grey = np.where(np.arange(width) < width // 2, 0.4, 0.6) * np.ones((2, 1))
    picture = Picture(grey[..., np.newaxis])
    changed = np.abs(darkness(picture, Tone(sharpen=1)) - darkness(picture, Tone())) > 1e-9
    np.testing.assert_array_equal(
        np.flatnonzero(changed[0]),
        np.arange(width // 2 - 0.015 * width, width // 2 + 0.015 * width),
    )


def test_sharpening_gives_no_coloured_fringes():
    grey = np.repeat(NOISE[..., :1], 3, axis=2)
    inks = separate_inks(Picture(grey), Tone(sharpen=2), "cmyk")
    assert [ink.ink.name for ink in inks] == ["black"]


def test_hidden_colours_do_not_tint_what_is_seen():
    alpha = (np.arange(40) < 20) * np.ones((30, 1))
    pictures = [
        Picture(np.where(alpha[..., None] > 0, NOISE, hidden), alpha) for hidden in (0.0, 1.0)
    ]
    first, second = (darkness(one, Tone(sharpen=1, alpha="mask")) for one in pictures)
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-12)


@given(GREYS, st.floats(0, 1e6), st.sampled_from([None, "auto", (20, 230), ("0%", 255)]))
def test_white_stays_white_black_stays_black_and_nothing_leaves_the_range(grey, amount, levels):
    grey[0, 0], grey[-1, -1] = 0, 1
    for channels in (1, 3):
        picture = Picture(np.repeat(grey[..., np.newaxis], channels, axis=2))
        dark = darkness(picture, Tone(levels=levels, sharpen=amount))
        assert dark[-1, -1] == 0
        assert dark[0, 0] == 1
        assert dark.min() >= 0
        assert dark.max() <= 1


@pytest.mark.parametrize("amount", [-0.1, float("nan"), float("inf")])
def test_amounts_that_are_none(amount):
    with pytest.raises(StippleError, match="amount of sharpening"):
        Tone(sharpen=amount)


# --- advice -------------------------------------------------------------------------------------


def test_advice_where_little_paper_stays_white():
    dull = darkness(Picture(0.3 + 0.4 * NOISE), Tone())
    assert "--levels auto" in advise_levels(dull)
    assert advise_levels(darkness(Picture(0.3 + 0.4 * NOISE), Tone(levels="auto"))) is None
    assert advise_levels(darkness(RAMP, Tone())) is None
    assert advise_levels(np.full((4, 4), 0.5)) is None  # nothing to stretch
    assert advise_levels(np.zeros((4, 4))) is None


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("mode", ["mono", "cmyk", "rgb"])
def test_advice_on_transparent_logos_is_true(level, mode):
    """Every way to see nothing of a logo of one colour: following the advice draws its shape."""
    inside = np.hypot(*np.mgrid[-9:10, -9:10]) < 6
    logo = Picture(np.full((19, 19, 3), float(level)), inside.astype(float))
    seen = 0
    for alpha in ("white", "black", "mask"):
        for invert in (False, True):
            tone = Tone(alpha=alpha, invert=invert)
            try:
                separate_inks(logo, tone, mode)
                continue
            except StippleError as error:
                advice = str(error).partition(": give ")[2]
            seen += 1
            first, second = advice.removesuffix(".").split(", or ")
            assert first.startswith("--alpha mask ")
            assert first.endswith(" for dots inside it")
            assert second.endswith(" for dots around it")
            for words, place in ((first, inside), (second, ~inside)):
                ground = words.split()[1]
                turned = "--invert" in words and "without" not in words
                turned = turned if words is first else invert
                for ink in separate_inks(logo, Tone(alpha=ground, invert=turned), mode):
                    np.testing.assert_array_equal(ink.darkness > 0, place)
    assert seen == 2


def test_advice_names_alpha_only_where_it_helps():
    clear = Picture(np.ones((2, 2, 3)), np.zeros((2, 2)))
    assert "--alpha mask" not in explain_blank(clear, Tone())
    assert "--alpha black" in explain_blank(clear, Tone())
    opaque = Picture(np.ones((2, 2, 3)), np.ones((2, 2)))
    assert "--alpha" not in explain_blank(opaque, Tone())


def test_inks_are_read_with_all_steps_of_tone():
    steps = {"levels": ("5%", "90%"), "sharpen": 0.8, "contrast": 1.3, "resize": 60}
    (ink,) = stipple.read_inks(SAMPLES / "camera.png", "mono", **steps)
    np.testing.assert_array_equal(ink.darkness, stipple.read_image(SAMPLES / "camera.png", **steps))
