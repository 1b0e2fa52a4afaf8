"""From an image to its stipple drawing."""
