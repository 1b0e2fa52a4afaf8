"""The one exception that people are meant to read."""


class StippleError(ValueError):
    """A foreseeable failure, told in one sentence: what was received and what to do.

    The command line prints the sentence and exits with code 1; Python users may catch it.
    """


class PowerCellError(StippleError):
    """Power cells that double precision cannot resolve; a solver may try gentler potentials."""
