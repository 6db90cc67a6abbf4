"""Writes what Unicode's normal forms need besides the canonical decompositions.

    python3 scripts/make-compositions.py > src/OnnxIntervene/Tokenization/Texts/compositions.txt

Lines: "class CODE CLASS" (canonical combining class), "pair FIRST SECOND COMPOSED" (primary composites),
"compatible CODE PARTS" (decompositions that form KD has and form D has not).

The data come from the Unicode Character Database as Python's unicodedata module holds it
(Unicode License v3, https://www.unicode.org/license.txt). Hangul is left out: it composes by rule.
"""
import sys
import unicodedata


def codes(text):
    return " ".join(f"{ord(part):04X}" for part in text)


print(f"# Normal forms, Unicode {unicodedata.unidata_version}; made by scripts/make-compositions.py")
for code in range(sys.maxunicode + 1):
    if 0xAC00 <= code <= 0xD7A3 or 0xD800 <= code <= 0xDFFF:
        continue
    character = chr(code)
    if unicodedata.combining(character):
        print(f"class {code:04X} {unicodedata.combining(character)}")
    pair = unicodedata.decomposition(character).split()
    if len(pair) == 2 and not pair[0].startswith("<") and unicodedata.normalize("NFC", character) == character:
        print(f"pair {pair[0]} {pair[1]} {code:04X}")
    compatible = unicodedata.normalize("NFKD", character)
    if compatible != unicodedata.normalize("NFD", character):
        print(f"compatible {code:04X} {codes(compatible)}")
