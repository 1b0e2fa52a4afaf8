"""A researcher, who runs what README shows of Python as the cells of a notebook."""

from stranger import Stranger, WalkError, list_commands

# What a notebook had in its cells before.
BEFORE = """
import numpy as np
generator = np.random.default_rng(0)
samples = generator.random((500, 2))
first, second = generator.random((2, 24, 32))
"""


def walk(stranger: Stranger) -> None:
    """Run the Python of README, and the commands of the certified distance."""
    stranger.take_photo("photo.jpg", width=600)
    cells = list_commands("README.md", "From Python", "python")
    if not cells:
        raise WalkError("README.md shows no Python.")
    (stranger.folder / "notebook.py").write_text("\n".join([BEFORE, *cells]), encoding="utf-8")
    stranger.run("python notebook.py")
    stranger.demand("photo.svg")
    stranger.run(
        'python -c "import numpy as np; g = np.random.default_rng(0);'
        " [np.save(f'{n}.npy', g.random((24, 32))) for n in ('first', 'second')];"
        " from PIL import Image; [Image.fromarray(np.uint8(255 * g.random((24, 32))))"
        ".save(f'{n}.png') for n in ('first', 'second')]\""
    )
    stranger.follow("README.md", "[Cc]ertified distances", leaving_out="--all")
    stranger.demand("interval.json", "moved.png")
    stranger.run("stipple edot --preset uniform-1d -o 'atoms-{run}.csv'")
    stranger.run("stipple lloyd --list-presets")
