import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stipple.errors import StippleError
from stipple.measures.inks import Ink, InkDensity, make_palette, separate_inks, share_points
from stipple.measures.palette import linearise
from stipple.measures.picture import Picture
from stipple.measures.tone import Tone, darkness

PICTURES = st.sampled_from([1, 3]).flatmap(
    lambda channels: arrays(
        np.float64, (3, 4, channels), elements=st.integers(0, 255).map(lambda level: level / 255)
    )
)


def amounts(
    colour: object, mode: object, opacity: object = None, *, how: dict | None = None, **tone: object
) -> dict:
    """Separate one pixel; return the amount of each ink that is drawn."""
    pixel = np.array(colour, dtype=float).reshape(1, 1, -1)
    picture = Picture(pixel, None if opacity is None else np.array([[opacity]], dtype=float))
    inks = separate_inks(picture, Tone(**tone), mode, **(how or {"overlap": "allow"}))
    return {density.ink.name: density.darkness[0, 0] for density in inks}


def test_mono_is_the_darkness():
    picture = Picture(np.random.default_rng(0).random((4, 5, 3)))
    tone = Tone(gamma=1.5, contrast=2, threshold=0.1)
    (density,) = separate_inks(picture, tone, "mono")
    assert density.ink == Ink("black", "#000000")
    np.testing.assert_array_equal(density.darkness, darkness(picture, tone))
    (density,) = separate_inks(np.array([[0, 2.0]]), Tone(), "mono")
    np.testing.assert_array_equal(density.darkness, [[0, 1]])


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ([0, 1, 1], {"cyan": 1}),
        ([1, 0, 1], {"magenta": 1}),
        ([1, 1, 0], {"yellow": 1}),
        ([0, 0, 0], {"black": 1}),
        ([1, 0, 0], {"magenta": 1, "yellow": 1}),
        ([0.25, 0.5, 0.75], {"cyan": 2 / 3, "magenta": 1 / 3, "black": 0.25}),
    ],
)
def test_cmyk_of_single_colours_where_dots_overlap(colour, expected):
    assert amounts(colour, "cmyk") == pytest.approx(expected)


AVOID = {"overlap": "avoid"}


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ([0, 1, 1], {"cyan": 1}),
        ([0, 0, 0], {"black": 1}),
        # Nearest to red, which they cannot show: (2/3, 1/3, 1/3).
        ([1, 0, 0], {"magenta": 1 / 3, "yellow": 1 / 3, "black": 1 / 3}),
        ([0.25, 0.5, 0.75], {"cyan": 0.5, "magenta": 0.25, "black": 0.25}),
        ([0.5, 0.75, 0.75], {"cyan": 0.25, "black": 0.25}),
    ],
)
def test_cmyk_of_single_colours_side_by_side(colour, expected):
    assert amounts(colour, "cmyk", how=AVOID) == pytest.approx(expected)


def test_near_black_is_almost_only_black():
    inks = amounts([10 / 255, 14 / 255, 8 / 255], "cmyk", how=AVOID)
    assert inks["black"] > 0.94
    assert sum(inks.values()) - inks["black"] < 0.05


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_is_black_ink_only_for_any_tone(channels):
    picture = Picture(np.repeat(np.linspace(0, 1, 12).reshape(3, 4, 1), channels, axis=2))
    for tone in (Tone(), Tone(gamma=0.4, contrast=0.5), Tone(invert=True, contrast=3)):
        (density,) = separate_inks(picture, tone, "cmyk")
        assert density.ink.name == "black"
        np.testing.assert_allclose(density.darkness, darkness(picture, tone), atol=1e-15)


