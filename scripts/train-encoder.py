# Trains the second look of the misuse detector: all-MiniLM-L6-v2 with its upper layers trained further on requests, which
# src/safeguards/encoder.ts runs on what the cheap views leave in doubt. Same environment as train-misuse.py, whose WORK
# folder it reads. Seeded; about ten minutes a fold and for the fit, on two cores.
#
#   python scripts/train-encoder.py WORK ENCODER OUT.bin        writes WORK/encoder-left-out.npz too
#
# Never give it anything of the evaluation sets. Choices were made on whole sources left out (decisions/010-misuse-detector.md).
import importlib.util, os, sys, time
import numpy as np, jax, jax.numpy as jnp
from safetensors.numpy import load_file

spec = importlib.util.spec_from_file_location("misuse", os.path.join(os.path.dirname(os.path.abspath(__file__)), "train-misuse.py"))
misuse = importlib.util.module_from_spec(spec)
spec.loader.exec_module(misuse)

SEED = 100
LAYERS, TRAINED = 6, 3  # the lower layers and the embeddings stay as they are
PIECES = 94  # and two tokens that enclose them
DRAWN = 20_000  # windows learned from, drawn by weight
RATE = 1e-4
LENGTHS = (12, 18, 24, 32, 48, 64, PIECES + 2)
HEADS = [0, 1, *range(3, 17)]  # misuse, attack, categories; answers are not read
ROWS_TRAINED, ROWS_JUDGED = 1500, 600  # of each source and label
WINDOWS_A_ROW = 3
START, END = 101, 102


def say(text, started=time.time()):
    print(f"{time.time() - started:6.0f} s  {text}", flush=True)


# ---- data -----------------------------------------------------------------------------------------------------------
class Pool:
    """Rows that are learned from or judged, a limited number of each source, as windows of word pieces."""

    def __init__(self, work):
        self.data = data = misuse.Data(work)
        data.ngrams = None
        target, mask = data.heads()
        rng = np.random.default_rng(SEED)
        side = data.surface == "input"
        chosen, self.judged = np.zeros(len(data.rows), bool), np.zeros(len(data.rows), bool)
        weight = np.zeros(len(data.rows))
        for source in sorted(set(data.source)):
            for label in (0, 1):
                rows = np.where(side & (data.source == source) & (data.y == label))[0]
                self.judged[rng.permutation(rows[data.original[rows]])[:ROWS_JUDGED]] = True
                chosen[rng.permutation(rows)[:ROWS_TRAINED]] = True
                taken = (chosen | self.judged)[rows].sum()
                weight[rows] = min(misuse.ROWS_A_SOURCE, len(rows)) / max(taken, 1)
        windows = np.where((chosen | self.judged)[data.row_of] & data.learn)[0]
        _, first, count = np.unique(data.row_of[windows], return_index=True, return_counts=True)
        place = np.arange(len(windows)) - np.repeat(first, count)
        self.windows = windows[(place < WINDOWS_A_ROW) | self.judged[data.row_of[windows]]]
        row = data.row_of[self.windows]
        self.row = row
        self.weight = weight[row] / np.bincount(row, minlength=len(data.rows))[row]
        self.target, self.mask = target[self.windows][:, HEADS], mask[self.windows][:, HEADS]
        self.pieces = [data.pieces[window][:PIECES] for window in self.windows]
        self.length = np.array([len(pieces) + 2 for pieces in self.pieces])
        self.bucket = np.searchsorted(LENGTHS, self.length)

    def ids(self, part, length):
        out = np.zeros((len(part), length), np.int32)
        for row, window in enumerate(part):
            pieces = self.pieces[window]
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
                for row, window in enumerate(part):
                    self.lower[self.start[window]:self.start[window + 1]] = out[row, :pool.length[window]]
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
        for row, window in enumerate(part):
            x[row, :self.pool.length[window]] = self.lower[self.start[window]:self.start[window + 1]]
            real[row, :self.pool.length[window]] = 1
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

    def train(self, outside, seed):
        pool, rng = self.pool, np.random.default_rng(seed)
        one, two, key = jax.random.split(jax.random.PRNGKey(seed), 3)
        p = {"layers": self.layers[LAYERS - TRAINED:],
             "head": {"dense": jax.random.normal(one, (384, 128)) * np.sqrt(1 / 384), "dense:bias": jnp.zeros(128),
                      "last": jax.random.normal(two, (128, len(HEADS))) * .02, "last:bias": jnp.zeros(len(HEADS))}}
        zeros = lambda: jax.tree.map(jnp.zeros_like, p)
        o = dict(n=jnp.zeros(()), m=zeros(), v=zeros())
        chance = pool.weight * outside
        drawn, batches = rng.choice(len(pool.windows), DRAWN, p=chance / chance.sum()), []
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
        out = np.full((len(self.pool.windows), len(HEADS)), np.nan, np.float32)
        for bucket, length in enumerate(LENGTHS):
            some, size = chosen[self.pool.bucket[chosen] == bucket], 4096 // length
            for at in range(0, len(some), size):
                part = some[at:at + size]
                out[part] = np.asarray(self.ask(p, *self.batch(np.resize(part, size), length)))[:len(part)]
        return out


