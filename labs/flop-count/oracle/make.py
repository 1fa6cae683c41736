"""Writes golden.json: what PyTorch, torchvision, timm, transformers, fvcore and ptflops count.

    python make.py --ptflops-0.6.9 FOLDER     writes golden.json beside this file, then replays it through ../solution.py
    python make.py --check                    only replays the single operations, without PyTorch

FOLDER is where `pip install --no-deps --target FOLDER ptflops==0.6.9` put that version; README.md lists the others. No
count, parameter number or shape in the file is computed here: each is read from a tool, a module or a tensor.
"""

import importlib.util
import json
import logging
import subprocess
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
SEED = 20260601
PACKAGES = ["torch", "torchvision", "timm", "transformers", "fvcore", "ptflops", "numpy"]
STRICT = {"bn_per_elem": 0, "act_per_elem": 0, "pool_per_in_elem": 0, "bias_per_out": 0, "skip": []}


def main():
    if "--old-ptflops" in sys.argv:
        return old_ptflops()
    if "--check" not in sys.argv:
        warnings.filterwarnings("ignore")
        logging.disable(logging.WARNING)
        write()
    replay()


def write():
    rng = np.random.default_rng(SEED)
    sys.path.insert(0, str(HERE))
    records = [*operations(rng), *masks(rng), *shapes(), *networks(), *layers(), *tools(), *training()]
    versions = {p: version(p) for p in PACKAGES} | {"ptflops, old": "0.6.9"}
    head = {"written_by": "make.py", "seed": SEED, "versions": versions}
    # One record a line, so that a difference between two runs can be read.
    lines = [json.dumps(head)[:-1] + ', "records": [']
    lines += [",\n".join(json.dumps(r, separators=(",", ":")) for r in records), '], "contrasts": [']
    lines += [",\n".join(json.dumps(r, separators=(",", ":")) for r in contrasts()), "]}"]
    GOLDEN.write_text("\n".join(lines) + "\n")
    print(f"wrote {GOLDEN.name}: {GOLDEN.stat().st_size} bytes, {len(records)} records; {versions}")


def flops(run, *x):
    """FLOPs by kind of operation, as FlopCounterMode counts a call."""
    from torch.utils.flop_counter import FlopCounterMode
    with FlopCounterMode(display=False) as mode:
        run(*x)
    return {str(op): n for op, n in mode.get_flop_counts()["Global"].items()}


def macs(run, *x):
    total = sum(flops(run, *x).values())
    assert total % 2 == 0
    return total // 2


def numel(module):
    return sum(p.numel() for p in module.parameters())


# single operations, run on the meta device: shapes and counts, no arithmetic

def operations(rng):
    import torch
    for at in range(60):
        groups = int(rng.choice([1, 1, 2, 3, 4]))
        cin, cout = groups * int(rng.integers(1, 9)), groups * int(rng.integers(1, 9))
        if at % 6 == 0:
            groups, cout = cin, cin * int(rng.integers(1, 4))
        pair = lambda low, high: [int(v) for v in rng.integers(low, high + 1, 2)]
        spec = {"op": "conv2d", "n": int(rng.integers(1, 5)), "cin": cin, "h": int(rng.integers(9, 40)),
                "w": int(rng.integers(9, 40)), "cout": cout, "k": pair(1, 5), "stride": pair(1, 3), "pad": pair(0, 3),
                "dil": pair(1, 2), "groups": groups, "bias": bool(rng.integers(0, 2))}
        layer = torch.nn.Conv2d(cin, cout, spec["k"], spec["stride"], spec["pad"], spec["dil"], groups, spec["bias"],
                                device="meta")
        x = torch.empty(spec["n"], cin, spec["h"], spec["w"], device="meta")
        yield op_record(spec, layer, x)
    for _ in range(10):
        rows, cin, cout = (int(v) for v in rng.integers(1, 2000, 3))
        spec = {"op": "linear", "rows": rows, "cin": cin, "cout": cout, "bias": bool(rng.integers(0, 2))}
        layer = torch.nn.Linear(cin, cout, spec["bias"], device="meta")
        yield op_record(spec, layer, torch.empty(rows, cin, device="meta"))
        batch, m, k, n = (int(v) for v in rng.integers(1, 300, 4))
        a, b = torch.empty(batch, m, k, device="meta"), torch.empty(batch, k, n, device="meta")
        yield op_record({"op": "matmul", "batch": batch, "m": m, "k": k, "n": n}, torch.bmm, a, b)
    for _ in range(12):
        b, hkv, share, sq, sk = (int(v) for v in rng.integers(1, [5, 5, 4, 90, 90]))
        dh, dv = (8 * int(v) for v in rng.integers(1, 9, 2))
        spec = {"op": "attention", "b": b, "hq": hkv * share, "hkv": hkv, "sq": sq, "sk": sk, "dh": dh, "dv": dv,
                "causal": False, "window": None}
        q = torch.empty(b, hkv * share, sq, dh, device="meta")
        k, v = (torch.empty(b, hkv, sk, d, device="meta") for d in (dh, dv))
        yield op_record(spec, attention, q, k, v)