@given(PICTURES)
def test_inks_give_the_picture_back(colour):
    left = np.ones((*colour.shape[:2], 3))
    light = np.zeros_like(left)
    channel = {"cyan": [0], "magenta": [1], "yellow": [2], "black": [0, 1, 2]}
    try:
        for density in separate_inks(Picture(colour), Tone(), "cmyk", overlap="allow"):
            left[..., channel[density.ink.name]] *= 1 - density.darkness[..., np.newaxis]
    except StippleError:
        assert (colour == 1).all()
    try:
        for density in separate_inks(Picture(colour), Tone(), "rgb", overlap="allow"):
            light[..., ["red", "green", "blue"].index(density.ink.name)] = density.darkness
    except StippleError:
        assert (colour == 0).all()
    expected = np.broadcast_to(colour, light.shape)
    np.testing.assert_allclose(left, expected, atol=1e-15)
    np.testing.assert_allclose(light, expected, atol=1e-15)


@given(PICTURES, st.floats(0.2, 4), st.floats(0.2, 4), st.booleans())
def test_one_of_the_chromatic_inks_is_always_absent(colour, gamma, contrast, invert):
    picture = Picture(colour)
    try:
        inks = separate_inks(picture, Tone(invert=invert, gamma=gamma, contrast=contrast), "cmyk")
    except StippleError:
        return
    by_name = {density.ink.name: density.darkness for density in inks}
    nothing = np.zeros(colour.shape[:2])
    chromatic = [by_name.get(name, nothing) for name in ("cyan", "magenta", "yellow")]
    assert (np.min(chromatic, axis=0) == 0).all()
    for density in inks:
        assert density.darkness.any()
        assert density.darkness.min() >= 0
        assert density.darkness.max() <= 1


def test_tone_acts_before_the_black_is_taken_out_and_the_threshold_after():
    # C, M, Y = 0.5, 0.75, 0.25, squared by gamma: 0.25, 0.5625, 0.0625
    colour = [0.5, 0.25, 0.75]
    expected = {"cyan": 0.1875, "magenta": 0.5, "black": 0.0625}
    assert amounts(colour, "cmyk", how=AVOID, gamma=2) == pytest.approx(expected)
    del expected["black"]
    found = amounts(colour, "cmyk", how=AVOID, gamma=2, threshold=0.1)
    assert found == pytest.approx(expected)
    assert amounts(colour, "rgb", invert=True) == {"red": 0.5, "green": 0.75, "blue": 0.25}


def test_alpha():
    assert amounts([1, 0, 0], "cmyk", 0.5) == {"magenta": 0.5, "yellow": 0.5}
    found = amounts([1, 0, 0], "cmyk", 0.5, alpha="black")
    assert found == {"magenta": 1, "yellow": 1, "black": 0.5}
    side = {"magenta": 0.25, "yellow": 0.25, "black": 0.5}
    assert amounts([0.5, 0.25, 0.25], "cmyk", how=AVOID) == pytest.approx(side)
    assert amounts([1, 0, 0], "cmyk", 0.5, alpha="mask", invert=True) == {"cyan": 0.5}
    assert amounts([1, 0, 0], "rgb", 0.5) == {"red": 1, "green": 0.5, "blue": 0.5}
    assert amounts([1, 0, 0], "rgb", 0.5, alpha="mask") == {"red": 0.5}
    with pytest.raises(StippleError, match="all white"):
        amounts([1, 0, 0], "cmyk", 0)
    with pytest.raises(StippleError, match="all black"):
        amounts([0, 0, 1], "rgb", 0, alpha="black")


def test_colours_are_hexadecimal():
    picture = Picture(np.random.default_rng(1).random((2, 2, 3)))
    colours = {
        density.ink.name: density.ink.colour
        for mode in ("cmyk", "rgb")
        for density in separate_inks(picture, Tone(), mode)
    }
    assert colours == {
        "cyan": "#00ffff",
        "magenta": "#ff00ff",
        "yellow": "#ffff00",
        "black": "#000000",
        "red": "#ff0000",
        "green": "#00ff00",
        "blue": "#0000ff",
    }


