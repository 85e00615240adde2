# Trains the second look of the misuse detector: all-MiniLM-L6-v2 with its upper layers trained further on requests, which
# src/safeguards/misuse/encoder.ts runs on what the first look leaves in doubt. Same environment as train-misuse.py, whose WORK
# folder it reads. Seeded; on one core that multiplies in bfloat16, a quarter of an hour for the fit.
#
#   python scripts/train-encoder.py folds WORK ENCODER [FOLD ...]                writes WORK/encoder-left-out.npz
#   python scripts/train-encoder.py fit WORK ENCODER OUT.bin DRAWN RATE [START.bin]   writes WORK/encoder-held.npz too
#   python scripts/train-encoder.py said WORK ENCODER WRITTEN.bin                writes it for an encoder as it is
#
# START.bin: the encoder of the round before, from which training goes on. DRAWN: readings learned from, by weight.
# Never give it anything of the evaluation sets. Choices were made on whole sources left out (decisions/010-misuse-detector.md).
import importlib.util, json, os, struct, sys, time
import numpy as np, torch
import torch.nn.functional as F
from safetensors.numpy import load_file

spec = importlib.util.spec_from_file_location("misuse", os.path.join(os.path.dirname(os.path.abspath(__file__)), "train-misuse.py"))
misuse = importlib.util.module_from_spec(spec)
spec.loader.exec_module(misuse)

SEED = 100
LAYERS, TRAINED = 6, 3  # the lower layers and the embeddings stay as they are
PIECES = 62  # and two tokens that enclose them
DRAWN_A_FOLD, RATE_A_FOLD = 24_000, 1e-4
LENGTHS = (12, 18, 24, 32, 48, PIECES + 2)
TOKENS_A_STEP = 2048
HIDDEN = 256
CATEGORY_WEIGHT = .7  # rare categories count more, by the root of how rare they are among what is drawn
ROWS_TRAINED, ROWS_JUDGED = 1500, 250  # of each source and label
READINGS_A_ROW, READINGS_JUDGED = 4, 8  # of each row: the first ones, and of those judged the last two as well
START, END = 101, 102
torch.set_num_threads(1)


def say(text, started=time.time()):
    print(f"{time.time() - started:6.0f} s  {text}", flush=True)


# ---- data -----------------------------------------------------------------------------------------------------------
class Pool:
    """Rows that are learned from or judged, a limited number of each source, as readings of word pieces."""

    def __init__(self, work, folds):
        self.data = data = misuse.Data(work)
        data.blocks = data.windows = data.readings = None
        rng = np.random.default_rng(SEED)
        side = data.surface == "input"
        chosen, self.judged = np.zeros(len(data.rows), bool), np.zeros(len(data.rows), bool)
        weight = np.zeros(len(data.rows))
        for source in sorted(set(data.source)):
            for label in (0, 1):
                rows = np.where(side & (data.source == source) & (data.y == label))[0]
                if folds:
                    self.judged[rng.permutation(rows[data.original[rows]])[:ROWS_JUDGED]] = True
                else:
                    self.judged[rows[data.original[rows] & data.held[rows]]] = True
                    rows = rows[~data.held[rows]]
                chosen[rng.permutation(rows)[:ROWS_TRAINED]] = True
                if len(rows):
                    times = next((times for name, times in misuse.DRAWN_MORE.items() if name in source), 1)
                    weight[rows] = times * min(misuse.rows_a_source(source, label), len(rows)) / max(chosen[rows].sum(), 1)
        weight *= chosen
        _, first, count = np.unique(data.reading_row, return_index=True, return_counts=True)
        place = np.arange(len(data.reading_row)) - np.repeat(first, count)
        left = np.repeat(count, count) - place
        row = data.reading_row
        planted = data.ordered[row]
        self.learnt = chosen[row] & ((place < READINGS_A_ROW) | planted)
        self.readings = np.where(self.learnt | (self.judged[row] & ((place < READINGS_JUDGED - 2) | (left <= 2))))[0]
        self.learnt, self.row = self.learnt[self.readings], row[self.readings]
        self.weight = weight[self.row] * self.learnt / np.maximum(np.bincount(self.row, self.learnt, len(data.rows)), 1)[self.row]
        self.target, self.mask, self.category = data.targets(self.row, data.reading_harm[self.readings])
        often = (self.weight[:, None] * self.category).sum(0)
        self.category_weight = np.sqrt(often.max() / np.maximum(often, 1e-9)).clip(1, 4).astype(np.float32)
        self.pieces = [data.pieces[reading][:PIECES] for reading in self.readings]
        self.length = np.array([len(pieces) + 2 for pieces in self.pieces])
        self.bucket = np.searchsorted(LENGTHS, self.length)

    def ids(self, part, length):
        out = np.zeros((len(part), length), np.int64)
        for row, reading in enumerate(part):
            pieces = self.pieces[reading].astype(np.int64)
            out[row, 0], out[row, 1:1 + len(pieces)], out[row, 1 + len(pieces)] = START, pieces, END
        return torch.from_numpy(out)