def attention(q, k, v):
    """Both products of attention, every query with every key, and the heads side by side."""
    share = q.shape[1] // k.shape[1]
    k, v = (t.repeat_interleave(share, dim=1) for t in (k, v))
    return ((q @ k.transpose(-2, -1)).softmax(-1) @ v).transpose(1, 2).flatten(2)


def op_record(spec, run, *x):
    params = numel(run) if hasattr(run, "parameters") else 0
    cost = {"macs": macs(run, *x), "params": params, "out": list(run(*x).shape)}
    return {"kind": "op", "source": "FlopCounterMode", "spec": spec, "cost": cost}


def masks(rng):
    """Visible pairs, as the sum over a boolean mask made by torch.tril and torch.triu."""
    yield pairs(4096, 4096, False, 257)
    for at in range(24):
        sk = int(rng.integers(1, 80))
        sq = int(rng.choice([1, sk, int(rng.integers(1, sk + 1))]))
        causal, window = [(True, None), (True, int(rng.integers(1, sk + 10))), (False, int(rng.integers(1, sk + 10)))][at % 3]
        yield pairs(sq, sk, causal, window)


def pairs(sq, sk, causal, window):
    import torch
    reach = sk if window is None else window - 1
    seen = torch.ones(sq, sk, dtype=torch.bool).tril(sk - sq + (0 if causal else reach)).triu(sk - sq - reach)
    spec = {"op": "attention", "b": 1, "hq": 1, "hkv": 1, "sq": sq, "sk": sk, "dh": 1, "dv": 1, "causal": causal,
            "window": window}
    return {"kind": "pairs", "source": "torch.tril, torch.triu", "spec": spec, "pairs": int(seen.sum())}