@pytest.mark.parametrize("mode", ["mono", "cmyk"])
def test_all_white(mode):
    white = Picture(np.ones((3, 3, 3)))
    with pytest.raises(StippleError, match=r"all white.*--invert.*--threshold"):
        separate_inks(white, Tone(), mode)
    assert separate_inks(white, Tone(invert=True), mode)
    grey = Picture(np.full((3, 3, 3), 0.9))
    with pytest.raises(StippleError, match="all white"):
        separate_inks(grey, Tone(threshold=0.5), mode)


def test_all_black_has_no_light():
    with pytest.raises(StippleError, match="all black"):
        separate_inks(Picture(np.zeros((3, 3, 1))), Tone(), "rgb")


@pytest.mark.parametrize(
    ("totals", "count", "expected"),
    [
        # By quota 4.5, 3.2 and 2.3 points: the largest remainder, not the largest total.
        ((45, 32, 23), 10, {"a": 5, "b": 3, "c": 2}),
        # 0.6, 2.7 and 6.7: two points are left, and go to the larger remainders.
        ((6, 27, 67), 10, {"b": 3, "c": 7}),
        # 0.1 points are none.
        ((1, 50, 49), 10, {"b": 5, "c": 5}),
        # Equal remainders: the first in drawing order.
        ((1, 1, 1), 4, {"a": 2, "b": 1, "c": 1}),
    ],
)
def test_points_are_shared_by_largest_remainder(totals, count, expected):
    inks = [
        InkDensity(Ink(name, "#000000"), np.array([[total / 64]]))
        for name, total in zip("abc", totals, strict=True)
    ]
    shared = share_points(inks, count)
    assert {one.ink.name: points for one, points in shared} == expected


def test_wrong_requests():
    with pytest.raises(StippleError, match="matrix has no colours"):
        separate_inks(np.ones((2, 2)), Tone(), "cmyk")
    with pytest.raises(StippleError, match="'cmy'"):
        separate_inks(Picture(np.zeros((2, 2, 1))), Tone(), "cmy")
    with pytest.raises(StippleError, match="all white"):
        separate_inks(np.zeros((2, 2)), Tone(), "mono")


# --- pens of one's own, paper and light ---------------------------------------------------------


def separate(colour: object, palette: object, **how: object) -> list[float]:
    """Amounts of all inks of a palette for one pixel, in the order of the pens."""
    picture = Picture(np.array(colour, dtype=float).reshape(1, 1, -1))
    try:
        inks = separate_inks(picture, Tone(), palette, **how)
    except StippleError:
        inks = []
    found = {one.ink.number: float(one.darkness[0, 0]) for one in inks}
    return [found.get(ink.number, 0.0) for ink in palette.inks]


def test_pens_have_the_numbers_of_the_list_whatever_is_empty():
    palette = make_palette(["#e4002b", "navy", "black"])
    assert palette.inks[1] == Ink("navy", "#000080", 2)
    (black,) = separate_inks(Picture(np.full((2, 2, 1), 0.5)), Tone(), palette)
    assert black.ink == Ink("black", "#000000", 3)
    cmyk = separate_inks(Picture(np.array([[[1, 1, 0.5], [0.5, 0.5, 0.5]]])), Tone(), "cmyk")
    assert [(one.ink.name, one.ink.number) for one in cmyk] == [("yellow", 3), ("black", 4)]


@pytest.mark.parametrize("light", ["encoded", "linear"])
def test_colours_within_reach_are_mixed_exactly(light):
    palette = make_palette(["#e4002b", "navy", "black"])
    corners = np.array([[255, 255, 255], [0xE4, 0, 0x2B], [0, 0, 0x80], [0, 0, 0]]) / 255
    if light == "linear":
        corners = linearise(corners)
    parts = np.array([0.4, 0.3, 0.1, 0.2])
    shown = parts @ corners
    if light == "linear":
        shown = 1.055 * shown ** (1 / 2.4) - 0.055
    assert separate(shown, palette, light=light) == pytest.approx(parts[1:])