# ---- what it is run for -------------------------------------------------------------------------------------------------
def left_out(work, pool, encoder):
    """Logits of rows by encoders that saw neither them nor, where harmful, their source. Two folds of the other views make one."""
    fold = pool.data.fold[pool.row] // 2
    logits = np.full((len(pool.windows), len(HEADS)), np.nan, np.float32)
    for number in range(3):
        p = encoder.train(fold != number, SEED + number)
        inside = np.where((fold == number) & pool.judged[pool.row])[0]
        logits[inside] = encoder.predict(p, inside)[inside]
        say(f"fold {number}")
        np.savez(f"{work}/encoder-left-out.npz", logits=logits, windows=pool.windows, judged=pool.judged)


def eight_bits(rows):
    scale = np.maximum(np.abs(rows).max(1), 1e-9) / 127
    return np.clip(np.round(rows / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)


def written(path, embeddings, layers, head):
    tensors, both = {}, lambda part, name: np.concatenate([part[name + ".weight"], part[name + ".bias"]])
    tensors["words"], tensors["words:scale"] = eight_bits(embeddings["embeddings.word_embeddings.weight"])
    positions = embeddings["embeddings.position_embeddings.weight"][:PIECES + 2] + embeddings["embeddings.token_type_embeddings.weight"][0]
    tensors["positions"], tensors["norm"] = positions.astype(np.float32), both(embeddings, "embeddings.LayerNorm")
    matrices = {"qkv": ["attention.self.query", "attention.self.key", "attention.self.value"], "out": ["attention.output.dense"],
                "up": ["intermediate.dense"], "down": ["output.dense"]}
    for name, parts in matrices.items():
        tensors[name], tensors[name + ":scale"] = eight_bits(np.concatenate([part[n + ".weight"] for part in layers for n in parts]))
        tensors[name + ":bias"] = np.concatenate([part[n + ".bias"] for part in layers for n in parts]).astype(np.float32)
    tensors["norm1"] = np.concatenate([both(part, "attention.output.LayerNorm") for part in layers])
    tensors["norm2"] = np.concatenate([both(part, "output.LayerNorm") for part in layers])
    for name, value in head.items():
        tensors["head:" + name] = value.astype(np.float32)
    misuse.write_weights(path, tensors, {}, {}, "misuse-encoder@1")


def fit(work, folder, path):
    pool = Pool(work)
    say(f"{len(pool.windows)} windows, {pool.length.sum()} tokens")
    encoder = Encoder(folder, pool)
    left_out(work, pool, encoder)
    p = encoder.train(np.ones(len(pool.windows), bool), SEED + 9)
    arrays = lambda part: {name: np.asarray(value) for name, value in part.items()}
    layers = encoder.layers[:LAYERS - TRAINED] + p["layers"]
    written(path, arrays(encoder.embeddings), [arrays(part) for part in layers], arrays(p["head"]))
    few = np.where(np.isin(pool.row, np.unique(pool.row)[::100]))[0]
    np.savez(f"{work}/encoder-checks.npz", windows=pool.windows[few], logits=encoder.predict(p, few)[few])
    say("written")


if __name__ == "__main__":
    fit(*sys.argv[1:4])
