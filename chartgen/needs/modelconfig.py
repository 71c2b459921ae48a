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
# Names of a quantization that has another name, or a number of bits that its configuration does not say.
FORMATS = {"fbgemm_fp8": "fp8", "nvfp4-pack-quantized": "nvfp4", "mxfp4-pack-quantized": "mxfp4"}
# Bits of one parameter, with the scales of the groups.
BITS = {"fp8": 8.0, "int8": 8.0, "nvfp4": 4.5, "mxfp4": 4.25}
# Every how many layers one keeps the whole context, where the configuration does not say: the default of transformers.
PATTERNS = {"gemma2": 2, "gemma3_text": 6, "cohere2": 4}
# Whose output layer is the embeddings unless the configuration says otherwise: the default of transformers for them.
TIED = {"gemma", "gemma2", "gemma3_text", "cohere", "cohere2"}
# Models whose layers are attention, a gated MLP or experts, and norms: their parameters can be counted.
COUNTED = {
    "cohere", "deepseek_v2", "deepseek_v3", "deepseek_v32", "exaone", "gemma", "gemma2", "gemma3_text", "glm", "glm4",
    "glm4_moe", "glm_moe_dsa", "gpt_oss", "granite", "internlm2", "internlm3", "kimi_k2", "llama", "minimax_m2",
    "mistral", "mixtral", "olmo2", "phi3", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3",
}  # fmt: skip

# The same with a vision encoder.
VISION = {"qwen3_vl", "qwen3_vl_moe"}

# What is counted with. A group of -1 is the whole row.
GROUPS = ("group_size", "q_group_size")
LARGEST = 10**15
COUNTED_WITH = {
    "bits", "depth", "first_k_dense_replace", "full_attention_interval", "global_head_dim", "group_size", "head_dim",
    "hidden_size", "in_channels", "index_head_dim", "intermediate_size", "kv_lora_rank", "max_position_embeddings",
    "max_sequence_length", "moe_intermediate_size", "n_routed_experts", "n_shared_experts", "num_attention_heads",
    "num_experts", "num_global_key_value_heads", "num_hidden_layers", "num_key_value_heads", "num_kv_shared_layers",
    "num_local_experts", "num_nextn_predict_layers", "num_position_embeddings", "out_hidden_size", "patch_size",
    "q_group_size", "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "shared_expert_intermediate_size",
    "sliding_window", "sliding_window_pattern", "spatial_merge_size", "temporal_patch_size", "v_head_dim",
    "vocab_size", "w_bit",
}  # fmt: skip
LISTED = {"layer_types", "layers_block_type"}


@dataclass(frozen=True)
class Row:
    """What one model needs, as a row of the catalogue. `weightsMiB` is 0 where it cannot be counted.

    `parametersM`, `wideM` and `expertsM` are millions: all parameters; those that a quantised variant leaves as they
    are, which are the embeddings and the output layer; and those of the experts, without shared ones. Layers with a
    sliding window take `windowKiBPerToken` more for each of the last `window` tokens.
    """

    weightsMiB: int
    kvKiBPerToken: float
    windowKiBPerToken: float
    window: int
    context: int
    parametersM: int
    wideM: int
    expertsM: int
    dtype: str
    quantization: str
    heads: int
    kvHeads: int

    def values(self) -> list[str]:
        """The values that describe it to the chart, as KEY=VALUE. The KV cache is an upper bound: without windows."""
        size = [f"model.weightsSize={self.weightsMiB}Mi"] if self.weightsMiB else []
        return [*size, f"model.kvCachePerToken={self.kvKiBPerToken + self.windowKiBPerToken:g}Ki"]


