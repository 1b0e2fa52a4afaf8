"""Somebody with a folder of photos: by one command, with make, and again in CI."""

from stranger import ROOT, Stranger, WalkError


def walk(stranger: Stranger) -> None:
    """Draw all photos at once, then by rules that draw only what is new."""
    names = [f"{number:03}" for number in range(stranger.images)]
    for name in names:
        stranger.take_photo(f"photos/{name}.jpg", width=300)
    (stranger.folder / "out").mkdir()
    stranger.follow("README.md", "Many images", leaving_out="--scheduler")
    stranger.demand("out/all.json", *(f"out/{name}.svg" for name in names))
    (stranger.folder / "photos" / "Makefile").write_bytes((ROOT / "samples/Makefile").read_bytes())
    make = "make -C photos -j2 POINTS=500 STIPPLE=stipple"
    stranger.run(make)
    stranger.demand(*(f"photos/out/{name}.{suffix}" for name in names for suffix in ("svg", "png")))
    if "Nothing to be done" not in stranger.run(make):
        raise WalkError("A second make draws again what is drawn.")
