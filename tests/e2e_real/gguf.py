"""A model of half a megabyte with random weights, which ollama loads and answers with. Needs Python alone.

usage: gguf.py FILE SEED CONTEXT

The layout is GGUF's, version 3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Tried with ollama 0.5.11 and
0.17.4, and with llama.cpp b11434.
"""

from __future__ import annotations

import random
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WIDTH, INNER, HEADS, LAYERS, CONTEXT = 64, 128, 4, 2, 256
ALIGN = 32
UNKNOWN, CONTROL, NORMAL, BYTE = 2, 3, 1, 6  # kinds of tokens
CODES = {"I": 4, "i": 5, "f": 6}  # struct's letter -> GGUF's type; text is 8, a list 9


def tiny(seed: int, context: int = CONTEXT) -> bytes:
    """The model's file. Other seeds make other weights, the same seed the same file."""
    chance = random.Random(seed)
    header, content = [], bytearray()
    for name, shape in _tensors():
        values = _values(chance, shape)
        if name == "output.weight":
            silent = WIDTH * sum(kind != NORMAL for *_, kind in _tokens())
            values[:silent] = array("f", bytes(4 * silent))  # so that it only ever says what can be printed
        header.append(_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(content)))
        content += values.tobytes()
        content += bytes(-len(content) % ALIGN)
    about = _about(context)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(header), len(about)) + b"".join((*about, *header))
    return head + bytes(-len(head) % ALIGN) + bytes(content)


def _tensors() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes, the quickest dimension first."""
    words = len(_tokens())
    yield from (("token_embd.weight", (WIDTH, words)), ("output_norm.weight", (WIDTH,)))
    yield "output.weight", (WIDTH, words)
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{name}.weight", (WIDTH,)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", (WIDTH, WIDTH)
        for name, shape in (("gate", (WIDTH, INNER)), ("up", (WIDTH, INNER)), ("down", (INNER, WIDTH))):
            yield f"blk.{layer}.ffn_{name}.weight", shape


def _values(chance: random.Random, shape: tuple[int, ...]) -> array[float]:
    if len(shape) == 1:
        return array("f", [1.0]) * shape[0]
    return array("f", (chance.gauss(0, 0.05) for _ in range(shape[0] * shape[1])))


def _tokens() -> list[tuple[str, float, int]]:
    """Text, score and kind of every token."""
    controls = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
    words = [
        "\u2581",
        *map(chr, range(33, 127)),
        *(f"\u2581{word}" for word in ("the", "a", "model", "hello", "world")),
    ]
    return [
        *controls,
        *((f"<0x{n:02X}>", 0.0, BYTE) for n in range(256)),
        *((word, -float(n), NORMAL) for n, word in enumerate(words, 1)),
    ]


def _about(context: int) -> list[bytes]:
    """What the file says of the model."""
    texts, scores, kinds = zip(*_tokens(), strict=True)
    numbers = {
        "context_length": context,
        "embedding_length": WIDTH,
        "block_count": LAYERS,
        "feed_forward_length": INNER,
        "attention.head_count": HEADS,
        "attention.head_count_kv": HEADS,
        "rope.dimension_count": WIDTH // HEADS,
        "vocab_size": len(texts),
    }
    return [
        _entry("general.architecture", "llama"),
        *(_number(f"llama.{key}", "I", value) for key, value in numbers.items()),
        _number("llama.attention.layer_norm_rms_epsilon", "f", 1e-5),
        _entry("tokenizer.ggml.model", "llama"),
        _list("tokenizer.ggml.tokens", 8, b"".join(map(_text, texts)), len(texts)),
        _list("tokenizer.ggml.scores", CODES["f"], struct.pack(f"<{len(scores)}f", *scores), len(scores)),
        _list("tokenizer.ggml.token_type", CODES["i"], struct.pack(f"<{len(kinds)}i", *kinds), len(kinds)),
        *(_number(f"tokenizer.ggml.{key}_token_id", "I", n) for n, key in enumerate(("unknown", "bos", "eos"))),
    ]


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _entry(key: str, text: str) -> bytes:
    return _text(key) + struct.pack("<I", 8) + _text(text)


def _number(key: str, letter: str, value: Any) -> bytes:
    return _text(key) + struct.pack(f"<I{letter}", CODES[letter], value)


def _list(key: str, code: int, items: bytes, length: int) -> bytes:
    return _text(key) + struct.pack("<IIQ", 9, code, length) + items


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.write_bytes(tiny(int(sys.argv[2]), int(sys.argv[3])))
    path.chmod(0o644)
