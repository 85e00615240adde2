# Trains the second look of the misuse detector: all-MiniLM-L6-v2 with its upper layers trained further on requests, which
# src/safeguards/encoder.ts runs on what the first look leaves in doubt. Same environment as train-misuse.py, whose WORK
# folder it reads. Seeded; some minutes a fold and for the fit, on two idle cores.
#
#   python scripts/train-encoder.py folds WORK ENCODER                     writes WORK/encoder-left-out.npz
#   python scripts/train-encoder.py fit WORK ENCODER OUT.bin [START.bin]   writes WORK/encoder-held.npz too
#
# START.bin: the encoder of the round before, from which training goes on.
# Never give it anything of the evaluation sets. Choices were made on whole sources left out (decisions/010-misuse-detector.md).
import importlib.util, json, os, struct, sys, time
import numpy as np, jax, jax.numpy as jnp
from safetensors.numpy import load_file

spec = importlib.util.spec_from_file_location("misuse", os.path.join(os.path.dirname(os.path.abspath(__file__)), "train-misuse.py"))
misuse = importlib.util.module_from_spec(spec)
spec.loader.exec_module(misuse)

SEED = 100
LAYERS, TRAINED = 6, 3  # the lower layers and the embeddings stay as they are
PIECES = 62  # and two tokens that enclose them
DRAWN = dict(fold=12_000, ships=20_000)  # readings learned from, drawn by weight
RATE = 1e-4
LENGTHS = (12, 18, 24, 32, 48, PIECES + 2)
HEADS = [0, 1, *range(3, 17)]  # misuse, attack, categories; answers are not read
ROWS_TRAINED, ROWS_JUDGED = 700, 250  # of each source and label
READINGS_A_ROW, READINGS_JUDGED = 4, 8  # of each row: the first ones, and of those judged the last two as well
START, END = 101, 102


def say(text, started=time.time()):
    print(f"{time.time() - started:6.0f} s  {text}", flush=True)


# ---- data -----------------------------------------------------------------------------------------------------------
class Pool:
    """Rows that are learned from or judged, a limited number of each source, as readings of word pieces."""

    def __init__(self, work, folds):
        self.data = data = misuse.Data(work)
        data.blocks = data.windows = data.readings = None
        target, mask = data.heads()
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
                weight[rows] = min(misuse.ROWS_A_SOURCE, len(rows)) / max(chosen[rows].sum(), 1)
        weight *= chosen
        _, first, count = np.unique(data.reading_row, return_index=True, return_counts=True)
        place = np.arange(len(data.reading_row)) - np.repeat(first, count)
        left = np.repeat(count, count) - place
        row = data.reading_row
        self.learnt = chosen[row] & (place < READINGS_A_ROW)
        self.readings = np.where(self.learnt | (self.judged[row] & ((place < READINGS_JUDGED - 2) | (left <= 2))))[0]
        self.learnt, self.row = self.learnt[self.readings], row[self.readings]
        self.weight = weight[self.row] * self.learnt / np.maximum(np.bincount(self.row, self.learnt, len(data.rows)), 1)[self.row]
        self.target, self.mask = target[self.row][:, HEADS], mask[self.row][:, HEADS]
        self.pieces = [data.pieces[reading][:PIECES] for reading in self.readings]
        self.length = np.array([len(pieces) + 2 for pieces in self.pieces])
        self.bucket = np.searchsorted(LENGTHS, self.length)

    def ids(self, part, length):
        out = np.zeros((len(part), length), np.int32)
        for row, reading in enumerate(part):
            pieces = self.pieces[reading]
            out[row, 0], out[row, 1:1 + len(pieces)], out[row, 1 + len(pieces)] = START, pieces, END
        return out


# ---- encoder ----------------------------------------------------------------------------------------------------------
def norm(x, p, name):
    return (x - x.mean(-1, keepdims=True)) * jax.lax.rsqrt(x.var(-1, keepdims=True) + 1e-12) * p[name + ".weight"] + p[name + ".bias"]


def layer(p, x, bias):
    """If you change a step here, change src/safeguards/encoder.ts."""
    n, length, width = x.shape
    dense = lambda x, name: (x.reshape(n * length, -1) @ p[name + ".weight"].T + p[name + ".bias"]).reshape(n, length, -1)
    q, k, v = (dense(x, "attention.self." + name).reshape(n, length, 12, 32).transpose(0, 2, 1, 3) for name in ("query", "key", "value"))
    o = (jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(32) + bias) @ v).transpose(0, 2, 1, 3).reshape(n, length, width)
    x = norm(x + dense(o, "attention.output.dense"), p, "attention.output.LayerNorm")
    return norm(x + dense(jax.nn.gelu(dense(x, "intermediate.dense"), approximate=True), "output.dense"), p, "output.LayerNorm")


