"""`python -m stipple`, the same as the command `stipple`."""

from stipple.cli import main

main(prog_name="stipple")
