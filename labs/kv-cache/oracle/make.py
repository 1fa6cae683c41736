"""Writes golden.json: what Hugging Face's LLaMA answers with the shipped weights, in chunks and with attention sinks.

    python make.py            writes golden.json beside this file, then replays it through ../solution.py
    python make.py --check    only replays

Needs numpy, safetensors, torch and transformers; golden.json names the versions. No logit in it is computed in this file:
transformers runs the model, its own cache serves the chunks, and for the sinks a cache layer of its type decides which
rows stay and undoes and redoes transformers' own rotation.
"""

import importlib.util
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
MODELS = HERE.parents[1] / "sdk" / "models"
PACKAGES = ["numpy", "safetensors", "torch", "transformers"]
TEXT = b"Once there was a cat. The cat had 4 apples and found 7 more: 4 + 7 = 11."
CHUNKS = [20, 1, 13, 1, 1, 30]
SINKS, WINDOW = 3, 9
# Rows whose logits are stored.
ROWS = [0, 19, 20, 33, 35, 65]
STREAMED = [0, 5, 11, 12, 13, 25, 40]


def main():
    if "--check" not in sys.argv[1:]:
        write()
    replay()


def load():
    import torch
    from safetensors import safe_open
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    torch.set_num_threads(1)
    with safe_open(MODELS / "lm.safetensors", "pt") as file:
        config = json.loads(file.metadata()["config"])
        weights = {name: file.get_tensor(name).double() for name in file.keys()}
    config.pop("architectures", None)
    model = LlamaForCausalLM(LlamaConfig(**config)).double().eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert set(missing) <= {"lm_head.weight"} and not unexpected, (missing, unexpected)
    model.tie_weights()
    return model, torch


def write():
    model, torch = load()
    ids = list(TEXT)
    with torch.no_grad():
        whole = model(torch.tensor([ids])).logits[0].numpy()
        chunked = in_chunks(model, torch, ids)
        streamed = stream(model, torch, ids)
    assert np.abs(whole[: len(chunked)] - chunked).max() < 1e-9
    golden = {
        "written_by": "make.py",
        "versions": {p: version(p) for p in PACKAGES},
        "text": ids,
        "chunks": CHUNKS,
        "sinks": SINKS,
        "window": WINDOW,
        "cached": [{"row": row, "logits": rounded(chunked[row])} for row in ROWS],
        "streamed": [{"row": row, "logits": rounded(streamed[row])} for row in STREAMED],
    }
    GOLDEN.write_text(json.dumps(golden, separators=(",", ":")).replace('{"row"', '\n{"row"') + "\n")
    print(f"wrote {GOLDEN.name}: {GOLDEN.stat().st_size} bytes; {golden['versions']}")


def in_chunks(model, torch, ids):
    from transformers import DynamicCache

    cache, rows, at = DynamicCache(), [], 0
    for n in CHUNKS:
        rows.append(model(torch.tensor([ids[at : at + n]]), past_key_values=cache).logits[0].numpy())
        at += n
    return np.concatenate(rows)


def stream(model, torch, ids):
    """Token by token; a row of the cache stands at its place, whenever it came."""
    from transformers import DynamicCache
    DynamicLayer = sys.modules[DynamicCache.__module__].DynamicLayer
    from transformers.models.llama.modeling_llama import rotate_half

    def turned(keys, cos, sin):
        return keys * cos + rotate_half(keys) * sin

    def angles(positions):
        cos, sin = model.model.rotary_emb(torch.zeros(1, dtype=torch.float64), torch.tensor([positions]))
        return cos.unsqueeze(1), sin.unsqueeze(1)

    class Sinks(DynamicLayer):
        """Keys are held unturned."""

        def update(self, keys, values, *args, **kwargs):
            held = [] if not getattr(self, "is_initialized", False) else [(self.keys, self.values)]
            self.is_initialized = True
            if held and held[0][0].shape[2] == SINKS + WINDOW:
                held = [tuple(torch.cat([t[:, :, :SINKS], t[:, :, SINKS + 1 :]], 2) for t in held[0])]
            place = held[0][0].shape[2] if held else 0
            cos, sin = angles([place])
            keys = turned(keys, cos, -sin)  # the projection itself again
            self.keys = torch.cat([h[0] for h in held] + [keys], 2)
            self.values = torch.cat([h[1] for h in held] + [values], 2)
            return turned(self.keys, *angles(list(range(place + 1)))), self.values

    cache = DynamicCache()
    cache.layers = [Sinks() for _ in range(model.config.num_hidden_layers)]
    rows = []
    for n, token in enumerate(ids):
        place = torch.tensor([[min(n, SINKS + WINDOW - 1)]])
        # One query sees everything that is held: no mask.
        out = model(torch.tensor([[token]]), past_key_values=cache, position_ids=place, attention_mask=None)
        rows.append(out.logits[0, 0].numpy())
    return np.stack(rows)


def rounded(row):
    return [float(f"{v:.9g}") for v in row]


def replay():
    golden = json.loads(GOLDEN.read_text())
    sys.path.insert(0, str(HERE.parents[1] / "sdk"))
    import lab_sdk

    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    lm, ids = lab_sdk.Lm.shipped("lm", "f64"), golden["text"]
    cache, rows, at = lab_sdk.Cache(lm), [], 0
    for n in golden["chunks"]:
        rows.append(solution.forward_cached(lm, ids[at : at + n], cache))
        at += n
    rows, worst = np.concatenate(rows), 0.0
    cache = lab_sdk.Cache(lm)
    streamed = [solution.forward_streaming(lm, i, cache, golden["sinks"], golden["window"]) for i in ids]
    for name, ours in [("cached", rows), ("streamed", streamed)]:
        for stored in golden[name]:
            worst = max(worst, np.abs(np.array(stored["logits"]) - ours[stored["row"]]).max())
    print(f"solution.py in float64 is at most {worst:.1e} off")
    # transformers computes norms and angles in float32 whatever the model.
    assert worst < 2e-5


main()
