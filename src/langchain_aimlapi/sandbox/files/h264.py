"""Pictures of coloured squares as H.264, without compression.

The first picture of a video is written as it is (macroblocks of the kind I_PCM), all later ones say
that nothing has changed (P_Skip). ITU-T H.264, sections 7.3.2 (parameter sets), 7.3.3 (slices) and
7.3.5 (macroblocks).
"""

from __future__ import annotations

_BLOCK = 16
_FRAME_NUMBERS = 16
_I_PCM = 25
_SLICE_P, _SLICE_I = 5, 7


class _Bits:
    """Bits that become a NAL unit."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def fixed(self, value: int, width: int) -> _Bits:
        """Add a number of `width` bits."""
        self._bits.append(f"{value:0{width}b}")
        return self

    def golomb(self, *values: int) -> _Bits:
        """Add unsigned Exp-Golomb codes."""
        for value in values:
            code = f"{value + 1:b}"
            self._bits.append("0" * (len(code) - 1) + code)
        return self

    def raw(self, data: bytes) -> _Bits:
        """Add bytes at the next byte's beginning."""
        used = sum(map(len, self._bits))
        self._bits.append("0" * (-used % 8))
        self._bits.append("".join(f"{byte:08b}" for byte in data))
        return self

    def unit(self, head: int) -> bytes:
        """Return the NAL unit with its first byte."""
        text = "".join(self._bits) + "1"
        text += "0" * (-len(text) % 8)
        payload = int(text, 2).to_bytes(len(text) // 8)
        escaped, zeros = bytearray([head]), 0
        for byte in payload:
            if zeros >= 2 and byte <= 3:  # noqa: PLR2004  # 00 00 00..03 must not occur
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(escaped)


def parameter_sets(squares: int) -> tuple[bytes, bytes]:
    """Return the sequence and picture parameter sets of pictures with so many squares a side."""
    sequence = _Bits().fixed(66, 8).fixed(0xC0, 8).fixed(10, 8)  # constrained baseline, level 1
    sequence.golomb(0, 0, 2, 1).fixed(0, 1)  # ids, 16 frame numbers, display order, one reference
    sequence.golomb(squares - 1, squares - 1).fixed(0b1_1_0_0, 4)
    picture = _Bits().golomb(0, 0).fixed(0, 2).golomb(0, 0, 0).fixed(0, 3)
    picture.golomb(0, 0, 0).fixed(0b1_0_0, 3)  # the deblocking filter is controlled by the slice
    return sequence.unit(0x67), picture.unit(0x68)


def first_picture(colours: list[tuple[int, int, int]]) -> bytes:
    """Return the picture that a video begins with, a macroblock for each colour."""
    bits = _Bits().golomb(0, _SLICE_I, 0).fixed(0, 4).golomb(0).fixed(0, 2)
    bits.golomb(0, 1)  # no change of the quantiser, no deblocking
    for colour in colours:
        bits.golomb(_I_PCM).raw(_samples(colour))
    return bits.unit(0x65)


def same_picture(number: int, squares: int) -> bytes:
    """Return picture `number` of a video, which is the same as the one before."""
    bits = _Bits().golomb(0, _SLICE_P, 0).fixed(number % _FRAME_NUMBERS, 4)
    bits.fixed(0, 3).golomb(0, 1, squares * squares)
    return bits.unit(0x41)


def _samples(colour: tuple[int, int, int]) -> bytes:
    """Return the samples of a macroblock of one colour: luma, then both chromas (ITU-R BT.601)."""
    red, green, blue = colour
    luma = 16 + (66 * red + 129 * green + 25 * blue) // 256
    chroma_blue = 128 + (-38 * red - 74 * green + 112 * blue) // 256
    chroma_red = 128 + (112 * red - 94 * green - 18 * blue) // 256
    chroma = _BLOCK * _BLOCK // 4
    return (
        bytes([luma]) * (_BLOCK * _BLOCK)
        + bytes([chroma_blue]) * chroma
        + bytes([chroma_red]) * chroma
    )
