"""Writes small tokenizers in the layouts of model families, with vocabularies counted from the texts beside this file.

    python3 scripts/tokenizer-references/make-tokenizers.py tests/references/tokenizers
    npm install tokenizers@0.23.2
    node scripts/tokenizer-references/encode.mjs tests/references/tokenizers

The second program lets Hugging Face's own library encode and decode the texts with them.
"""
import base64
import json
import math
import pathlib
import re
import struct
import sys
import unicodedata
from collections import Counter

TEXTS = json.loads((pathlib.Path(__file__).parent / "texts.json").read_text(encoding="utf-8"))
WORDS = TEXTS["training"] + TEXTS["cases"]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_characters():
    codes = [*range(33, 127), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {code: chr(code) for code in codes}
    for code in range(256):
        if code not in table:
            table[code] = chr(0x100 + len(table) - len(codes))
    return [table[code] for code in range(256)]


BYTES = byte_characters()


def spell(text):
    return "".join(BYTES[code] for code in text.encode("utf-8"))


def byte_pairs(words, alphabet, count):
    """Merges by how often they stand in words, and the tokens that they make."""
    words = Counter(tuple(word) for word in words if word)
    tokens, merges = list(alphabet), []
    while len(merges) < count:
        pairs = Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        if best[0] + best[1] not in tokens:
            tokens.append(best[0] + best[1])
        merges.append(list(best))
        merged = Counter()
        for word, times in words.items():
            out, index = [], 0
            while index < len(word):
                if word[index : index + 2] == best:
                    out.append(best[0] + best[1])
                    index += 2
                else:
                    out.append(word[index])
                    index += 1
            merged[tuple(out)] += times
        words = merged
    return tokens, merges


def added(tokens, first, **flags):
    usual = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return [dict(usual, id=first + index, content=token, **flags) for index, token in enumerate(tokens)]


def template(before, after, ids):
    single = [{"SpecialToken": {"id": token, "type_id": 0}} for token in before]
    single += [{"Sequence": {"id": "A", "type_id": 0}}]
    single += [{"SpecialToken": {"id": token, "type_id": 0}} for token in after]
    special = {token: {"id": token, "ids": [ids[token]], "tokens": [token]} for token in before + after}
    return {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": special}


def whole(model, **parts):
    usual = dict(version="1.0", truncation=None, padding=None, added_tokens=[], normalizer=None)
    usual |= dict(pre_tokenizer=None, post_processor=None, decoder=None)
    return usual | parts | {"model": model}


def bpe(tokens, merges, **options):
    usual = dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None)
    usual |= dict(fuse_unk=False, byte_fallback=False, ignore_merges=False)
    return usual | options | dict(vocab={token: index for index, token in enumerate(tokens)}, merges=merges)


LEVEL = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=False)


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def level_words():
    words = [piece for text in WORDS for piece in re.findall(r" ?[^\W\d_]+|\d{1,3}| ?[^\w\s]+|\s+", text)]
    return [spell(word) for word in words]


def byte_level(special, pattern, merges=260, digits=None, **options):
    tokens, pairs = byte_pairs(level_words(), BYTES, merges)
    steps = ([digits] if digits else []) + [split(pattern), LEVEL]
    first = len(tokens)
    ids = {token: first + index for index, token in enumerate(special)}
    before = options.pop("before", [])
    processors = [dict(LEVEL, trim_offsets=False)] + ([template(before, [], ids)] if before else [])
    parts = dict(options.pop("parts", {}))
    return whole(
        bpe(tokens, pairs, **options),
        added_tokens=added(special, first),
        pre_tokenizer=dict(type="Sequence", pretokenizers=steps),
        post_processor=dict(type="Sequence", processors=processors),
        decoder=LEVEL,
        **parts,
    )


def marked_words():
    return ["▁" + word for text in WORDS for word in text.replace("\n", " ").split(" ") if word.isprintable()]


