"""What a model needs, from its config.json as Hugging Face's libraries write it.

The size of the weights is that of model.safetensors.index.json next to it, or is counted from the layers that the
configuration describes. A configuration whose layers are not of the usual form gives no size: a wrong one would be
worse than none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..problem import fault
from ..reading import jsontext

MIB = 2**20
BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0}
# Bits of one parameter by the method of quantization_config, where it does not say; with the scales of the groups.
BITS = {"fp8": 8.0, "mxfp4": 4.25, "compressed-tensors": 8.0, "modelopt": 4.5}
# Whose output layer is the embeddings unless the configuration says otherwise: the default of transformers for them.
TIED = {"gemma", "gemma2", "gemma3_text", "cohere", "cohere2"}
# Models whose layers are attention, a gated MLP or experts, and norms: their parameters can be counted.
COUNTED = {
    "cohere", "deepseek_v2", "deepseek_v3", "deepseek_v32", "exaone", "gemma", "gemma2", "gemma3_text", "glm", "glm4",
    "glm4_moe", "glm_moe_dsa", "gpt_oss", "granite", "internlm2", "internlm3", "kimi_k2", "llama", "minimax_m2",
    "mistral", "mixtral", "olmo2", "phi3", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3",
}  # fmt: skip

# What is counted with. A group of -1 is the whole row.
GROUPS = ("group_size", "q_group_size")
LARGEST = 10**15
COUNTED_WITH = {
    "bits", "first_k_dense_replace", "full_attention_interval", "group_size", "head_dim", "hidden_size",
    "intermediate_size", "kv_lora_rank", "max_position_embeddings", "max_sequence_length", "moe_intermediate_size",
    "n_routed_experts", "n_shared_experts", "num_attention_heads", "num_experts", "num_hidden_layers",
    "num_key_value_heads", "num_local_experts", "num_nextn_predict_layers", "q_group_size", "q_lora_rank",
    "qk_nope_head_dim", "qk_rope_head_dim", "shared_expert_intermediate_size", "v_head_dim", "vocab_size", "w_bit",
}  # fmt: skip
LISTED = {"layer_types", "layers_block_type"}


@dataclass(frozen=True)
class Row:
    """What one model needs, as a row of the catalogue. `weightsMiB` is 0 where it cannot be counted.

    `parametersM`, `wideM` and `expertsM` are millions: all parameters; those that a quantised variant leaves as they
    are, which are the embeddings and the output layer; and those of the experts, without shared ones.
    """

    weightsMiB: int
    kvKiBPerToken: float
    context: int
    parametersM: int
    wideM: int
    expertsM: int
    dtype: str
    quantization: str
    heads: int
    kvHeads: int

    def values(self) -> list[str]:
        """The values that describe it to the chart, as KEY=VALUE."""
        size = [f"model.weightsSize={self.weightsMiB}Mi"] if self.weightsMiB else []
        return [*size, f"model.kvCachePerToken={self.kvKiBPerToken:g}Ki"]


def read(file: Path) -> Row:
    """The row of a config.json, or of the folder that holds it; Faults where it is not the configuration of a model."""
    file = file / "config.json" if file.is_dir() else file
    remedy = "name the config.json of a language model, as Hugging Face's libraries write it"
    config = jsontext.read(file, "name the config.json of a model")
    if not isinstance(config, dict):
        raise fault(file, "is not the configuration of a model", "name the config.json of a model")
    index, total = file.with_name("model.safetensors.index.json"), 0
    if index.is_file():
        total = _size(jsontext.read(index, "download it again, or remove it"), index)
    try:
        return row(config, total)
    except KeyError as error:
        raise fault(file, f"has no usable value for {error}", remedy) from None
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise fault(file, f"cannot be read as a model: {error}", remedy) from None


def _size(index: Any, file: Path) -> int:
    """The bytes of all files of weights, as an index of them says; 0 where it does not."""
    metadata = index.get("metadata") if isinstance(index, dict) else None
    found = metadata.get("total_size", 0) if isinstance(metadata, dict) else None
    if not _countable(found):
        raise fault(file, "is not an index of safetensors files", "download it again, or remove it")
    return int(found)


def _countable(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= LARGEST


def _checked(block: Any, what: str) -> dict[str, Any]:
    """A block of a configuration, in which all that is counted with are numbers; ValueError where it is not."""
    if not isinstance(block, dict):
        raise ValueError(f"{what} is not a map")
    for key, value in block.items():
        fine = _countable(value) or (value == -1 and key in GROUPS)
        if key in COUNTED_WITH and value is not None and not fine:
            raise ValueError(f"{key} is not a number from 0 to {LARGEST}")
        if key in LISTED and value is not None and not (isinstance(value, list) and all(map(_is_text, value))):
            raise ValueError(f"{key} is not a list of texts")
    return block


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def row(config: dict[str, Any], total: int = 0) -> Row:
    """The row of a configuration; `total` is the size of the weights in bytes, where that is known."""
    name = next((key for key in ("text_config", "llm_config") if config.get(key)), "")
    text = _checked(config[name] if name else config, name or "the file")
    layers, heads = text["num_hidden_layers"], text["num_attention_heads"]
    kv_heads = text.get("num_key_value_heads") or heads
    size = text.get("head_dim") or text["hidden_size"] // heads
    latent = text.get("kv_lora_rank")
    each = latent + text["qk_rope_head_dim"] if latent else 2 * kv_heads * size
    dtype = _dtype(config, text)
    quantization = _quantization(config, text)
    parameters, wide, experts = _parameters(text, size, kv_heads)
    if config.get("model_type") not in COUNTED or "vision_config" in config:
        parameters = experts = 0
    if quantization[0] == "mxfp4":  # the experts alone
        wide += layers * _attention(text, size, kv_heads, text["hidden_size"], heads)
    bits = quantization[1] or 8 * BYTES[dtype]
    counted = (parameters - wide) * bits / 8 + wide * BYTES[dtype] if parameters else 0
    return Row(
        weightsMiB=round((total or counted) / MIB),
        kvKiBPerToken=round(_cached(text, layers) * each * 2 / 1024, 2),
        context=int(text.get("max_position_embeddings") or text.get("max_sequence_length") or 0),
        parametersM=round(parameters / 1e6),
        wideM=round(wide / 1e6),
        expertsM=round(experts / 1e6),
        dtype=dtype,
        quantization=quantization[0],
        heads=heads,
        kvHeads=1 if latent else kv_heads,
    )


def _dtype(config: dict[str, Any], text: dict[str, Any]) -> str:
    found = str(text.get("torch_dtype") or text.get("dtype") or config.get("torch_dtype") or config.get("dtype") or "")
    found = found.removeprefix("torch.")
    return found if found in BYTES else "bfloat16"


def _quantization(config: dict[str, Any], text: dict[str, Any]) -> tuple[str, float]:
    """The method, and the bits of a parameter with the scales and zeros of its group; ("", 0) for none."""
    given = _checked(config.get("quantization_config") or text.get("quantization_config") or {}, "quantization_config")
    method = str(given.get("quant_method", ""))
    if not method:
        return "", 0.0
    bits = given.get("bits") or given.get("w_bit") or (4 if given.get("load_in_4bit") else 0)
    if bits:
        group = given.get("group_size") or given.get("q_group_size") or 128
        return method, bits + (20 / group if group > 0 else 0)
    return method, BITS.get(method, 8.0)


def _cached(text: dict[str, Any], layers: int) -> int:
    """How many layers keep keys and values; one with a window counts as if it kept all, which is an upper bound."""
    if kinds := text.get("layer_types") or text.get("layers_block_type"):
        return sum("attention" in kind and "linear" not in kind for kind in kinds)
    if pattern := text.get("hybrid_override_pattern"):
        return str(pattern).count("*")
    if every := text.get("full_attention_interval"):
        return int(layers) // int(every)
    return int(layers)


def _parameters(text: dict[str, Any], size: int, kv_heads: int) -> tuple[int, int, int]:
    """All parameters, those of the embeddings and the output layer, and those of the experts, without shared ones."""
    width, layers, heads = text["hidden_size"], text["num_hidden_layers"], text["num_attention_heads"]
    wide = text["vocab_size"] * width * (1 if text.get("tie_word_embeddings", text.get("model_type") in TIED) else 2)
    experts = text.get("num_experts") or text.get("n_routed_experts") or text.get("num_local_experts") or 0
    dense = int(text.get("first_k_dense_replace") or 0) if experts else layers
    each = _attention(text, size, kv_heads, width, heads) + 2 * width
    layers += int(text.get("num_nextn_predict_layers") or 0)  # the layer that predicts further tokens
    narrow = layers * each + dense * 3 * width * text.get("intermediate_size", 0)
    routed = 0
    if experts:
        inner = text.get("moe_intermediate_size") or text["intermediate_size"]
        shared = (text.get("n_shared_experts") or 0) * inner + (text.get("shared_expert_intermediate_size") or 0)
        routed = (layers - dense) * experts * 3 * width * inner
        narrow += routed + (layers - dense) * (experts * width + 3 * width * shared)
    return math.floor(narrow + wide + width), wide, math.floor(routed)


def _attention(text: dict[str, Any], size: int, kv_heads: int, width: int, heads: int) -> int:
    if rank := text.get("kv_lora_rank"):
        keys = text["qk_nope_head_dim"] + text["qk_rope_head_dim"]
        low = text.get("q_lora_rank")
        queries = low * (width + heads * keys) if low else width * heads * keys
        values = rank * heads * (text["qk_nope_head_dim"] + text["v_head_dim"])
        return int(queries + width * (rank + text["qk_rope_head_dim"]) + values + heads * text["v_head_dim"] * width)
    return int(width * size * (2 * heads + 2 * kv_heads))
