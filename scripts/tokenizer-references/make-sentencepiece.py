"""Trains small SentencePiece models on the texts beside this file, and lets SentencePiece encode and decode with them.

    apt-get install python3-sentencepiece
    /usr/bin/python3 scripts/tokenizer-references/make-sentencepiece.py tests/references/tokenizers

Each folder gets tokenizer.model, the settings that transformers has beside one, and encodings.json. Special tokens are
cut out of a text as transformers' slow tokenizers do it (PreTrainedTokenizer.tokenize), and SentencePiece gets the rest.
"""
import contextlib
import json
import pathlib
import re
import sys
import tempfile

import sentencepiece

TEXTS = json.loads((pathlib.Path(__file__).parent / "texts.json").read_text(encoding="utf-8"))
SPECIAL = dict(lstrip=False, rstrip=False, normalized=False, single_word=False, special=True)
LLAMA = dict(unk_id=0, bos_id=1, eos_id=2, pad_id=-1, byte_fallback=True, remove_extra_whitespaces=False)
IDENTITY = dict(normalization_rule_name="identity")


def listed(tokens):
    return {str(id): dict(SPECIAL, content=content, **flags) for id, content, flags in tokens}


FAMILIES = {
    "pieces-llama": dict(
        train=dict(model_type="bpe", vocab_size=520, **LLAMA, **IDENTITY),
        config=dict(tokenizer_class="LlamaTokenizer", add_bos_token=True, add_eos_token=True),
        added=lambda size: [(0, "<unk>", {}), (1, "<s>", {}), (2, "</s>", {}), (size, "<|end|>", dict(rstrip=True))],
    ),
    "pieces-phi": dict(
        train=dict(model_type="bpe", vocab_size=520, **LLAMA, **IDENTITY),
        config=dict(tokenizer_class="LlamaTokenizer", add_bos_token=False, legacy=False),
        added=lambda size: [(0, "<unk>", {}), (1, "<s>", {}), (2, "</s>", {}), (size, "<mask>", dict(lstrip=True))],
        once=True,
    ),
    "pieces-gemma": dict(
        train=dict(
            model_type="bpe", vocab_size=540, pad_id=0, eos_id=1, bos_id=2, unk_id=3, bos_piece="<bos>", eos_piece="<eos>",
            byte_fallback=True, add_dummy_prefix=False, remove_extra_whitespaces=False, split_digits=True,
            user_defined_symbols=["<start>", "\n", "\n\n", "\u2581\u2581", "Eiffel"], **IDENTITY,
        ),
        config=dict(tokenizer_class="GemmaTokenizer"),
        added=lambda size: [(0, "<pad>", {}), (1, "<eos>", {}), (2, "<bos>", {}), (3, "<unk>", {})],
    ),
    "pieces-t5": dict(
        train=dict(
            model_type="unigram", vocab_size=300, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
            normalization_rule_name="nmt_nfkc", hard_vocab_limit=False,
        ),
        config=dict(tokenizer_class="T5Tokenizer", extra_ids=3),
        added=lambda size: [(0, "<pad>", {}), (1, "</s>", {}), (2, "<unk>", {})]
        + [(size + 2 - index, f"<extra_id_{index}>", dict(lstrip=True, rstrip=True)) for index in range(3)],
        unlisted=True, before=False, after=True,
    ),
    "pieces-unigram": dict(
        train=dict(
            model_type="unigram", vocab_size=560, unk_id=0, bos_id=1, eos_id=2, pad_id=-1, byte_fallback=True,
            user_defined_symbols=["quux", "Needle i"], control_symbols=["[INST]"], normalization_rule_name="nfkc",
            hard_vocab_limit=False,
        ),
        config=dict(),
        added=lambda size: [(0, "<unk>", {}), (1, "<s>", {}), (2, "</s>", {}), (3, "[INST]", {}), (size, "<pad>", {}),
                            (size + 1, "<|x|>", {})],
        unlisted=True,
        files={
            "special_tokens_map.json": lambda size: dict(pad_token="<pad>", eos_token=dict(SPECIAL, content="</s>"), additional_special_tokens=["<|x|>"]),
            "added_tokens.json": lambda size: {"<pad>": size},
        },
    ),
}