def byte_fallback(special, normalizer, splitter, decoder, before):
    words = marked_words()
    letters = sorted({letter for word in words for letter in word if ord(letter) < 0x250 or letter == "▁"})
    tokens = special + [f"<0x{code:02X}>" for code in range(256)]
    _, pairs = byte_pairs([word for word in words if all(letter in letters for letter in word)], letters, 260)
    tokens += [left + right for left, right in pairs if left + right not in tokens] + letters
    tokens = list(dict.fromkeys(tokens))
    ids = {token: index for index, token in enumerate(special)}
    return whole(
        bpe(tokens, pairs, unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        added_tokens=added(special, 0),
        normalizer=normalizer,
        pre_tokenizer=splitter,
        post_processor=template(before, [], ids),
        decoder=dict(type="Sequence", decoders=decoder),
    )


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def character_map(entries):
    """SentencePiece's precompiled map: a double array as darts-clone lays it out, and texts."""
    texts, trie = b"", {}
    for key, value in entries.items():
        node = trie
        for code in key.encode("utf-8"):
            node = node.setdefault(code, {})
        node[None] = len(texts)
        texts += value.encode("utf-8") + b"\0"
    units, used = [0] * 0x4000, {0}

    def place(node, index):
        labels = [0 if code is None else code for code in node]
        base = next(
            base for base in range(1, 0x3000)
            if all((base ^ label) not in used for label in labels) and (base ^ index) < 1 << 21 and base not in used
        )
        used.add(base)
        for label in labels:
            used.add(base ^ label)
        units[index] |= (base ^ index) << 10 | (0x100 if None in node else 0)
        if None in node:
            units[base] = node[None] | 1 << 31
        for code, child in node.items():
            if code is not None:
                units[base ^ code] |= code
                place(child, base ^ code)

    place(trie, 0)
    size = max(used) + 256
    return base64.b64encode(struct.pack("<I", 4 * size) + struct.pack(f"<{size}I", *units[:size]) + texts).decode()


MAP = character_map(
    {"ﬁ": "fi", "ﬀ": "ff", "\u00a0": " ", "\u2009": " ", "\u200b": " ", "\t": " ", "\n": " ", "\r": " ", "Ａ": "A",
     "Ｂ": "B", "Ｃ": "C", "e\u0301": "é", "a\u0301": "á", "e\u0308": "ë", "…": "...", "！": "!", "，": ",", "\ufeff": ""}
)


def unigram(special, before, after, normalizer, splitter, lower=False, **options):
    words = [unicodedata.normalize("NFKC", word) for word in marked_words()]
    counts = Counter()
    for word in words:
        word = word.lower() if lower else word
        for start in range(len(word)):
            for end in range(start + 1, min(len(word), start + 8) + 1):
                counts[word[start:end]] += 1
    letters = [piece for piece in counts if len(piece) == 1 and ord(piece) < 0x3000]
    pieces = [piece for piece, count in counts.most_common() if count > 1 and len(piece) > 1][:400]
    total = sum(counts[piece] for piece in letters + pieces)
    vocabulary = [[token, 0.0] for token in special]
    if options.get("byte_fallback"):
        vocabulary += [[f"<0x{code:02X}>", 0.0] for code in range(256)]
    vocabulary += [[piece, round(math.log(counts[piece] * len(piece) / total), 6)] for piece in pieces + letters]
    ids = {token: index for index, token in enumerate(special)}
    return whole(
        dict(type="Unigram", unk_id=special.index("<unk>"), vocab=vocabulary, byte_fallback=False) | options,
        added_tokens=added([token for token in special if token != "<mask>"], 0)
        + [dict(token, id=ids["<mask>"], lstrip=True) for token in added(["<mask>"], 0) if "<mask>" in ids],
        normalizer=normalizer,
        pre_tokenizer=splitter,
        post_processor=template(before, after, ids),
        decoder=dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True),
    )


METASPACE = dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True)
OLD_METASPACE = dict(type="Metaspace", replacement="▁", add_prefix_space=True)
FALLBACK = [replace("▁", " "), dict(type="ByteFallback"), dict(type="Fuse")]
STRIP = dict(type="Strip", content=" ", start=1, stop=0)
PRECOMPILED = dict(type="Precompiled", precompiled_charsmap=MAP)


