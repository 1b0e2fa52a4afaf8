"""Numbers of things, as people read them."""


def count_things(number: int, thing: str) -> str:
    """Write how many there are: 1 dot, 5,000 dots."""
    return f"{number:,} {thing}{'s' * (number != 1)}"
