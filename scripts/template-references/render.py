"""Writes what Jinja makes of the templates beside the conversations, with the settings of Hugging Face's transformers.

    pip install jinja2==3.1.6
    python3 scripts/template-references/render.py tests/references/templates

A folder has TEMPLATE.jinja files and conversations.json; rendered.json gets a row for each template and conversation:
the text, or the message with which the template refuses the conversation ("refused"), or "fault" for a fault of types.
"""
import datetime
import json
import pathlib
import sys

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


class Refused(Exception):
    pass


def refuse(message):
    raise Refused(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = refuse
environment.globals["strftime_now"] = lambda text: datetime.datetime(2024, 7, 4, 15, 6, 7).strftime(text)

folder = pathlib.Path(sys.argv[1])
conversations = json.loads((folder / "conversations.json").read_text(encoding="utf-8"))
rows = []
for path in sorted(folder.glob("*.jinja")):
    template = environment.from_string(path.read_text(encoding="utf-8"))
    for name, given in conversations.items():
        variables = {"tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>", **given}
        row = {"template": path.name, "conversation": name}
        try:
            row["text"] = template.render(**variables)
        except Refused as refusal:
            row["refused"] = str(refusal)
        except (jinja2.TemplateError, TypeError) as fault:
            row["fault"] = str(fault)
        rows.append(row)
lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
(folder / "rendered.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