def read(file: Path) -> Row:
    """The row of a config.json, or of the folder that holds it; Faults where it is not the configuration of a model."""
    file = file / "config.json" if file.is_dir() else file
    remedy = "name the config.json of a language model, as Hugging Face's libraries write it"
    config = jsontext.read(file, "name the config.json of a model", infinite=True)
    if not isinstance(config, dict):
        raise fault(file, "is not the configuration of a model", "name the config.json of a model")
    beside = file.with_name("hf_quant_config.json")
    if beside.is_file() and not _method(config.get("quantization_config")):
        config["quantization_config"] = _beside(jsontext.read(beside, "download it again, or remove it"), beside)
    index, total = file.with_name("model.safetensors.index.json"), 0
    if index.is_file():
        total = _size(jsontext.read(index, "download it again, or remove it"), index)
    try:
        return row(config, total)
    except KeyError as error:
        raise fault(file, f"has no usable value for {error}", remedy) from None
    except ValueError as error:
        raise fault(file, f"cannot be read as a model: {error}", remedy) from None
    except (TypeError, AttributeError, ZeroDivisionError):
        raise fault(
            file, "cannot be read as a model: a value has not the type or the size that it has there", remedy
        ) from None


def _method(given: Any) -> str:
    """The method of a quantization_config; ModelOpt writes some without one."""
    given = given if isinstance(given, dict) else {}
    return str(given.get("quant_method") or ("modelopt" if given.get("quant_algo") else ""))


def _beside(found: Any, file: Path) -> dict[str, Any]:
    """The quantization as NVIDIA's ModelOpt writes it to a file of its own."""
    given = found.get("quantization") if isinstance(found, dict) else None
    if not isinstance(given, dict):
        raise fault(file, "does not describe a quantization", "download it again, or remove it")
    return {"quant_method": "modelopt", "ignore": given.get("exclude_modules"), "quant_algo": given.get("quant_algo")}


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
    """A block of a configuration, without null, in which all that is counted with are numbers; ValueError where not."""
    if not isinstance(block, dict):
        raise ValueError(f"{what} is not a map")
    for key, value in block.items():
        fine = _countable(value) or (value == -1 and key in GROUPS)
        if key in COUNTED_WITH and value is not None and not fine:
            raise ValueError(f"{key} is not a number from 0 to {LARGEST}")
        if key in LISTED and value is not None and not (isinstance(value, list) and all(map(_is_text, value))):
            raise ValueError(f"{key} is not a list of texts")
    return {key: value for key, value in block.items() if value is not None}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def row(config: dict[str, Any], total: int = 0) -> Row:
    """The row of a configuration; `total` is the size of the weights in bytes, where that is known."""
    name = next((key for key in ("text_config", "llm_config") if config.get(key)), "")
    text = _checked(config[name] if name else config, name or "the file")
    if name and "tie_word_embeddings" in config:
        text = {"tie_word_embeddings": config["tie_word_embeddings"], **text}
    layers, heads = _layers(text), text["num_attention_heads"]
    kv_heads = text.get("num_key_value_heads") or _searched(text, heads) or heads
    size = text.get("head_dim") or text["hidden_size"] // heads
    dtype = _dtype(config, text)
    method, bits, kept = _quantization(config, text)
    parameters, wide, experts = 0, text["vocab_size"] * text["hidden_size"] * _tables(text), 0
    if bits is not None and _countable_layers(config, text):
        parameters, wide, experts = _parameters(text, size, kv_heads)
        if kept or method == "mxfp4":
            wide += layers * _attention(text, size, kv_heads, text["hidden_size"], heads)
        vision = _vision(config)
        parameters, wide = parameters + vision, wide + vision
    counted = (parameters - wide) * (bits or 8 * BYTES[dtype]) / 8 + wide * BYTES[dtype] if parameters else 0
    whole, windowed = _cache(text, layers, kv_heads, size)
    return Row(
        weightsMiB=round((total or counted) / MIB),
        kvKiBPerToken=round(whole / 1024, 2),
        windowKiBPerToken=round(windowed / 1024, 2),
        window=int(text["sliding_window"]) if windowed else 0,
        context=int(text.get("max_position_embeddings") or text.get("max_sequence_length") or 0),
        parametersM=round(parameters / 1e6),
        wideM=round(wide / 1e6),
        expertsM=round(experts / 1e6),
        dtype=dtype,
        quantization=method,
        heads=heads,
        kvHeads=1 if text.get("kv_lora_rank") else min(kv_heads, text.get("num_global_key_value_heads") or kv_heads),
    )


