"""Put pictures of one height side by side: python docs/beside.py OUT.png HEIGHT A.png B.png ..."""

import sys

from PIL import Image

GAP = 12  # pixels


def main() -> None:
    """Scale each picture to the height, and write all of them beside each other on white."""
    path, height, *names = sys.argv[1:]
    scaled = []
    for name in names:
        with Image.open(name) as picture:
            width = round(picture.width * int(height) / picture.height)
            solid = Image.new("RGBA", picture.size, "white")
            solid.alpha_composite(picture.convert("RGBA"))
            small = solid.resize((width, int(height)), Image.Resampling.LANCZOS)
            scaled.append(small.convert("RGB"))
    total = sum(one.width for one in scaled) + GAP * (len(scaled) - 1)
    sheet = Image.new("RGB", (total, int(height)), "white")
    left = 0
    for one in scaled:
        sheet.paste(one, (left, 0))
        left += one.width + GAP
    sheet.save(path, optimize=True)


if __name__ == "__main__":
    main()
