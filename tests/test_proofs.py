"""A sample of `make prove`: no certificate may be refuted."""

import pytest
from proofs import Family, list_families

INSTANCES = 4
SEED = 1


@pytest.mark.parametrize("each", list_families(), ids=lambda each: each.name)
def test_no_certificate_is_refuted(each: Family) -> None:
    failures = [each.try_instance(SEED, number) for number in range(INSTANCES)]
    assert [sentence for sentence in failures if sentence is not None] == []
