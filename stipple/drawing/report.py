"""The report of many drawings as a page for browsers: one file, which loads nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from stipple.drawing.html import Rows, encode_bytes, fill_template, read_body, read_part


@dataclass(frozen=True)
class Entry:
    """An image in a report.

    Attributes
    ----------
    name : str
        Of the image.
    state : str
        What became of it, such as "done" and "failed".
    rows : sequence of pairs of str
        Figures by name.
    numbers : mapping of str to float
        What entries may be sorted by; the names are one word each.
    thumbnail : bytes or None
        A small picture, as PNG.
    files : sequence of str
        Files to open, as paths from the folder of the report.
    reason : str
        Why it failed.
    """

    name: str
    state: str
    rows: Rows = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    thumbnail: bytes | None = None
    files: Sequence[str] = ()
    reason: str = ""


def render_entries(title: str, summary: Rows, entries: Sequence[Entry]) -> bytes:
    """Write a report as one file of HTML that loads nothing, with filters by name and state.

    Parameters
    ----------
    title : str
        Its heading.
    summary : sequence of pairs of str
        Figures of all entries together.
    entries : sequence of Entry
        In their order.

    Returns
    -------
    bytes
        The file, in UTF-8.
    """
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.state] = counts.get(entry.state, 0) + 1
    orders = dict.fromkeys(name for entry in entries for name in entry.numbers)
    parts = {
        "title": escape(title),
        "style": read_part("report.css"),
        "script": read_part("report.js"),
        "summary": _render_rows(summary),
        "states": _render_options({name: f"{name} ({n:,})" for name, n in counts.items()}),
        "orders": _render_options({name: name for name in orders}),
        "entries": "".join(map(_render_entry, entries)),
    }
    return fill_template(read_body("report.html"), parts)


def _render_options(options: Mapping[str, str]) -> str:
    return "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in options.items()
    )


def _render_rows(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in rows
    )


def _render_entry(entry: Entry) -> str:
    state, name = escape(entry.state), escape(entry.name)
    numbers = "".join(f' data-{key}="{value!r}"' for key, value in entry.numbers.items())
    parts = [f'<article class="{state}" data-state="{state}"{numbers}>\n']
    if entry.thumbnail is not None:
        source = f"data:image/png;base64,{encode_bytes(entry.thumbnail)}"
        parts.append(f'<img src="{source}" alt="{name}" loading="lazy">\n')
    breakable = name.replace("/", "/<wbr>")
    parts.append(f'<h2>{breakable}</h2>\n<p class="state">{state}</p>\n')
    if entry.reason:
        parts.append(f"<p>{escape(entry.reason)}</p>\n")
    if entry.rows:
        parts.append(f"<table>{_render_rows(entry.rows)}</table>\n")
    if entry.files:
        links = (f'<a href="{_write_link(path)}">{escape(path)}</a>' for path in entry.files)
        parts.append(f"<p>{', '.join(links)}</p>\n")
    return "".join([*parts, "</article>\n"])


def _write_link(path: str) -> str:
    """Write a path as a link, whatever bytes and signs there are in it."""
    # A colon in the first name would make it an address.
    return "./" + quote(path, errors="surrogateescape")
