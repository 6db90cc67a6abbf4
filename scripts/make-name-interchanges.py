"""Interchanges for alignment search on indirect objects (Wang et al. 2022): JSON Lines on stdout.

    python3 scripts/make-name-interchanges.py name 800 > name.jsonl
    python3 scripts/make-name-interchanges.py place 800 > place.jsonl

The variable is the name that is repeated: base and source have the same two names, in any order, and the answer is the
one that the source does not repeat. Or it is its place, the first or the second of the two: base and source have other
names, and the answer is the base's name in the other place.
"""

import json
import random
import sys

NAMES = "Mary John Tom James Dan Anna Kate Paul Emma Jack Alice Mark Luke Laura Peter Lucy David Jane Henry Ruth".split()
PLACES = "store park school garden library market museum station".split()
OBJECTS = "drink book ring letter basket ball gift map".split()

# Every name, place and object is one token of the default model.
POSITIONS = {"first": 3, "second": 5, "repeated": -5}


def prompt(names, repeated, rng):
    place, thing = rng.choice(PLACES), rng.choice(OBJECTS)
    return f"Then, {names[0]} and {names[1]} went to the {place}. {names[repeated]} gave a {thing} to"


def example(variable, rng):
    base = rng.sample(NAMES, 2)
    if variable == "name":
        source = base if rng.randrange(2) else base[::-1]
    else:
        source = rng.sample([name for name in NAMES if name not in base], 2)
    own, other = rng.randrange(2), rng.randrange(2)
    return {
        "base": prompt(base, own, rng),
        "source": prompt(source, other, rng),
        "label": f" {(source if variable == 'name' else base)[1 - other]}",
        "base_label": f" {base[1 - own]}",
        "positions": POSITIONS,
    }


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("name", "place"):
        sys.exit(__doc__)
    random_numbers = random.Random(0)
    for _ in range(int(sys.argv[2])):
        print(json.dumps(example(sys.argv[1], random_numbers)))
