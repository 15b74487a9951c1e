#!/usr/bin/env python3
"""Writes Sources/Datasets/Digits/DigitsPayload.swift from the digits as comma-separated values.

    Scripts/make-digits.py DIGITS.csv.gz > Sources/Datasets/Digits/DigitsPayload.swift

Each line of the input is one image: 64 pixels (0 to 16, row-major 8x8), then the label. The payload is all pixels,
place by place (all images' first pixels, then all second ones, ...: this compresses better than image by image), then
all labels; one byte each; compressed by zlib; in base64.
"""

import base64
import gzip
import sys
import zlib

IMAGES, PIXELS, LEVELS, CLASSES = 1797, 64, 17, 10

with gzip.open(sys.argv[1], "rt") as lines:
    rows = [[int(value) for value in line.split(",")] for line in lines]
assert len(rows) == IMAGES
assert all(len(row) == PIXELS + 1 for row in rows)
assert all(0 <= value < LEVELS for row in rows for value in row[:PIXELS])
assert all(0 <= row[PIXELS] < CLASSES for row in rows)

plain = bytes(row[place] for place in range(PIXELS + 1) for row in rows)
compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
text = base64.b64encode(compressor.compress(plain) + compressor.flush()).decode()

print("// Made by Scripts/make-digits.py; the credit and the licence of the data stand in Digits.swift.")
print()
print("extension Digits {")
print("    /// Pixels place by place, then labels; compressed by zlib, in base64.")
print('    static let payload = """')
for start in range(0, len(text), 110):
    last = start + 110 >= len(text)
    print("        " + text[start : start + 110] + ("" if last else "\\"))
print('        """')
print("}")
