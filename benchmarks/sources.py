"""Each theorem, figure, table and algorithm of the five sources, and whether it holds here.

Writes docs/sources.md: `make experiments`, after the pages that it quotes.
"""

import time
from pathlib import Path

from source_bounds import list_bounds, list_power_diagrams
from source_discretisation import list_dyadic, list_edot
from source_lloyd import list_lloyd, list_lloyd_figures
from source_rows import Row
from stamp import describe_origin

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "sources.md"

TITLE = "# The five sources, statement by statement\n"
INTRODUCTION = """\
One row for each theorem, figure, table and algorithm, with the command that reruns it. A measured
figure is what the command said when this page was written, or what a page says that another rule
of the Makefile wrote; then that page is named.

| verdict | meaning |
|---|---|
| agrees | the published figure came out |
| holds | the statement is true of everything that was computed; that is no proof of it |
| vacuous | it holds, but here it says less than is known without it |
| differs | it did not come out, and why |
| drawn | the source shows a picture, and so does the command; there is no figure to compare |
| not rerun | and why |

Where the paper and its slides publish different figures, each has its verdict.

The sources:

- **Lloyd**: Mérigot, Santambrogio, Sarrazin, "Non-asymptotic convergence bounds for Wasserstein
  approximation using point clouds" (NeurIPS 2021), and **its slides**.
- **Dyadic**: Gwóźdź, "Uniform optimal-order Wasserstein quantisation".
- **EDOT**: "Efficient Discretizations of Optimal Transport" (Entropy 25, 2023, 839).
- **Bounds**: Bobrutsky, Moscovich, "Quantization-based Bounds on the Wasserstein Metric" (2025).
- **Power diagrams**: de Goes, Breeden, Ostromoukhov, Desbrun, "Blue noise through optimal
  transport" (2012), and Kitagawa, Mérigot, Thibert (JEMS 2019) for the solver.
"""


def list_rows() -> list[Row]:
    """Every statement, source by source."""
    return [
        *list_lloyd(),
        *list_lloyd_figures(),
        *list_dyadic(),
        *list_edot(),
        *list_bounds(),
        *list_power_diagrams(),
    ]


def main() -> None:
    """Measure every row and write the page."""
    began = time.perf_counter()
    lines = []
    for row in list_rows():
        lines.append(describe(row))
        print(lines[-1], flush=True)
    table = [
        "| source | statement | command | published | measured | verdict |",
        "|---|---|---|---|---|---|",
        *lines,
    ]
    head = [TITLE, describe_origin("experiments"), "", INTRODUCTION]
    text = "\n".join([*head, *table, "", f"All together: {time.perf_counter() - began:.0f} s."])
    REPORT.write_text(text + "\n", encoding="utf-8")
    print(f"Wrote {REPORT}")


def describe(row: Row) -> str:
    """Measure a statement, and write its row of the table."""
    measured, verdict = row.measure()
    command = f"`{row.command}`" if row.command else "–"
    cells = (row.source, row.statement, command, row.published or "–", measured, verdict)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
