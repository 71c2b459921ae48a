"""A Qwen2 model of a few hundred kilobytes with random weights, as Hugging Face lays one out. Needs Python alone.

usage: hf.py FOLDER SEED

With it comes a LoRA adapter, in the folder `adapter`. Tried with vLLM 0.32 on CPUs, which refuses heads of fewer than
64 numbers, at the first question only.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WIDTH, INNER, HEADS, LAYERS, CONTEXT, WORDS, RANK = 128, 256, 2, 4, 4096, 320, 8
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
PARTS = {"q_proj": WIDTH, "k_proj": WIDTH, "v_proj": WIDTH}  # of the attention, those with a bias
Tensor = tuple[tuple[int, ...], array]


def write(folder: Path, seed: int) -> None:
    """The model's files, readable by all."""
    chance = random.Random(seed)
    _put(folder / "config.json", _config())
    _put(folder / "generation_config.json", {"bos_token_id": 0, "eos_token_id": 2})
    _put(folder / "tokenizer.json", _tokenizer())
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": SPECIAL[2], "pad_token": SPECIAL[0]}
    _put(folder / "tokenizer_config.json", about | {"model_max_length": CONTEXT, "chat_template": CHAT})
    _put(folder / "model.safetensors", safetensors(dict(_weights(chance))))
    _put(folder / "adapter/adapter_config.json", _adapter())
    _put(folder / "adapter/adapter_model.safetensors", safetensors(dict(_changes(chance))))


def safetensors(tensors: dict[str, Tensor]) -> bytes:
    """Tensors in the format safetensors: a header of JSON with its length, then the numbers."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    content = bytearray()
    for name, (shape, numbers) in tensors.items():
        start = len(content)
        content += numbers.tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, len(content)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(content)


def words() -> list[str]:
    """The tokens: three that control, a character for each byte, and some that only the model says."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in own]
    letters = [chr(byte) for byte in own] + [chr(256 + n) for n in range(len(others))]
    return [*SPECIAL, *letters, *(f"w{n}" for n in range(WORDS - len(SPECIAL) - len(letters)))]


def _weights(chance: random.Random) -> Iterator[tuple[str, Tensor]]:
    # What can be printed is said far more often than the rest.
    rows = [array("f", (chance.gauss(0, 0.5 if _prints(word) else 0.005) for _ in range(WIDTH))) for word in words()]
    yield "model.embed_tokens.weight", ((WORDS, WIDTH), sum(rows, array("f")))
    yield "model.norm.weight", _ones()
    for layer in range(LAYERS):
        name = f"model.layers.{layer}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{name}.{norm}.weight", _ones()
        for part, size in PARTS.items():
            yield f"{name}.self_attn.{part}.weight", _random(chance, size, WIDTH)
            yield f"{name}.self_attn.{part}.bias", _random(chance, size)
        yield f"{name}.self_attn.o_proj.weight", _random(chance, WIDTH, WIDTH)
        for part, shape in {"gate": (INNER, WIDTH), "up": (INNER, WIDTH), "down": (WIDTH, INNER)}.items():
            yield f"{name}.mlp.{part}_proj.weight", _random(chance, *shape)


def _changes(chance: random.Random) -> Iterator[tuple[str, Tensor]]:
    """The adapter, strong enough to change what the model says."""
    for layer in range(LAYERS):
        for part, size in PARTS.items():
            name = f"base_model.model.model.layers.{layer}.self_attn.{part}"
            yield f"{name}.lora_A.weight", _random(chance, RANK, WIDTH, spread=0.5)
            yield f"{name}.lora_B.weight", _random(chance, size, RANK, spread=0.5)


def _random(chance: random.Random, *shape: int, spread: float = 0.05) -> Tensor:
    count = shape[0] * (shape[1] if len(shape) > 1 else 1)
    return shape, array("f", (chance.gauss(0, spread) for _ in range(count)))


def _ones() -> Tensor:
    return (WIDTH,), array("f", [1.0]) * WIDTH


def _prints(word: str) -> bool:
    return word not in SPECIAL and word.isascii()


def _config() -> dict[str, Any]:
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "vocab_size": WORDS,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "bos_token_id": 0,
        "eos_token_id": 2,
        "use_sliding_window": False,
    }


def _tokenizer() -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    bytewise = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    vocabulary = {word: n for n, word in enumerate(words())}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": n, "content": word, **plain} for n, word in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": bytewise,
        "post_processor": None,
        "decoder": bytewise,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }


def _adapter() -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny",
        "r": RANK,
        "lora_alpha": 2 * RANK,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": list(PARTS),
        "inference_mode": True,
    }


def _put(path: Path, content: bytes | dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    path.chmod(0o644)
    path.parent.chmod(0o755)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
