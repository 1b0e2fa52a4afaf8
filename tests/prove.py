"""Try to refute every certificate on random instances: `make prove`.

Prints how many instances of each family were tried and how many refuted the program; ends with
exit code 1 if any did. An instance that fails is rerun with --only FAMILY --first NUMBER --count 1.
To try another release, put its folder on PYTHONPATH.
"""

import argparse
import math
import sys
import time

from proofs import list_families


def main() -> int:
    """Run the instances that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="instances in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one family, by name")
    parser.add_argument("--first", type=int, default=0, help="number of the first instance")
    options = parser.parse_args()
    families = [each for each in list_families() if options.only in (None, each.name)]
    shares = sum(each.share for each in families)
    tried = refuted = 0
    for each in families:
        count = math.ceil(options.count * each.share / shares)
        began = time.perf_counter()
        failures = []
        for number in range(options.first, options.first + count):
            sentence = each.try_instance(options.seed, number)
            if sentence is not None:
                failures.append(f"  instance {number}: {sentence}")
        seconds = time.perf_counter() - began
        tried += count
        refuted += len(failures)
        print(
            f"{each.command:9} {each.name:32} {count:6,} tried, {len(failures):4,} refuted,"
            f" {seconds:6.1f} s",
            flush=True,
        )
        print(*failures[:5], sep="\n", end="\n" if failures else "", flush=True)
    print(f"{tried:,} instances with seed {options.seed}: {refuted:,} violations.")
    return 1 if refuted or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