def shapes():
    """Pools of every rounding, by the shape of the tensor that comes out."""
    import torch
    for kind, module in (("max", torch.nn.MaxPool2d), ("avg", torch.nn.AvgPool2d)):
        for k in (1, 2, 3):
            for stride in (1, 2, 3, 4):
                for pad in range(k // 2 + 1):
                    for ceil in (False, True):
                        h, w = 7 + stride, 8 + pad
                        pool = module(k, stride, pad, ceil_mode=ceil)
                        out = list(pool(torch.empty(2, 3, h, w, device="meta")).shape)
                        attrs = {"kind": kind, "k": [k] * 2, "stride": [stride] * 2, "pad": [pad] * 2, "ceil": ceil}
                        nodes = [node("x", "input", [], {"shape": [2, 3, h, w]}), node("y", "pool", ["x"], attrs)]
                        yield {"kind": "shape", "source": "torch.nn", "arch": {"name": "pool", "nodes": nodes}, "out": out}


def node(name, op, inputs, attrs):
    return {"name": name, "op": op, "inputs": inputs, "tie": None, "attrs": attrs}


# whole networks

def vision():
    """Architecture -> its module and its input."""
    import timm
    import torchvision.models as m
    sizes = dict(zip(range(8), [224, 240, 260, 300, 380, 456, 528, 600]))
    nets = {
        "alexnet": m.alexnet, "resnet34": m.resnet34, "resnet50": m.resnet50, "mobilenet_v2": m.mobilenet_v2,
        "mobilenet_v3_large": m.mobilenet_v3_large, "mobilenet_v3_small": m.mobilenet_v3_small,
        "shufflenet_v2": m.shufflenet_v2_x1_0, "squeezenet_1_0": m.squeezenet1_0, "squeezenet_1_1": m.squeezenet1_1,
        "mobilenet_v1": lambda: timm.create_model("mobilenetv1_100"),
    }
    made = {name: (make, 224) for name, make in nets.items()}
    for size in (192, 160, 128):
        made[f"mobilenet_v1_{size}"] = (nets["mobilenet_v1"], size)
    for size in (192, 160, 128, 96):
        made[f"mobilenet_v2_{size}"] = (m.mobilenet_v2, size)
    for width in (1.4, 0.75, 0.5, 0.35):
        made[f"mobilenet_v2_{width}"] = (lambda width=width: m.mobilenet_v2(width_mult=width), 224)
    for b, size in sizes.items():
        made[f"efficientnet_b{b}"] = (getattr(m, f"efficientnet_b{b}"), size)
    made["efficientnet_b2_288"] = (m.efficientnet_b2, 288)
    return made


def text():
    """Architecture -> class, configuration, tokens. The scores are multiplied out ("eager"), so that they are counted."""
    import transformers as t
    eager = {"attn_implementation": "eager"}
    bert = dict(vocab_size=30522, num_attention_heads=12, **eager)
    llama = dict(use_cache=False, **eager)
    made = {
        "bert_base": (t.BertModel, t.BertConfig(**bert), 128),
        "tinybert6": (t.BertModel, t.BertConfig(num_hidden_layers=6, **bert), 128),
        "tinybert4": (t.BertModel, t.BertConfig(hidden_size=312, num_hidden_layers=4, intermediate_size=1200, **bert), 128),
        "distilbert": (t.DistilBertModel, t.DistilBertConfig(**eager), 128),
        # As the published checkpoint is configured: the first token is handed out as it is, without a pooler.
        "mobilebert": (t.MobileBertModel, t.MobileBertConfig(classifier_activation=False, **eager), 128),
        "gpt2_xl": (t.GPT2LMHeadModel, t.GPT2Config(n_embd=1600, n_layer=48, n_head=25, use_cache=False, **eager), 1024),
    }
    for name, d, n, heads, kv, ff, vocab, tokens in [
        ("llama_7b", 4096, 32, 32, 32, 11008, 32000, 1), ("llama_7b_2048", 4096, 32, 32, 32, 11008, 32000, 2048),
        ("llama_13b", 5120, 40, 40, 40, 13824, 32000, 1), ("llama_33b", 6656, 60, 52, 52, 17920, 32000, 1),
        ("llama_65b", 8192, 80, 64, 64, 22016, 32000, 1), ("llama2_70b", 8192, 80, 64, 8, 28672, 32000, 1),
        ("llama3_8b", 4096, 32, 32, 8, 14336, 128256, 1), ("gpt2_xl_swiglu", 1600, 48, 25, 25, 6400, 50257, 1024),
    ]:
        config = t.LlamaConfig(hidden_size=d, num_hidden_layers=n, num_attention_heads=heads, num_key_value_heads=kv,
                               intermediate_size=ff, vocab_size=vocab, max_position_embeddings=4096, **llama)
        made[name] = (t.LlamaForCausalLM, config, tokens)
    return made


def on_meta():
    """(architecture, source, module, inputs), without a single weight."""
    import torch
    for name, (make, size) in vision().items():
        with torch.device("meta"):
            yield name, "timm" if "v1" in name else "torchvision", make().eval(), {"x": torch.empty(1, 3, size, size)}
    from nets import own
    for name, (make, size) in own().items():
        with torch.device("meta"):
            net = make().eval()
            argument = "input" if isinstance(net, torch.nn.Sequential) else "x"
            yield name, "nets.py", net, {argument: torch.empty(1, 3, size, size)}
    for name, (kind, config, tokens) in text().items():
        with torch.device("meta"):
            inputs = {"input_ids": torch.ones(1, tokens, dtype=torch.long)}
            if "LM" in kind.__name__:
                # A mask that is given need not be made from data, which the meta device does not have.
                inputs["attention_mask"] = torch.zeros(1, 1, tokens, tokens)
            yield name, f"transformers {kind.__name__}", kind(config).eval(), inputs


def networks():
    import torch
    for name, source, module, x in on_meta():
        with torch.no_grad():
            counted = by_module(module, x)
        yield {"kind": "net", "arch": name, "source": source, "params": numel(module), "macs": counted[""]}


def by_module(module, x):
    """MACs by path of a submodule; "" is the whole."""
    from torch.utils.flop_counter import FlopCounterMode
    with FlopCounterMode(display=False) as mode:
        module(**x)
    counts = {path: sum(ops.values()) // 2 for path, ops in mode.get_flop_counts().items()}
    root = type(module).__name__
    return {"" if path == root else path.removeprefix(root + "."): n for path, n in counts.items() if path != "Global"}


def layers():
    """The MACs of every convolution and linear layer of a net, sorted."""
    import torch
    wanted = ["resnet50", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "shufflenet_v2", "squeezenet_1_0"]
    for name, source, module, x in on_meta():
        if name in wanted:
            with torch.no_grad():
                counted = by_module(module, x)
            leaves = [p for p, m in module.named_modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
            yield {"kind": "layers", "arch": name, "source": source, "macs": sorted(counted[p] for p in leaves)}


# tools with conventions of their own

def tools():
    """What fvcore and two versions of ptflops print, with the convention that reproduces it."""
    import torch
    from fvcore.nn import FlopCountAnalysis
    from ptflops import get_model_complexity_info
    old = json.loads(subprocess.run([sys.executable, __file__, "--old-ptflops", sys.argv[sys.argv.index("--ptflops-0.6.9") + 1]],
                                    capture_output=True, check=True, text=True).stdout.splitlines()[-1])
    for name in ["resnet34", "resnet50", "squeezenet_1_0", "squeezenet_1_1"]:
        make, size = vision()[name]
        module, x = make().eval(), torch.zeros(1, 3, size, size)
        analysis = FlopCountAnalysis(module, x)
        analysis.unsupported_ops_warnings(False)
        analysis.tracer_warnings("none")
        yield {"kind": "tool", "arch": name, "tool": "fvcore", "macs": int(analysis.total())}
        counted, _ = get_model_complexity_info(module, (3, size, size), as_strings=False, print_per_layer_stat=False)
        yield {"kind": "tool", "arch": name, "tool": "ptflops", "macs": int(counted)}
        yield {"kind": "tool", "arch": name, "tool": "ptflops 0.6.9", "macs": old[name]}


def old_ptflops():
    sys.path.insert(0, sys.argv[2])
    from ptflops import get_model_complexity_info
    found = {}
    for name in ["resnet34", "resnet50", "squeezenet_1_0", "squeezenet_1_1"]:
        make, size = vision()[name]
        counted, _ = get_model_complexity_info(make().eval(), (3, size, size), as_strings=False, print_per_layer_stat=False)
        found[name] = int(counted)
    print(json.dumps(found))


# training steps

def step(module, x):
    out = module(**x)
    out = out if hasattr(out, "sum") else out.logits if hasattr(out, "logits") else out.pooler_output
    out.sum().backward()


def training():
    """Forward and backward of nets without grouped convolutions, one image or sequence."""
    for name, source, module, x in on_meta():
        if name in ("alexnet", "resnet34", "resnet50", "squeezenet_1_0", "bert_base", "tinybert4", "gpt2_xl"):
            module.train()
            yield {"kind": "train", "arch": name, "source": f"FlopCounterMode, {source}", "macs": training_macs(module, x)}


def training_macs(module, x):
    """MACs for one of two images: a batch norm cannot train on one value."""
    import torch
    both = macs(step, module, {name: torch.cat([t, t]) for name, t in x.items()})
    assert both % 2 == 0
    return both // 2


def contrasts():
    """What the tools get wrong, kept so that the sentences about it stay checkable."""
    for name, _, module, x in on_meta():
        if name in ("mobilenet_v1", "mobilenet_v2"):
            module.train()
            yield {"what": "FlopCounterMode, training step with grouped convolutions", "arch": name,
                   "macs": training_macs(module, x)}


# replay

def replay():
    """The single operations and pools through ../solution.py; ../grader.rs replays everything."""
    spec = importlib.util.spec_from_file_location("solution", HERE.parent / "solution.py")
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    records, wrong = json.loads(GOLDEN.read_text())["records"], 0
    for r in records:
        if r["kind"] == "op":
            differs = solution.op_cost(r["spec"]) != r["cost"]
        elif r["kind"] == "pairs":
            differs = solution.op_cost(r["spec"])["macs"] != 2 * r["pairs"]
        elif r["kind"] == "shape":
            differs = solution.count(r["arch"], STRICT)["rows"][-1]["out"] != r["out"]
        else:
            continue
        wrong += differs
        if differs:
            print(f"differs: {r}")
    print(f"replayed {len(records)} records: {wrong} differ")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
