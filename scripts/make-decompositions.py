"""Writes the canonical decompositions that BERT's accent stripping needs.

    python3 scripts/make-decompositions.py > src/OnnxIntervene/Tokenization/Texts/decompositions.txt

The data come from the Unicode Character Database as Python's unicodedata module holds it
(Unicode License v3, https://www.unicode.org/license.txt). Hangul is left out: it decomposes by rule.
"""
import sys
import unicodedata

print(f"# Canonical decompositions, Unicode {unicodedata.unidata_version}; made by scripts/make-decompositions.py")
for code in range(sys.maxunicode + 1):
    if 0xAC00 <= code <= 0xD7A3 or 0xD800 <= code <= 0xDFFF:
        continue
    parts = unicodedata.normalize("NFD", chr(code))
    if parts != chr(code):
        print(f"{code:04X}", " ".join(f"{ord(part):04X}" for part in parts))