def _layers(text: dict[str, Any]) -> int:
    """How many layers it has; a model of several kinds of layers can have no other number than that of their list."""
    kinds = text.get("layer_types") or text.get("layers_block_type")
    return int(text.get("num_hidden_layers") or len(kinds or ()) or text["num_hidden_layers"])


def _countable_layers(config: dict[str, Any], text: dict[str, Any]) -> bool:
    """Whether the parameters are those of layers that are known, and of a vision encoder that is known."""
    kind = config.get("model_type")
    return kind in (VISION if "vision_config" in config else COUNTED)


def _dtype(config: dict[str, Any], text: dict[str, Any]) -> str:
    found = str(text.get("torch_dtype") or text.get("dtype") or config.get("torch_dtype") or config.get("dtype") or "")
    found = found.removeprefix("torch.")
    return found if found in BYTES else "bfloat16"


def _quantization(config: dict[str, Any], text: dict[str, Any]) -> tuple[str, float | None, bool]:
    """The method, the bits of a parameter with the scales and zeros of its group, and whether attention is left out.

    ("", 0, False) for none; the bits are None where they are not known, or not the same for all layers.
    """
    given = _checked(config.get("quantization_config") or text.get("quantization_config") or {}, "quantization_config")
    method = _method(given)
    if not method:
        return "", 0.0, False
    left = given.get("ignore") or given.get("modules_to_not_convert")
    left = left if isinstance(left, list) else ()
    kept = method not in ("fp8", "awq", "gptq") and any("self_attn" in str(each) for each in left)
    bits = given.get("bits") or given.get("w_bit") or (4 if given.get("load_in_4bit") else 0)
    if bits:
        group = given.get("group_size") or given.get("q_group_size") or 128
        return method, bits + (20 / group if group > 0 else 0), kept
    if method == "modelopt":
        method = str(given.get("quant_algo", "")).lower() or method
    if method == "compressed-tensors":
        return *_groups(given), kept
    method = FORMATS.get(method, method)
    return method, BITS.get(method), kept


def _groups(given: dict[str, Any]) -> tuple[str, float | None]:
    """The method and the bits of compressed-tensors, whose groups of layers each have their own."""
    groups = given.get("config_groups")
    each = groups.values() if isinstance(groups, dict) else ()
    weights = [group.get("weights") for group in each if isinstance(group, dict)]
    found = {(w.get("type"), w.get("num_bits"), w.get("group_size")) for w in weights if isinstance(w, dict)}
    if len(found) != 1:
        return "compressed-tensors", None
    kind, bits, group = found.pop()
    if not _countable(bits) or not (group is None or _countable(group)):
        return "compressed-tensors", None
    method = FORMATS.get(str(given.get("format"))) or {"int": f"int{bits}", "float": f"fp{bits}"}.get(kind, "")
    return method, BITS.get(method, bits + (16 / group if group else 0))


def _cache(text: dict[str, Any], layers: int, kv_heads: int, size: int) -> tuple[float, float]:
    """The bytes that a token takes in the layers that keep the whole context, and in those that keep a window of it."""
    latent = text.get("kv_lora_rank")
    each = 2.0 * (latent + text["qk_rope_head_dim"] if latent else 2 * kv_heads * size)
    if ratios := text.get("compress_ratios"):
        return _compressed(text, ratios, size)
    if blocks := text.get("block_configs"):
        return _blocks(text, blocks, size), 0.0
    kinds = _kinds(text, layers)
    kinds = kinds[: len(kinds) - int(text.get("num_kv_shared_layers") or 0)]
    windowed = kinds.count("window") if text.get("sliding_window") else 0
    whole = kinds.count("whole") + kinds.count("window") - windowed
    # The layers of Gemma 4 that keep the whole context have other heads.
    if wide := text.get("global_head_dim"):
        return whole * 4.0 * (text.get("num_global_key_value_heads") or kv_heads) * wide, windowed * each
    return whole * each, windowed * each


