"""Writes src/OnnxIntervene.IR/Operators.txt from docs/Changelog.md of the ONNX repository.

    python scripts/make-operator-schemas.py CHANGELOG src/OnnxIntervene.IR/Operators.txt

Only operators whose name occurs in the sources are written, and of each only the versions that differ from the one
before in what is checked. The operators of ONNX Runtime (Operators.Microsoft.txt) are kept by hand; a test compares
both files with what ONNX Runtime says.
"""

import pathlib
import re
import sys

KINDS = {
    "float": "float",
    "int": "int",
    "string": "string",
    "tensor": "tensor",
    "graph": "graph",
    "type_proto": "type",
    "sparse_tensor": "sparse_tensor",
    "list of floats": "floats",
    "list of ints": "ints",
    "list of strings": "strings",
}

# Attributes of whose numbers more is known than their kind.
NUMBERS = {
    ("Transpose", "perm"): "permutation",
    ("Conv", "group"): "count",
    ("ConvTranspose", "group"): "count",
    ("ConvInteger", "group"): "count",
    ("QLinearConv", "group"): "count",
    ("DepthToSpace", "blocksize"): "count",
    ("SpaceToDepth", "blocksize"): "count",
    ("GRU", "hidden_size"): "count",
    ("LSTM", "hidden_size"): "count",
    ("RNN", "hidden_size"): "count",
    ("Split", "num_outputs"): "count",
}

HEADER = """# The operators of standard ONNX that this library looks at; written by scripts/make-operator-schemas.py.
# NAME VERSION INPUTS -> OUTPUTS | ATTRIBUTES. A version holds until the next one of the same name.
# '?': may be left out; '+': one or more; '*': any number; '!': must be set.
# count: an integer above zero; heads: one of 1 to 65536; permutation: integers, each of 0 to n-1 once; widths: three
# integers above zero.
"""


def main(changelog, target):
    text = pathlib.Path(changelog).read_text(encoding="utf-8")
    text = text[: text.index("## Version 1 of the 'ai.onnx.preview' operator set")]
    known = names_in_sources()
    lines = []
    for name, versions in sorted(operators(text).items()):
        last = None
        for version, content in sorted(versions.items()):
            if name in known and content != last:
                lines.append(f"{name} {version} {content}")
            last = content
    pathlib.Path(target).write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


def names_in_sources():
    root = pathlib.Path(__file__).parent.parent / "src"
    files = [file for file in root.rglob("*.cs") if "obj" not in file.parts]
    return {name for file in files for name in re.findall(r'"([A-Z][A-Za-z0-9]+)"', file.read_text(encoding="utf-8"))}


def operators(text):
    found = {}
    pattern = r'^### <a name="([A-Za-z0-9_.]+)-(\d+)"></a>[^\n]*\n(.*?)(?=^### <a name|^# |^## |\Z)'
    for name, version, body in re.findall(pattern, text, re.S | re.M):
        if "." in name or not section(body, "Inputs") and not section(body, "Outputs"):
            continue
        inputs, outputs = (" ".join(formals(section(body, part))) for part in ("Inputs", "Outputs"))
        settings = " ".join(attributes(name, section(body, "Attributes")))
        content = f"{inputs} -> {outputs}" + (f" | {settings}" if settings else "")
        found.setdefault(name, {})[int(version)] = content.strip()
    return found


def section(body, heading):
    match = re.search(rf"^#### {heading}[^\n]*\n.*?(?=^#### |\Z)", body, re.S | re.M)
    return match.group(0) if match else ""


def formals(part):
    least = re.match(r"#### \w+ \((\d+) - ", part)
    for place, (name, quality) in enumerate(re.findall(r"<dt><tt>([^<]+)</tt>([^:\n]*?)\s*:\s*", part)):
        if "variadic" in quality:
            yield name + ("*" if least and int(least.group(1)) <= place else "+")
        else:
            yield name + ("?" if "optional" in quality else "")


def attributes(operator, part):
    pattern = r"<dt><tt>([^<]+)</tt>\s*:\s*([a-z_ ]+?)\s*(\(required\)|\(default[^\n]*\))?</dt>"
    for name, kind, quality in re.findall(pattern, part):
        needed = "!" if quality == "(required)" else ""
        yield f"{name}{needed}:{NUMBERS.get((operator, name), KINDS[kind])}"


main(*sys.argv[1:])
