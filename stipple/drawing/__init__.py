"""Marks on a page, and the bytes of SVG, PNG, GIF and plots."""
