"""Videos as Pillow has animations: frames by number, through PyAV, an extra."""

from typing import Any, BinaryIO

from PIL import Image, ImageFile

from stipple.errors import StippleError

# First bytes of Matroska and WebM; brands of files of the ISO base media format with video.
MATROSKA = b"\x1a\x45\xdf\xa3"
BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  "}


class VideoFile(ImageFile.ImageFile):
    """A video: `seek` to a frame, and `load` decodes it."""

    format = "VIDEO"
    format_description = "video"

    def _open(self) -> None:
        import av

        try:
            self._container = av.open(self.fp)
            self._stream = self._container.streams.video[0]
            packets = self._container.demux(self._stream)
            # In the order in which frames are shown, which is not that of their packets.
            shown = sorted((one.pts, one.duration or 0) for one in packets if one.pts is not None)
            if not shown:
                raise ValueError("no frames")
        except (av.FFmpegError, IndexError) as error:
            raise ValueError(f"no video that can be read: {error}") from error
        self._times = [time for time, _ in shown]
        self._ends = [*self._times[1:], sum(shown[-1])]
        self._frame = 0
        self._loaded: int | None = None
        self._mode, self._size = "RGB", (self._stream.width, self._stream.height)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self._times)

    def seek(self, frame: int) -> None:
        """Go to a frame; the first is 0."""
        if not 0 <= frame < len(self._times):
            raise EOFError(f"no frame {frame}")
        self._frame = frame
        ticks = self._ends[frame] - self._times[frame]
        self.info["duration"] = float(1000 * ticks * self._stream.time_base)

    def tell(self) -> int:
        """Say which frame it is at."""
        return self._frame

    def load(self) -> Any:
        """Decode the frame."""
        if self._loaded != self._frame:
            frame = self._decode()
            # As phones hold them: a right angle, or none.
            picture = frame.to_image().rotate(frame.rotation, expand=True)
            self.im, self._size, self._loaded = picture.im, picture.size, self._frame
        return super().load()

    def _decode(self) -> Any:
        """Decode from the last key frame before this one on."""
        time = self._times[self._frame]
        self._container.seek(time, stream=self._stream)
        for frame in self._container.decode(self._stream):
            if frame.pts is not None and frame.pts >= time:
                return frame
        raise ValueError(f"frame {self._frame + 1} cannot be decoded")


def open_video(stream: BinaryIO, name: str) -> Image.Image:
    """Open a video.

    Raises
    ------
    StippleError
        When PyAV is not installed.
    """
    try:
        import av  # noqa: F401 (what `VideoFile` needs)
    except ImportError:
        raise StippleError(
            f"{name} is a video, and PyAV, which reads them, is not installed: install"
            " stipple-ot[video], or export its frames as PNG."
        ) from None
    return VideoFile(stream, name)
