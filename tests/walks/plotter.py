"""The owner of a pen plotter."""

from stranger import Stranger, WalkError


def walk(stranger: Stranger) -> None:
    """Draw for one pen, in one line, and for several pens."""
    stranger.take_photo("photo.jpg", width=1200)
    told = stranger.run("stipple photo.jpg --preset plotter-a4 -o preset.svg")
    if "plotting" not in told or "pen lifts" not in told:
        raise WalkError(f"Nothing is said of the time that the plotter takes:\n{told}")
    for heading in ("One pen", "One line", "Several pens"):
        stranger.follow("docs/plotters.md", heading)
    stranger.demand("preset.svg", "plot.svg", "line.svg", "two.svg")
    if 'inkscape:label="2' not in (stranger.folder / "two.svg").read_text(encoding="utf-8"):
        raise WalkError("two.svg has no layer for the second pen.")
