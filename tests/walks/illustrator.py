"""An illustrator with a photo of a phone, and a logo."""

from stranger import Stranger, WalkError


def walk(stranger: Stranger) -> None:
    """Draw the photo, in every way of the first section, and the logo."""
    stranger.take_photo("photo.jpg")
    told = stranger.run("stipple photo.jpg")
    for word in ("dots", "dot diameter", "picture", "coverage", "written"):
        if word not in told:
            raise WalkError(f"The table says nothing of {word}:\n{told}")
    stranger.demand("photo.svg")
    stranger.run("""python -c "import numpy; numpy.save('density.npy', numpy.ones((40, 60)))" """)
    stranger.follow("README.md", "[Ff]ive examples|Examples")
    stranger.demand("photo.png", "photo.csv", "inks.svg", "inks.pdf", "report.json")
    stranger.run("stipple samples")
    stranger.follow("docs/drawing.md", "A logo")
    stranger.demand("dots.svg")
