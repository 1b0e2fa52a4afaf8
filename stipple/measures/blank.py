"""Pictures of which nothing is left to draw: what would draw them."""

from dataclasses import replace

from stipple.arrays import Floats
from stipple.errors import StippleError
from stipple.measures.picture import Matrix, Picture
from stipple.measures.tone import Tone, darkness


def find_darkness(source: Picture | Matrix, tone: Tone) -> Floats:
    """Compute darkness as `stipple.measures.tone.darkness` does; advise where nothing is seen.

    Raises
    ------
    StippleError
        When a transparent picture has no darkness at all.
    """
    dark = darkness(source, tone)
    if isinstance(source, Picture) and source.alpha is not None and not dark.any():
        raise StippleError(explain_blank(source, tone))
    return dark


def explain_blank(source: Picture | Matrix, tone: Tone, *, light: bool = False) -> str:
    """Explain why there is nothing to draw, and name options under which there is.

    Parameters
    ----------
    source : Picture or ndarray of float64, shape (h, w)
        What gave no ink at all.
    tone : Tone
        The steps that were applied.
    light : bool
        Whether light is drawn on black paper, not ink on white.
    """
    black = light != tone.invert
    reason = (
        f"The image is all {'black' if black else 'white'}, so there is nothing to draw"
        f"{' under --invert' if tone.invert else ''}"
    )
    if isinstance(source, Picture) and source.alpha is not None and source.alpha.min() < 1:
        # Each is tried before it is advised.
        inverted = replace(tone, alpha="mask", invert=not tone.invert)
        around = replace(tone, alpha="white" if black else "black")
        inversion = "without --invert" if tone.invert else "--invert"
        words = [
            (inverted, f"--alpha mask {inversion} for dots inside it"),
            (around, f"--alpha {around.alpha} for dots around it"),
        ]
        advice = [
            text
            for other, text in words
            if darkness(source, replace(other, invert=other.invert != light)).any()
        ]
        if advice:
            return f"{reason}, but partly transparent: give {', or '.join(advice)}."
    inversion = "leave --invert out" if tone.invert else "try --invert"
    return f"{reason}: {inversion}, or give a lower --threshold."
