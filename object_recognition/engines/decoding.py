"""JPEGs into pixels where the model is: on the GPU by NVIDIA's decoder, or on the CPU."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np
import onnxruntime
import structlog

from object_recognition.detection import Picture
from object_recognition.engines.nvidia import wait_for_gpu
from vigil.errors import FrameInvalid, ModelInvalid

log = structlog.get_logger(__name__)

#: How a whole JPEG ends.
_END_OF_IMAGE = b"\xff\xd9"


class Pixels(NamedTuple):
    """A frame as packed bytes ``(H, W, 3)`` on some device.

    Attributes:
        address: Where, for as long as owner lives.
        size_wh: Width and height.
        is_rgb: The order of its channels; False: BGR.
        owner: Whose memory it is.
    """

    address: int
    size_wh: tuple[int, int]
    is_rgb: bool
    owner: object


class BatchDecoder(Protocol):
    """Decodes the pictures of a batch."""

    name: str

    def decode(self, pictures: Sequence[Picture]) -> list[Pixels | FrameInvalid]:
        """Return each picture's pixels, or why it has none."""
        ...


class CpuDecoder:
    """Decodes on the CPU; who draws on a picture has its pixels then.

    Args:
        device: Where the pixels are wanted, as ONNX Runtime calls it.
        threads: How many decode at once.
    """

    name = "the CPU"

    def __init__(self, device: str, *, threads: int) -> None:
        self._device = device
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def decode(self, pictures: Sequence[Picture]) -> list[Pixels | FrameInvalid]:
        """Return each picture's pixels, or why it has none."""
        each = map if self._pool is None else self._pool.map
        return list(each(self._pixels, pictures))

    def _pixels(self, picture: Picture) -> Pixels | FrameInvalid:
        try:
            image_bgr = np.ascontiguousarray(picture.image_bgr)
        except FrameInvalid as error:
            return error
        size_wh = (image_bgr.shape[1], image_bgr.shape[0])
        if self._device == "cpu":
            return Pixels(image_bgr.ctypes.data, size_wh, is_rgb=False, owner=image_bgr)
        moved = onnxruntime.OrtValue.ortvalue_from_numpy(image_bgr, self._device, 0)
        return Pixels(moved.data_ptr(), size_wh, is_rgb=False, owner=moved)


class NvidiaDecoder:
    """Decodes on the GPU: nvImageCodec over nvJPEG, or the chip's own decoder where it has one.

    It takes a picture that breaks off for a whole one, so that what is no whole JPEG by its first
    and last bytes does not get to it. One that is broken within is seen with its faults.

    Args:
        nvimgcodec: The package.
    """

    name = "nvImageCodec"

    def __init__(self, nvimgcodec: Any) -> None:
        self._decoder = nvimgcodec.Decoder(device_id=0)
        self._params = nvimgcodec.DecodeParams(apply_exif_orientation=False)

    def decode(self, pictures: Sequence[Picture]) -> list[Pixels | FrameInvalid]:
        """Return each picture's pixels, or why it has none."""
        refused = [_fault(each) for each in pictures]
        whole = [each for each, fault in zip(pictures, refused, strict=True) if fault is None]
        images = iter(self._decoder.decode([each.jpeg for each in whole], params=self._params))
        wait_for_gpu()
        return [
            fault or self._pixels(next(images), each.size_wh)
            for each, fault in zip(pictures, refused, strict=True)
        ]

    @staticmethod
    def _pixels(image: Any, size_wh: tuple[int, int]) -> Pixels | FrameInvalid:
        if image is None:
            return FrameInvalid("a broken JPEG: the GPU's decoder refuses it")
        width, height = size_wh
        interface = image.__cuda_array_interface__
        if interface["shape"] != (height, width, 3):
            return FrameInvalid(f"the GPU decoded {interface['shape']}, not {height}x{width}x3")
        if interface.get("strides") not in {None, (width * 3, 3, 1)}:
            raise ModelInvalid("the GPU's decoder pads the lines of pictures, which we do not read")
        return Pixels(interface["data"][0], size_wh, is_rgb=True, owner=image)


def _fault(picture: Picture) -> FrameInvalid | None:
    """Return why the GPU's decoder is not asked about a picture."""
    try:
        _ = picture.size_wh
    except FrameInvalid as error:
        return error
    if not picture.jpeg.endswith(_END_OF_IMAGE):
        return FrameInvalid("a broken JPEG: it breaks off")
    return None


def best_decoder(device: str, *, threads: int) -> BatchDecoder:
    """Return what decodes for a device: on the GPU where NVIDIA's decoder is installed."""
    if device == "cpu":
        return CpuDecoder(device, threads=threads)
    try:
        # Only in the image for GPUs.
        from nvidia import nvimgcodec  # noqa: PLC0415
    except ImportError as error:
        log.warning("jpegs_decoded_on_cpu", reason=f"nvidia-nvimgcodec-cu13: {error}")
        return CpuDecoder(device, threads=threads)
    return NvidiaDecoder(nvimgcodec)
