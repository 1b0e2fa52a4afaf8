"""Sharpening by an unsharp mask."""

import numpy as np

from stipple.arrays import Floats

# Opacities that are blurred to less are far from everything that is seen.
_UNSEEN = 1e-9


def find_detail(dark: Floats, mask: Floats | None) -> Floats:
    """Find how much darker each pixel is than its surroundings.

    The surroundings are a running mean over squares, taken three times, which is near a Gaussian;
    its time does not depend on the size of the squares. That is 1/100 of the longer side, and three
    pixels at least: a picture is sharpened alike at any resolution.

    Parameters
    ----------
    dark : ndarray of float64, shape (h, w)
        Darkness in [0, 1].
    mask : ndarray of float64, shape (h, w), or None
        Opacity; what is hidden does not count.

    Returns
    -------
    ndarray of float64, shape (h, w)
        At most 0 where the pixel is white, at least 0 where it is black.
    """
    if mask is None:
        return dark - _blur(dark)
    seen = _blur(mask)
    mean: Floats = np.divide(_blur(dark * mask), seen, out=dark.copy(), where=seen > _UNSEEN)
    detail: Floats = dark - np.minimum(mean, 1.0)
    return detail


def _blur(values: Floats) -> Floats:
    from scipy.ndimage import uniform_filter  # slow to import, and seldom needed

    size = 2 * max(1, round(max(values.shape) / 200)) + 1
    for _ in range(3):
        values = uniform_filter(values, size, mode="nearest")
    blurred: Floats = np.clip(values, 0.0, 1.0)  # running sums round
    return blurred