def trained(options):
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        lines = TEXTS["training"] + TEXTS["cases"][:3] + ["naïve café résumé Zürich Ab1 xyz JKQ VUWGLMR 0123456789 .,;:!?'"]
        pathlib.Path("texts.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        # A model keeps the names of these files, so they have no folder.
        sentencepiece.SentencePieceTrainer.train(
            input="texts.txt", model_prefix="tokenizer", minloglevel=2, num_threads=1, **options
        )
        return pathlib.Path("tokenizer.model").read_bytes()


def without_prefix(model):
    # normalizer_spec: the name, no map, remove_extra_whitespaces false; and then add_dummy_prefix false.
    own, other = b"\x1a\x0e\n\x08identity\x12\x00\x20\x00", b"\x1a\x10\n\x08identity\x12\x00\x18\x00\x20\x00"
    assert model.count(own) == 1
    return model.replace(own, other)


def segments(text, added):
    """Texts and the added tokens between them, which take the white space that they say."""
    pattern = "|".join(re.escape(content) for content in sorted(added, key=len, reverse=True))
    parts = re.split(f"({pattern})", text)
    for index in range(1, len(parts), 2):
        flags = added[parts[index]][1]
        if flags.get("lstrip"):
            parts[index - 1] = parts[index - 1].rstrip()
        if flags.get("rstrip"):
            parts[index + 1] = parts[index + 1].lstrip()
    return parts


def write(folder, family):
    model = trained(family["train"])
    whole = sentencepiece.SentencePieceProcessor(model_proto=model)
    rest = sentencepiece.SentencePieceProcessor(model_proto=without_prefix(model)) if family.get("once") else whole
    size = whole.get_piece_size()
    tokens = family["added"](size)
    added = {content: (id, flags) for id, content, flags in tokens}
    special = {id for id, _, _ in tokens}
    (folder / "tokenizer.model").write_bytes(model)
    config = dict(family["config"], **({} if family.get("unlisted") else dict(added_tokens_decoder=listed(tokens))))
    if config:
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    for name, content in family.get("files", {}).items():
        (folder / name).write_text(json.dumps(content(size)) + "\n", encoding="utf-8")

    def encode(text):
        ids = []
        for index, part in enumerate(segments(text, added)):
            if index % 2:
                ids.append(added[part][0])
            elif part:
                ids += (whole if index == 0 else rest).encode(part)
        return ids

    def decode(ids):
        if not special.intersection(ids):
            return whole.decode(ids)
        names = {id: content for id, content, _ in tokens}
        text = b"".join(spelled(id, names) for id in ids).decode("utf-8", "strict").replace("\u2581", " ")
        is_stripped = family["train"].get("add_dummy_prefix", True)
        collapses = family["train"].get("remove_extra_whitespaces", True)
        return text.lstrip(" ") if collapses else text[1:] if is_stripped and text[:1] == " " else text

    def spelled(id, names):
        piece = names.get(id) or whole.id_to_piece(id)
        return bytes([int(piece[3:5], 16)]) if id < size and whole.is_byte(id) else piece.encode("utf-8")

    before = [whole.bos_id()] if family.get("before", True) and config.get("add_bos_token", True) else []
    after = [whole.eos_id()] if family.get("after", config.get("add_eos_token", False)) else []
    rows = []
    for text in [*TEXTS["cases"], *(f"x {token} y{token}" for token in added), "a\n\nb <start> c   d▁e  "]:
        ids = encode(text)
        row = dict(text=text, ids=ids, with_special=before + ids + after)
        if re.fullmatch(r"(?! )(?!.*  )[ -~]+(?<! )", text) and not special.intersection(ids):
            spans = [(piece.begin, piece.end) for piece in whole.encode(text, out_type="immutable_proto").pieces]
            if all(end > begin for begin, end in spans):
                row["offsets"] = [(0, 0) for _ in before] + spans + [(0, 0) for _ in after]
        row["decoded"] = decode(ids)
        row["skipped"] = whole.decode([id for id in ids if id not in special])
        rows.append(row)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    head = f'"version":1,"tokenizer":"{folder.name}","note":"SentencePiece {sentencepiece.__version__}"'
    (folder / "encodings.json").write_text("{" + head + ',"cases":[\n' + lines + "\n]}\n", encoding="utf-8")


for name, family in FAMILIES.items():
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, family)