def hidden_by(real):
    return jnp.where(real > 0, 0., -1e4)[:, None, None, :]


class Encoder:
    def __init__(self, folder, pool):
        stored = {name: np.asarray(value) for name, value in load_file(f"{folder}/model.safetensors").items() if value.dtype != np.int64}
        self.embeddings = {name: jnp.asarray(value) for name, value in stored.items() if name.startswith("embeddings")}
        self.layers = [{name[len(f"encoder.layer.{i}."):]: jnp.asarray(value) for name, value in stored.items()
                        if name.startswith(f"encoder.layer.{i}.")} for i in range(LAYERS)]
        self.pool = pool
        self.start = np.concatenate([[0], np.cumsum(pool.length)])
        self.lower = np.zeros((pool.length.sum(), 384), np.float16)
        below = jax.jit(self.below)
        for bucket, length in enumerate(LENGTHS):
            chosen, size = np.where(pool.bucket == bucket)[0], 4096 // length
            for at in range(0, len(chosen), size):
                part = chosen[at:at + size]
                out = np.asarray(below(pool.ids(np.resize(part, size), length)))
                for row, reading in enumerate(part):
                    self.lower[self.start[reading]:self.start[reading + 1]] = out[row, :pool.length[reading]]
        say(f"lower layers, {self.lower.nbytes >> 20} MB")
        self.ask = jax.jit(self.forward)
        self.step = jax.jit(self.descend)

    def below(self, ids):
        e = self.embeddings
        x = (e["embeddings.word_embeddings.weight"][ids] + e["embeddings.position_embeddings.weight"][:ids.shape[1]]
             + e["embeddings.token_type_embeddings.weight"][0])
        x = norm(x, e, "embeddings.LayerNorm")
        for p in self.layers[:LAYERS - TRAINED]:
            x = layer(p, x, hidden_by(ids))
        return x.astype(jnp.float16)

    def batch(self, part, length):
        x, real = np.zeros((len(part), length, 384), np.float16), np.zeros((len(part), length), np.float32)
        for row, reading in enumerate(part):
            x[row, :self.pool.length[reading]] = self.lower[self.start[reading]:self.start[reading + 1]]
            real[row, :self.pool.length[reading]] = 1
        return x, real

    def forward(self, p, x, real, key=None):
        dropped = lambda z, key: z if key is None else z * jax.random.bernoulli(key, .9, z.shape) / .9
        x = x.astype(jnp.float32)
        for part in p["layers"]:
            x = layer(part, x, hidden_by(real))
        z = dropped((x * real[:, :, None]).sum(1) / real.sum(1, keepdims=True), key)
        h = dropped(jax.nn.gelu(z @ p["head"]["dense"] + p["head"]["dense:bias"], approximate=True), key)
        return h @ p["head"]["last"] + p["head"]["last:bias"]

    def loss(self, p, x, real, target, mask, key):
        z = self.forward(p, x, real, key)
        return ((jnp.maximum(z, 0) - z * target + jnp.log1p(jnp.exp(-jnp.abs(z)))) * mask).sum() / len(x)

    def descend(self, p, o, batch, key, rate):
        value, g = jax.value_and_grad(self.loss)(p, *batch, key)
        size = jnp.sqrt(sum((part ** 2).sum() for part in jax.tree.leaves(g)))
        g = jax.tree.map(lambda a: a * jnp.minimum(1, 1 / size), g)
        n = o["n"] + 1
        m = jax.tree.map(lambda a, b: .9 * a + .1 * b, o["m"], g)
        v = jax.tree.map(lambda a, b: .99 * a + .01 * b * b, o["v"], g)
        moved = lambda rate: lambda a, b, c: a - rate * (b / (1 - .9 ** n) / (jnp.sqrt(c / (1 - .99 ** n)) + 1e-8) + .01 * a * (a.ndim > 1))
        p = {name: jax.tree.map(moved(rate * (5 if name == "head" else 1)), p[name], m[name], v[name]) for name in p}
        return p, dict(n=n, m=m, v=v), value

    def train(self, outside, seed, draws, start=None):
        pool, rng = self.pool, np.random.default_rng(seed)
        one, two, key = jax.random.split(jax.random.PRNGKey(seed), 3)
        p = start or {"layers": self.layers[LAYERS - TRAINED:],
                      "head": {"dense": jax.random.normal(one, (384, 128)) * np.sqrt(1 / 384), "dense:bias": jnp.zeros(128),
                               "last": jax.random.normal(two, (128, len(HEADS))) * .02, "last:bias": jnp.zeros(len(HEADS))}}
        zeros = lambda: jax.tree.map(jnp.zeros_like, p)
        o = dict(n=jnp.zeros(()), m=zeros(), v=zeros())
        chance = pool.weight * outside
        drawn, batches = rng.choice(len(pool.readings), draws, p=chance / chance.sum()), []
        for bucket, length in enumerate(LENGTHS):
            chosen, size = drawn[pool.bucket[drawn] == bucket], max(16, 2048 // length)
            batches += [(np.resize(chosen[at:at + size], size), length) for at in range(0, len(chosen) - size // 2, size)]
        losses = []
        for number, index in enumerate(rng.permutation(len(batches))):
            part, length = batches[index]
            key, sub = jax.random.split(key)
            rate = RATE * min(1, (number + 1) / (.06 * len(batches))) * (1 - number / len(batches)) + 1e-7
            p, o, value = self.step(p, o, (*self.batch(part, length), pool.target[part], pool.mask[part]), sub, rate)
            losses.append(float(value))
            if number % 100 == 99:
                say(f"{number + 1} of {len(batches)} batches, loss {np.mean(losses[-100:]):.4f}")
        return p

    def predict(self, p, chosen):
        out = np.full((len(self.pool.readings), len(HEADS)), np.nan, np.float32)
        for bucket, length in enumerate(LENGTHS):
            some, size = chosen[self.pool.bucket[chosen] == bucket], 4096 // length
            for at in range(0, len(some), size):
                part = some[at:at + size]
                out[part] = np.asarray(self.ask(p, *self.batch(np.resize(part, size), length)))[:len(part)]
        return out


# ---- what it is run for -------------------------------------------------------------------------------------------------
def left_out(work, pool, encoder):
    """Logits of rows by encoders that saw neither them nor, where harmful, their source."""
    fold = pool.data.fold[pool.row]
    logits = np.full((len(pool.readings), len(HEADS)), np.nan, np.float32)
    for number in range(len(misuse.FOLDS)):
        p = encoder.train(fold != number, SEED + number, DRAWN["fold"])
        inside = np.where((fold == number) & pool.judged[pool.row])[0]
        logits[inside] = encoder.predict(p, inside)[inside]
        say(f"fold {number}")
        np.savez(f"{work}/encoder-left-out.npz", logits=logits, readings=pool.readings, judged=pool.judged)


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
    misuse.write_weights(path, tensors, {}, {}, "misuse-encoder@2")


def weights_of(path):
    """The trained part of an encoder that was written before: what `written` writes, back in full."""
    file = open(path, "rb").read()
    size = struct.unpack("<I", file[4:8])[0]
    listed, data = json.loads(file[8:8 + size])["tensors"], -(-(8 + size) // 8) * 8
    kinds = {"i8": np.int8, "f32": np.float32}
    tensors = {t["name"]: np.frombuffer(file, kinds[t["type"]], int(np.prod(t["shape"])), data + t["offset"]).reshape(t["shape"]) for t in listed}
    layers = [{} for _ in range(LAYERS)]
    for name, parts in MATRICES.items():
        whole = tensors[name].astype(np.float32) * tensors[name + ":scale"][:, None]
        for at, (rows, bias) in enumerate(zip(np.split(whole, LAYERS * len(parts)), np.split(tensors[name + ":bias"], LAYERS * len(parts)))):
            layers[at // len(parts)][parts[at % len(parts)] + ".weight"] = jnp.asarray(rows)
            layers[at // len(parts)][parts[at % len(parts)] + ".bias"] = jnp.asarray(bias)
    for name, part in {"norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}.items():
        for layer, both in zip(layers, np.split(tensors[name], LAYERS)):
            layer[part + ".weight"], layer[part + ".bias"] = map(jnp.asarray, np.split(both, 2))
    head = {name: jnp.asarray(tensors["head:" + name]) for name in ("dense", "dense:bias", "last", "last:bias")}
    return {"layers": layers[LAYERS - TRAINED:], "head": head}


def folds(work, folder):
    pool = Pool(work, True)
    say(f"{len(pool.readings)} readings, {pool.length.sum()} tokens")
    left_out(work, pool, Encoder(folder, pool))


def fit(work, folder, path, start=None):
    pool = Pool(work, False)
    say(f"{len(pool.readings)} readings, {pool.length.sum()} tokens")
    encoder = Encoder(folder, pool)
    p = encoder.train(np.ones(len(pool.readings), bool), SEED + 9, DRAWN["ships"], weights_of(start) if start else None)
    arrays = lambda part: {name: np.asarray(value) for name, value in part.items()}
    layers = encoder.layers[:LAYERS - TRAINED] + p["layers"]
    written(path, arrays(encoder.embeddings), [arrays(part) for part in layers], arrays(p["head"]))
    inside = np.where(pool.judged[pool.row])[0]
    np.savez(f"{work}/encoder-held.npz", readings=pool.readings[inside], logits=encoder.predict(p, inside)[inside])
    say("written")


if __name__ == "__main__":
    {"folds": folds, "fit": fit}[sys.argv[1]](*sys.argv[2:])