def test_white_is_the_paper_where_no_ink_is_lighter():
    cream = make_palette(["black", "cyan"], "#fff0d0")
    assert separate([1, 1, 1], cream) == [0, 0]
    assert separate([0, 0, 0], cream) == pytest.approx([1, 0])
    assert separate([0.5, 0.5, 0.5], cream) == pytest.approx([0.5, 0])
    night = make_palette(["white", "yellow"], "#202040")
    assert separate([0, 0, 0], night) == [0, 0]
    assert separate([0.5, 0.5, 0.5], night) == pytest.approx([0.5, 0])


def test_colours_are_what_they_are_between_lighter_and_darker_inks():
    kraft = make_palette(["white", "black"], "#b5905f")
    assert separate(np.array([0xB5, 0x90, 0x5F]) / 255, kraft) == [0, 0]
    assert separate([1, 1, 1], kraft) == pytest.approx([1, 0])
    assert separate([0, 0, 0], kraft) == pytest.approx([0, 1])


def test_one_grey_ink_has_the_tone_of_mono():
    picture = Picture(np.random.default_rng(0).random((4, 5, 3)))
    tone = Tone(gamma=1.5, contrast=2, threshold=0.1)
    (ink,) = separate_inks(picture, tone, make_palette(["black"]))
    np.testing.assert_allclose(ink.darkness, darkness(picture, tone), atol=1e-14)
    (light,) = separate_inks(picture, Tone(), make_palette(["white"], "black"))
    np.testing.assert_allclose(light.darkness, 1 - darkness(picture, Tone()), atol=1e-14)


def test_linear_light_serves_one_ink():
    luma = np.array([0.2126, 0.7152, 0.0722])
    picture = Picture(np.random.default_rng(0).random((4, 5, 3)))
    (ink,) = separate_inks(picture, Tone(), "mono", light="linear")
    np.testing.assert_allclose(ink.darkness, 1 - linearise(picture.colour) @ luma, atol=1e-14)
    (ink,) = separate_inks(picture, Tone(invert=True), "mono", light="linear")
    np.testing.assert_allclose(ink.darkness, 1 - linearise(1 - picture.colour) @ luma, atol=1e-14)


def test_tones_of_light_inks_act_on_light():
    night = make_palette(["white", "red"], "black")
    grey = Picture(np.full((1, 1, 1), 0.25))
    assert separate_inks(grey, Tone(gamma=2), night)[0].darkness[0, 0] == pytest.approx(0.0625)
    assert separate_inks(grey, Tone(invert=True), night)[0].darkness[0, 0] == pytest.approx(0.75)
    with pytest.raises(StippleError, match=r"all black.*try --invert"):
        separate_inks(Picture(np.zeros((1, 1, 1))), Tone(), night)


@pytest.mark.parametrize(
    ("colours", "paper", "sentence"),
    [
        (["red", "#f00"], "white", "The ink #f00 has the colour of the ink red, #ff0000"),
        (["white"], "white", "The ink white has the colour of the paper"),
        ([], "white", "There are 0 inks"),
        ([f"#00000{number}" for number in range(9)], "white", "There are 9 inks"),
        (["red", "nothing"], "white", "'nothing' is not a colour"),
        (["#ff000080"], "white", "is not a colour"),
    ],
)
def test_palettes_that_make_no_sense(colours, paper, sentence):
    with pytest.raises(StippleError, match=sentence):
        make_palette(colours, paper)


def test_refusals_of_separation():
    pens = make_palette(["red", "blue"])
    picture = Picture(np.zeros((2, 2, 3)))
    with pytest.raises(StippleError, match="where they overlap is not known"):
        separate_inks(picture, Tone(), pens, overlap="allow")
    with pytest.raises(StippleError, match="amounts of ink, no light"):
        separate_inks(np.ones((2, 2)), Tone(), "mono", light="linear")
    (ink,) = separate_inks(np.array([[0, 2.0]]), Tone(), make_palette(["navy"]))
    assert ink.darkness.tolist() == [[0, 1]]
