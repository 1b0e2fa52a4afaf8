"""Files of numba's cache with a digest at the end: what is damaged counts as not there."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

from numba.core.caching import IndexDataCacheFile

from stipple.machine.light_environment import unpickle_light

DIGEST = 16  # bytes


class SealedCacheFile(IndexDataCacheFile):
    """The index and the compiled code of a function, each of which tells whether it is whole.

    Numba runs whatever machine code it finds, and fails for ever where a file is empty or cut.
    Unpickling ends before the digest, so numba's own reading stays as it is.
    """

    def _dump(self, obj: object) -> bytes:
        data: bytes = super()._dump(obj)  # type: ignore[no-untyped-call]
        return data + _digest(data)

    def _load_index(self) -> dict[Any, str]:
        try:
            with Path(self._index_path).open("rb") as file:
                if pickle.load(file) != self._version:
                    return {}
                _check(file.read())
            found: dict[Any, str] = super()._load_index()  # type: ignore[no-untyped-call]
        except Exception:  # unpickling what is damaged raises anything
            return {}
        return found

    def _load_data(self, name: str) -> Any:
        try:
            data = Path(self._data_path(name)).read_bytes()  # type: ignore[no-untyped-call]
            _check(data)
            return unpickle_light(data)
        except Exception as error:
            raise FileNotFoundError(
                name
            ) from error  # which numba takes for a file that was removed


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST).digest()


def _check(data: bytes) -> None:
    if _digest(data[:-DIGEST]) != data[-DIGEST:]:
        raise ValueError("damaged")