# ---- encoder ----------------------------------------------------------------------------------------------------------
def layer(p, x, bias):
    """If you change a step here, change src/safeguards/misuse/encoder.ts."""
    n, length, width = x.shape
    dense = lambda x, name: F.linear(x, p[name + ".weight"], p[name + ".bias"])
    norm = lambda x, name: F.layer_norm(x.float(), (width,), p[name + ".weight"], p[name + ".bias"], 1e-12)
    q, k, v = (dense(x, "attention.self." + name).view(n, length, 12, 32).transpose(1, 2) for name in ("query", "key", "value"))
    o = (torch.softmax((q @ k.transpose(2, 3)).float() / np.sqrt(32) + bias, -1) @ v.float()).transpose(1, 2).reshape(n, length, width)
    x = norm(x + dense(o, "attention.output.dense"), "attention.output.LayerNorm")
    return norm(x + dense(F.gelu(dense(x, "intermediate.dense"), approximate="tanh"), "output.dense"), "output.LayerNorm")


class Encoder:
    def __init__(self, folder, pool):
        stored = {name: torch.from_numpy(np.array(value)) for name, value in load_file(f"{folder}/model.safetensors").items() if value.dtype != np.int64}
        self.embeddings = {name: value for name, value in stored.items() if name.startswith("embeddings")}
        self.layers = [{name[len(f"encoder.layer.{i}."):]: value for name, value in stored.items() if name.startswith(f"encoder.layer.{i}.")}
                       for i in range(LAYERS)]
        self.pool = pool

    def begun(self, seed, start):
        torch.manual_seed(seed)
        layers = self.layers if start is None else self.layers[:LAYERS - 3] + start["layers"][LAYERS - 3:]
        layers = [{name: value.clone() for name, value in part.items()} for part in layers]
        head = {"dense": torch.randn(384, HIDDEN) * np.sqrt(1 / 384), "dense:bias": torch.zeros(HIDDEN),
                "last": torch.randn(HIDDEN, 2 + len(misuse.CATEGORIES)) * .02, "last:bias": torch.zeros(2 + len(misuse.CATEGORIES))}
        if start is not None and start["head"]["dense"].shape == head["dense"].shape:
            head = start["head"]
        return {"layers": layers, "head": head}

    def forward(self, p, ids, drop=0.):
        e = self.embeddings
        real = (ids > 0).float()
        hidden = torch.where(real > 0, 0., -1e4)[:, None, None, :]
        with torch.no_grad():
            x = (e["embeddings.word_embeddings.weight"][ids] + e["embeddings.position_embeddings.weight"][:ids.shape[1]]
                 + e["embeddings.token_type_embeddings.weight"][0])
            x = F.layer_norm(x, (384,), e["embeddings.LayerNorm.weight"], e["embeddings.LayerNorm.bias"], 1e-12)
        for part in p["layers"]:
            x = layer(part, x, hidden)
        z = F.dropout((x * real[:, :, None]).sum(1) / real.sum(1, keepdim=True), drop)
        head = p["head"]
        with torch.autocast("cpu", enabled=False):
            h = F.dropout(F.gelu(z.float() @ head["dense"] + head["dense:bias"], approximate="tanh"), drop)
            return h @ head["last"] + head["last:bias"]

    def loss(self, p, part, length):
        pool = self.pool
        z = self.forward(p, pool.ids(part, length), .1)
        both = F.binary_cross_entropy_with_logits(z[:, :2], torch.from_numpy(pool.target[part]), torch.from_numpy(pool.mask[part]), reduction="sum")
        named = -(torch.log_softmax(z[:, 2:], 1) * torch.from_numpy(pool.category[part] * pool.category_weight)).sum()
        return (both + CATEGORY_WEIGHT * named) / len(part)

    def train(self, outside, seed, steps, start=None):
        (draws, highest), pool, rng = steps, self.pool, np.random.default_rng(seed)
        p = self.begun(seed, start)
        trained = [value for part in p["layers"][LAYERS - TRAINED:] for value in part.values()]
        for value in (*trained, *p["head"].values()):
            value.requires_grad_(True)
        groups = [dict(params=[value for value in trained if value.ndim > 1], weight_decay=.01, times=1),
                  dict(params=[value for value in trained if value.ndim == 1], weight_decay=0, times=1),
                  dict(params=list(p["head"].values()), weight_decay=.01, times=5)]
        optimiser = torch.optim.AdamW(groups, lr=highest, betas=(.9, .99))
        chance = pool.weight * outside
        drawn, batches = rng.choice(len(pool.readings), draws, p=chance / chance.sum()), []
        for bucket, length in enumerate(LENGTHS):
            chosen, size = drawn[pool.bucket[drawn] == bucket], max(16, TOKENS_A_STEP // length)
            batches += [(np.resize(chosen[at:at + size], size), length) for at in range(0, len(chosen) - size // 2, size)]
        losses = []
        for number, index in enumerate(rng.permutation(len(batches))):
            rate = highest * min(1, (number + 1) / (.06 * len(batches))) * (1 - number / len(batches)) + 1e-7
            for group in optimiser.param_groups:
                group["lr"] = rate * group["times"]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                value = self.loss(p, *batches[index])
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_([one for group in groups for one in group["params"]], 1.)
            optimiser.step()
            losses.append(value.item())
            if number % 100 == 99:
                say(f"{number + 1} of {len(batches)} batches, loss {np.mean(losses[-100:]):.4f}")
        return {"layers": [{name: value.detach() for name, value in part.items()} for part in p["layers"]],
                "head": {name: value.detach() for name, value in p["head"].items()}}

    def predict(self, p, chosen):
        out = np.full((len(self.pool.readings), 2 + len(misuse.CATEGORIES)), np.nan, np.float32)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            for bucket, length in enumerate(LENGTHS):
                some, size = chosen[self.pool.bucket[chosen] == bucket], 4096 // length
                for at in range(0, len(some), size):
                    part = some[at:at + size]
                    out[part] = self.forward(p, self.pool.ids(part, length)).float().numpy()
        return out


# ---- what it is run for -------------------------------------------------------------------------------------------------
def left_out(work, pool, encoder, numbers):
    """Logits of rows by encoders that saw neither them nor, where harmful, their source."""
    fold = pool.data.fold[pool.row]
    logits = np.full((len(pool.readings), 2 + len(misuse.CATEGORIES)), np.nan, np.float32)
    for number in numbers:
        p = encoder.train(fold != number, SEED + number, (DRAWN_A_FOLD, RATE_A_FOLD))
        inside = np.where((fold == number) & pool.judged[pool.row])[0]
        logits[inside] = encoder.predict(p, inside)[inside]
        say(f"fold {number}")
        known = ~np.isnan(logits[:, 0])
        judged = np.zeros(len(pool.data.rows), bool)
        judged[pool.row[known]] = True
        np.savez(f"{work}/encoder-left-out.npz", logits=logits, readings=pool.readings, judged=pool.judged & judged)


MATRICES = {"qkv": ["attention.self.query", "attention.self.key", "attention.self.value"], "out": ["attention.output.dense"],
            "up": ["intermediate.dense"], "down": ["output.dense"]}


def eight_bits(rows):
    scale = np.maximum(np.abs(rows).max(1), 1e-9) / 127
    return np.clip(np.round(rows / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)


def written(path, embeddings, layers, head):
    tensors, both = {}, lambda part, name: np.concatenate([part[name + ".weight"], part[name + ".bias"]])
    tensors["words"], tensors["words:scale"] = eight_bits(embeddings["embeddings.word_embeddings.weight"])
    positions = embeddings["embeddings.position_embeddings.weight"][:PIECES + 2] + embeddings["embeddings.token_type_embeddings.weight"][0]
    tensors["positions"], tensors["norm"] = positions.astype(np.float32), both(embeddings, "embeddings.LayerNorm")
    for name, parts in MATRICES.items():
        tensors[name], tensors[name + ":scale"] = eight_bits(np.concatenate([part[n + ".weight"] for part in layers for n in parts]))
        tensors[name + ":bias"] = np.concatenate([part[n + ".bias"] for part in layers for n in parts]).astype(np.float32)
    tensors["norm1"] = np.concatenate([both(part, "attention.output.LayerNorm") for part in layers])
    tensors["norm2"] = np.concatenate([both(part, "output.LayerNorm") for part in layers])
    for name, value in head.items():
        tensors["head:" + name] = value.astype(np.float32)
    misuse.write_weights(path, tensors, {}, {}, "misuse-encoder@3")


def weights_of(path):
    """The layers of an encoder that was written before: what `written` writes, back in full."""
    file = open(path, "rb").read()
    size = struct.unpack("<I", file[4:8])[0]
    listed, data = json.loads(file[8:8 + size])["tensors"], -(-(8 + size) // 8) * 8
    kinds = {"i8": np.int8, "f32": np.float32}
    tensors = {t["name"]: np.frombuffer(file, kinds[t["type"]], int(np.prod(t["shape"])), data + t["offset"]).reshape(t["shape"]) for t in listed}
    layers = [{} for _ in range(LAYERS)]
    for name, parts in MATRICES.items():
        whole = tensors[name].astype(np.float32) * tensors[name + ":scale"][:, None]
        for at, (rows, bias) in enumerate(zip(np.split(whole, LAYERS * len(parts)), np.split(tensors[name + ":bias"], LAYERS * len(parts)))):
            layers[at // len(parts)][parts[at % len(parts)] + ".weight"] = torch.from_numpy(rows.copy())
            layers[at // len(parts)][parts[at % len(parts)] + ".bias"] = torch.from_numpy(bias.copy())
    for name, part in {"norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}.items():
        for one, both in zip(layers, np.split(tensors[name], LAYERS)):
            one[part + ".weight"], one[part + ".bias"] = (torch.from_numpy(half.copy()) for half in np.split(both, 2))
    return {"layers": layers, "head": {name: torch.from_numpy(tensors["head:" + name].copy()) for name in ("dense", "dense:bias", "last", "last:bias")}}


def folds(work, folder, *numbers):
    pool = Pool(work, True)
    say(f"{len(pool.readings)} readings, {pool.length.sum()} tokens")
    left_out(work, pool, Encoder(folder, pool), [int(number) for number in numbers] or range(len(misuse.FOLDS)))


def fit(work, folder, path, drawn, rate, start=None):
    pool = Pool(work, False)
    say(f"{len(pool.readings)} readings, {pool.length.sum()} tokens")
    encoder = Encoder(folder, pool)
    p = encoder.train(np.ones(len(pool.readings), bool), SEED + 9, (int(drawn), float(rate)), weights_of(start) if start else None)
    arrays = lambda part: {name: value.numpy() for name, value in part.items()}
    inside = np.where(pool.judged[pool.row])[0]
    logits = encoder.predict(p, inside)[inside]
    written(path, arrays(encoder.embeddings), [arrays(part) for part in p["layers"]], arrays(p["head"]))
    np.savez(f"{work}/encoder-held.npz", readings=pool.readings[inside], logits=logits)
    say("written")


def said(work, folder, path):
    pool = Pool(work, False)
    encoder, inside = Encoder(folder, pool), np.where(pool.judged[pool.row])[0]
    np.savez(f"{work}/encoder-held.npz", readings=pool.readings[inside], logits=encoder.predict(weights_of(path), inside)[inside])


if __name__ == "__main__":
    {"folds": folds, "fit": fit, "said": said}[sys.argv[1]](*sys.argv[2:])
