"""A PNG in little room: 256 of its colors are kept, which for text and drawings are enough."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from playwright.sync_api import Page

__all__ = ["small"]

_MOST = 256
# the browser can read a PNG, and gives its pixels
_PIXELS = """async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const bytes = context.getImageData(0, 0, image.width, image.height).data;
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return [image.width, image.height, btoa(text)];
}"""


def small(png: bytes, page: Page) -> bytes:
    """The picture again, with a palette; `page` is any page of a browser."""
    width, height, text = page.evaluate(_PIXELS, base64.b64encode(png).decode())
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4)[:, :3]
    whole = pixels.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    colors, where, counts = np.unique(whole, return_inverse=True, return_counts=True)
    found = np.stack([colors >> 16, colors >> 8 & 255, colors & 255], axis=1)
    kept, nearest = _palette(found, counts)
    rows = nearest[where].reshape(height, width)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)  # no row is filtered
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", kept.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _palette(colors: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colors that are kept, one after the other what is farthest from those before it and frequent; and for each
    color the place of the nearest that is kept."""
    kept = [int(np.argmax(counts))]
    nearest = np.zeros(len(colors), np.uint8)
    away = ((colors - colors[kept[0]]) ** 2).sum(axis=1)
    while len(kept) < _MOST and away.any():
        kept.append(int(np.argmax(away * np.sqrt(counts))))
        distance = ((colors - colors[kept[-1]]) ** 2).sum(axis=1)
        nearest[distance < away] = len(kept) - 1
        away = np.minimum(away, distance)
    return colors[kept], nearest


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