def roberta():
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokens, pairs = byte_pairs(level_words(), BYTES, 200)
    tokens = special + tokens
    return whole(
        bpe(tokens, pairs, continuing_subword_prefix="", end_of_word_suffix=""),
        added_tokens=added(special[:4], 0) + [dict(added(["<mask>"], 4)[0], lstrip=True)],
        pre_tokenizer=dict(LEVEL, add_prefix_space=True, use_regex=True),
        post_processor=dict(type="RobertaProcessing", sep=["</s>", 2], cls=["<s>", 0], trim_offsets=False, add_prefix_space=True),
        decoder=LEVEL,
    )


def words():
    vocabulary = ["[UNK]", *sorted({word.lower() for text in WORDS for word in re.findall(r"\w+|[^\w\s]", text)} - {"quux"})]
    model = dict(type="WordLevel", unk_token="[UNK]", vocab={word: index for index, word in enumerate(vocabulary)})
    steps = [dict(type="Whitespace"), dict(type="Digits", individual_digits=False), dict(type="Punctuation", behavior="Isolated")]
    return whole(
        model,
        added_tokens=added(["[UNK]"], 0) + added(["quux"], len(vocabulary), special=False, normalized=True, single_word=True),
        normalizer=dict(type="Sequence", normalizers=[dict(type="NFKC"), dict(type="Strip", strip_left=True, strip_right=True), dict(type="Lowercase")]),
        pre_tokenizer=dict(type="Sequence", pretokenizers=steps),
    )


FAMILIES = {
    "llama3": lambda: byte_level(
        ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"], LLAMA3, before=["<|begin_of_text|>"], ignore_merges=True
    ),
    "qwen2": lambda: byte_level(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], QWEN, parts=dict(normalizer=dict(type="NFC"))
    ),
    "o200k": lambda: byte_level(["<|endoftext|>"], O200K, 200),
    "deepseek": lambda: byte_level(
        ["<｜begin▁of▁sentence｜>", "<｜User｜>"], r"\s?[^\W\d_]+|\s?[!-/:-~！-／：-～‘-‟　-。]+|\s+$|[一-龥ࠀ-一가-퟿]+", 200,
        digits=dict(type="Digits", individual_digits=True), before=["<｜begin▁of▁sentence｜>"],
    ),
    # Numbers in groups of three from the right: a match of nothing cuts the text.
    "thousands": lambda: byte_level(
        ["<|endoftext|>"], GPT2, 120, digits=split(r"(?=(\d{3})+(?!\d))")
    ),
    # What belongs to words, and where they end.
    "word-class": lambda: byte_level(
        ["<|endoftext|>"], r"\b\d+\b|[^\W\d_]+|\w+| ?[\W_]+?(?=\w|$)", 120, digits=split(r"\B(?=[\u0900-\u097f])")
    ),
    "roberta": roberta,
    "llama2": lambda: byte_fallback(
        ["<unk>", "<s>", "</s>"],
        dict(type="Sequence", normalizers=[dict(type="Prepend", prepend="▁"), replace(" ", "▁")]), None,
        FALLBACK + [STRIP], ["<s>"],
    ),
    "mistral": lambda: byte_fallback(
        ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"], None,
        dict(type="Metaspace", replacement="▁", prepend_scheme="first", split=False), FALLBACK + [STRIP], ["<s>"],
    ),
    "gemma": lambda: byte_fallback(
        ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"], replace(" ", "▁"),
        {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}, FALLBACK, ["<bos>"],
    ),
    "t5": lambda: unigram(
        ["<pad>", "</s>", "<unk>"], [], ["</s>"],
        dict(type="Sequence", normalizers=[PRECOMPILED, dict(type="Strip", strip_left=False, strip_right=True), replace(" {2,}", "▁", "Regex")]),
        METASPACE,
    ),
    "xlm-roberta": lambda: unigram(
        ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], ["<s>"], ["</s>"], PRECOMPILED,
        dict(type="Sequence", pretokenizers=[dict(type="WhitespaceSplit"), OLD_METASPACE]),
    ),
    "albert": lambda: unigram(
        ["<pad>", "<unk>", "[CLS]", "[SEP]"], ["[CLS]"], ["[SEP]"],
        dict(type="Sequence", normalizers=[replace("``", '"'), dict(type="NFKD"), dict(type="StripAccents"), dict(type="Lowercase"), PRECOMPILED, dict(type="Nmt")]),
        METASPACE, lower=True, byte_fallback=True,
    ),
    "words": words,
}

for name, make in FAMILIES.items():
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(make(), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