def _kinds(text: dict[str, Any], layers: int) -> list[str]:
    """What each layer keeps: `whole`, a `window`, or nothing, which is ""."""
    if kinds := text.get("layer_types") or text.get("layers_block_type"):
        return [_kept(kind) for kind in kinds]
    if pattern := text.get("hybrid_override_pattern"):
        return ["whole" if kind == "*" else "" for kind in str(pattern)]
    if every := text.get("full_attention_interval"):
        return ["whole"] * (int(layers) // int(every))
    every = text.get("sliding_window_pattern") or PATTERNS.get(str(text.get("model_type")))
    return ["whole" if not every or n % int(every) == 0 else "window" for n in range(1, layers + 1)]


def _kept(kind: str) -> str:
    if "attention" not in kind or "linear" in kind:
        return ""
    return "window" if "sliding" in kind else "whole"


def _compressed(text: dict[str, Any], ratios: Any, size: int) -> tuple[float, float]:
    """DeepSeek V4: one key for several tokens, which is also their value, next to a window; its index likewise."""
    if not isinstance(ratios, list) or not all(map(_countable, ratios)):
        raise ValueError("compress_ratios is not a list of numbers")
    index = text.get("index_head_dim") or 0
    whole = sum(2.0 * size / ratio + (2.0 * index / ratio if ratio < 64 else 0) for ratio in ratios if ratio)
    return whole, 2.0 * size * len(ratios) if text.get("sliding_window") else 0.0


def _blocks(text: dict[str, Any], blocks: Any, size: int) -> float:
    """Models whose layers were searched: each has its own number of heads, or no attention."""
    if not isinstance(blocks, list):
        raise ValueError("block_configs is not a list")
    groups = [block.get("attention", {}).get("n_heads_in_group") for block in blocks if isinstance(block, dict)]
    return sum(4.0 * size * text["num_attention_heads"] / group for group in groups if group)


def _searched(text: dict[str, Any], heads: int) -> int:
    """The heads of the KV cache in the layer with the fewest of them, for a model whose layers were searched."""
    blocks = text.get("block_configs")
    blocks = blocks if isinstance(blocks, list) else ()
    each = [block.get("attention") for block in blocks if isinstance(block, dict)]
    groups = [one.get("n_heads_in_group") for one in each if isinstance(one, dict)]
    return int(heads) // max((int(group) for group in groups if group and _countable(group)), default=int(heads) + 1)


def _vision(config: dict[str, Any]) -> int:
    """The parameters of Qwen3-VL's vision encoder, which quantization leaves as it is; 0 without one."""
    if "vision_config" not in config:
        return 0
    vision = _checked(config["vision_config"], "vision_config")
    width, inner = vision["hidden_size"], vision["intermediate_size"]
    pixels = vision["in_channels"] * vision["temporal_patch_size"] * vision["patch_size"] ** 2
    each = 4 * width * (width + 1) + 2 * width * inner + width + inner + 4 * width
    joined = width * vision["spatial_merge_size"] ** 2
    merger = joined * (joined + 1) + (joined + 1) * vision["out_hidden_size"] + 2 * joined
    mergers = 1 + len(vision.get("deepstack_visual_indexes") or ())
    patches = (pixels + 1 + vision["num_position_embeddings"]) * width
    return int(vision["depth"] * each + mergers * merger + patches)


def _tables(text: dict[str, Any]) -> int:
    """How many tables of the size of the vocabulary it has: embeddings, and an output layer that is not the same."""
    return 1 if text.get("tie_word_embeddings", text.get("model_type") in TIED) else 2


def _parameters(text: dict[str, Any], size: int, kv_heads: int) -> tuple[int, int, int]:
    """All parameters, those of the embeddings and the output layer, and those of the experts, without shared ones."""
    width, layers, heads = text["hidden_size"], text["num_hidden_layers"], text["num_attention_heads"]
    wide = text["vocab_size"] * width * _tables(text)
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
