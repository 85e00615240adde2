# Trains the detector of planted orders (injection@2 of src/safeguards) and writes its weights, thresholds and card. Python 3.11 with
# numpy 2.4, scipy 1.17 and joblib in an environment outside the repository, whose own sources are harmless documents, too. Deterministic for one machine; a few minutes.
#
#   python scripts/train-injection.py rows TRAIN-FOLDER GPTEACHER OWN.jsonl WORK   a clone of teknium1/GPTeacher and what make-requests.ts wrote
#   node scripts/dump-sentences.ts WORK/rows.jsonl WORK
#   python scripts/train-injection.py folds WORK                     to choose by: whole sources left out
#   python scripts/train-injection.py fit WORK src/safeguards/artefacts
#
# Never give it anything of the evaluation sets. What was tried and what it scored: decisions/028-planted-orders.md.
import collections, datetime, glob, gzip, hashlib, json, os, re, struct, sys
import numpy as np

SEED = 20261130
HERE = os.path.dirname(os.path.abspath(__file__))

# ---- rows -----------------------------------------------------------------------------------------------------------


def chance_of(text):
    return int.from_bytes(hashlib.sha256(f"injection {text}".encode()).digest()[:4], "big") / 2 ** 32


def spun(text, rng):
    return re.sub(r"\{([^{}]*\|[^{}]*)\}", lambda found: str(rng.choice(found.group(1).split("|"))), text)


def sections_of(name):
    sections, section = collections.defaultdict(list), "lines"
    for line in open(f"{HERE}/data/{name}.txt"):
        line = line.rstrip("\n")
        if re.fullmatch(r"\[[\w ]+\]", line):
            section = line[1:-1]
        elif line and not line.startswith("# "):
            sections[section].append(line.replace("\\n", "\n"))
    return sections


def read(folder, name):
    with gzip.open(os.path.join(folder, name + ".jsonl.gz"), "rt") as file:
        return [json.loads(line) for line in file]


def some(items, count, rng):
    items = list(items)
    return items if len(items) <= count else [items[at] for at in sorted(rng.choice(len(items), count, replace=False))]


def packaged():
    """READMEs and code of the packages that package-lock.json names, under MIT, ISC, BSD or Apache-2.0."""
    modules = os.path.join(HERE, "..", "node_modules")
    for path in sorted(glob.glob(f"{modules}/*/package.json") + glob.glob(f"{modules}/@*/*/package.json")):
        about, home = json.load(open(path)), os.path.dirname(path)
        if about.get("license") not in ("MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause"):
            continue
        # Those for programs that ask models hold prompts to them.
        if re.search(r"^ai$|^@ai-sdk|anthropic|openai|inspect", about["name"]):
            continue
        for file in sorted(glob.glob(f"{home}/*.md") + glob.glob(f"{home}/docs/*.md")):
            text = open(file, errors="replace").read()
            parts = re.split(r"\n(?=#{1,3} )", text)
            for at in range(0, len(parts), 2):
                yield "readme", about["name"], "".join(parts[at:at + 2])[:3000]
        files = [file for end in ("js", "ts", "mjs") for file in glob.glob(f"{home}/**/*.{end}", recursive=True)
                 if "node_modules" not in file[len(home):] and ".min." not in file and os.path.getsize(file) > 400]
        seen = set()
        for file in sorted(files, key=lambda file: chance_of(os.path.relpath(file, modules)))[:60]:
            text = open(file, errors="replace").read()
            if max(map(len, text.split("\n"))) < 400 and not seen & {text[:500]}:
                seen.add(text[:500])
                yield "code", about["name"], text[int(chance_of(os.path.relpath(file, modules)) * max(0, len(text) - 2000)):][:2000]


def chunks(text, name, size=2000):
    return text[int(chance_of(name) * max(0, len(text) - size)):][:size]


def python_sources():
    """Code with its comments and docstrings, and the manual of the language."""
    import importlib.util, sysconfig
    library = sysconfig.get_paths()["stdlib"]
    homes = {"python": library, **{name: os.path.dirname(importlib.util.find_spec(name).origin) for name in ("numpy", "scipy", "joblib")}}
    for name, home in homes.items():
        files = [file for file in glob.glob(f"{home}/**/*.py", recursive=True)
                 if not re.search(r"/(site-packages|idlelib|lib2to3|encodings|pydoc_data)/", file[len(home):]) and os.path.getsize(file) > 1500]
        key = lambda file: chance_of(name + os.path.relpath(file, home))
        for file in sorted(files, key=key)[:300]:
            yield "python", f"python:{name}:{os.path.relpath(file, home).split(os.sep)[0]}", chunks(open(file, errors="replace").read(), os.path.relpath(file, home))
    import pydoc_data.topics
    for topic, text in sorted(pydoc_data.topics.topics.items()):
        for at in range(0, min(len(text), 12_000), 2000):
            yield "manuals", f"topic:{topic}", text[at:at + 2000]


def tables(rng):
    """Numbers, names and addresses in the forms in which tools give them."""
    words = "pump valve order Lund Oslo Keller Ortega grey large north daily open closed user item value total size speed".split()
    number = lambda: rng.choice([str(rng.integers(0, 10 ** int(rng.integers(1, 8)))), f"{rng.normal() * 100:.2f}", f"{rng.random():.4f}", str(rng.integers(0, 3))])
    cell = lambda: rng.choice([number(), number(), str(rng.choice(words)), f"2026-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}", f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}",
                               f"id_{rng.integers(0, 16 ** 6):06x}", f"{rng.choice(words).lower()}@{rng.choice(words).lower()}.example", f"https://{rng.choice(words).lower()}.example/{rng.integers(0, 9999)}"])
    for number_of in range(700):
        columns, lines = int(rng.integers(2, 8)), int(rng.integers(3, 25))
        grid = [[str(cell()) for _ in range(columns)] for _ in range(lines)]
        form = number_of % 6
        if form == 0:
            text = "\n".join(",".join(line) for line in grid)
        elif form == 1:
            text = json.dumps([{f"{words[at]}": value for at, value in enumerate(line)} for line in grid])
        elif form == 2:
            text = "\n".join(f"| {' | '.join(line)} |" for line in grid)
        elif form == 3:
            text = "\n".join("  ".join(line) for line in grid)
        elif form == 4:
            text = json.dumps([[number() for _ in range(columns)] for _ in range(lines)], indent=int(rng.integers(0, 3)) or None)
        else:
            text = "\n".join(f"{words[at % len(words)]}: {value}" for line in grid for at, value in enumerate(line))
        yield "tables", f"table:{number_of}", text


def told_by_models(folder, clone, own):
    """Answers of a model, of three kinds, and our own, which are as often alarming as not, refusals among them."""
    import importlib.util
    spec = importlib.util.spec_from_file_location("train_misuse", f"{HERE}/train-misuse.py")
    misuse = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(misuse)
    for path in misuse.GPTEACHER:
        for request, answer in misuse.answers_in(clone, folder, (path,)):
            if len(answer) >= 120:
                yield "told " + path.split("/")[0].lower(), "told:" + request, answer[:3000]
    for line in open(own):
        row = json.loads(line)
        if row["surface"] == "output":
            yield "told own", row["group"], row["text"]


def documents(folder, clone, own, rng):
    """Texts that nobody planted anything in: (source, group, text)."""
    for number, line in enumerate(sections_of("planted-documents")["lines"] + sections_of("injection-documents")["lines"]):
        yield "own documents", f"own:{number}", line
    orders = set()
    for row in read(folder, "bipia_email_train"):
        orders.add(row["meta"].get("injected", ""))
        if row["label"] == "benign":
            mail = row["text"].split("\n\n", 1)[1]
            yield "bipia mails", "mail:" + re.sub(r"\W", "", mail), mail
    messages = [row["text"] for row in read(folder, "sms_spam_collection")]
    for number, text in enumerate(some(messages, 2400, rng)):
        yield "messages", f"sms:{number}", text
    for at in range(0, 2000, 6):
        lines = [f"{rng.choice(['Ana', 'Ben', 'Kim', 'Ola', 'Tom', 'Mia'])}: {text}" for text in messages[at:at + 6]]
        yield "threads", f"thread:{at}", "\n".join(lines)
    for number, row in enumerate(some(read(folder, "diasafety_train"), 1500, rng)):
        yield "dialogues", f"dialogue:{number}", row["text"] + "\n" + row["response"]
    for number, row in enumerate(some(read(folder, "gptfuzz_labelled_responses_train"), 2400, rng)):
        # Many are of a jailbreak, and say what it told the model to say.
        if row["response_label"] == "benign" and not re.search(r"mode|prompt|\bDAN\b|\[[^\]]{2,30}\]|chatgpt|" + re.escape(row["text"][:40]), row["response"], re.I):
            yield "answers", "question:" + row["text"], row["response"][:3000]
        elif row["response_label"] == "harmful" and not re.search(r"mode\b|prompt|\bDAN\b|\[|chatgpt|unfiltered|^\(|" + re.escape(row["text"][:40]), row["response"], re.I):
            yield "answers", "question:" + row["text"], row["response"][:3000]
    for number, row in enumerate(some(read(folder, "banking77_support_train"), 1500, rng)):
        yield "tickets", f"ticket:{number}", row["text"]
    for number, row in enumerate(some(read(folder, "gsm8k_train"), 800, rng)):
        yield "exercises", f"exercise:{number}", row["text"]
    for number, row in enumerate(some(read(folder, "cybersoceval_defensive_questions"), 300, rng)):
        yield "security questions", f"security:{number}", row["text"]
    # Papers that talk of models, answers and what is asked of them: decisions up to 022, which nobody edits any more.
    for path in sorted(glob.glob(os.path.join(HERE, "..", "decisions", "0[0-2]*.md"))):
        if os.path.basename(path) < "023":
            for number, part in enumerate(re.split(r"\n(?=#)|\n\n", open(path).read())):
                if len(part) > 150:
                    yield "papers", f"paper:{os.path.basename(path)}", part[:2500]
    by_kind = collections.defaultdict(list)
    for one in told_by_models(folder, clone, own):
        by_kind[one[0]].append(one)
    for kind in sorted(by_kind):
        yield from some(by_kind[kind], 4000, np.random.default_rng(SEED + 2))
    yield from python_sources()
    yield from tables(np.random.default_rng(SEED + 1))
    for kind, package, text in packaged():
        yield kind, f"package:{package}", text


def orders(folder, rng):
    """Orders to plant: (source, text)."""
    yield from (("bipia", text) for text in sorted({row["meta"]["injected"] for row in read(folder, "bipia_email_train") if row["label"] == "harmful"}))
    yield from (("asb", row["text"]) for row in read(folder, "agent_injected_instructions"))
    for row in read(folder, "jailbreak_templates"):
        if "prompt_injection" in row["categories"] and len(row["text"]) < 600:
            yield "hijacks", row["text"]
    for line in sections_of("planted-orders")["harmful"]:
        yield from (("own orders", spun(line, rng)) for _ in range(8))
    for name, lines in sections_of("injection-orders").items():
        if name.startswith("harmful"):
            for line in lines:
                yield from (("own " + name.split()[1], spun(line, rng)) for _ in range(14))


def prompts(folder, rng):
    """What people ask assistants, which in a text that somebody else wrote is an order: (source, text)."""
    for row in some(read(folder, "gpteacher_instructions"), 2500, rng):
        text = row["text"].split("\n")[-1] if row["meta"].get("set") == "Toolformer" else row["text"]
        yield "gpteacher", text
    for name, count in dict(self_instruct_seed_tasks=200, cyberseceval_instruct_benign_coding=400, role_prompts_third_a=300,
                            jailbreaks_in_the_wild_half_a=400).items():
        yield from ((name, row["text"]) for row in some(read(folder, name), count, rng))


def planted(document, order, rng):
    ends = [0, *(found.end() for found in re.finditer(r"(?<=[.!?\n])(?= )|\n", document)), len(document)]
    at = int(rng.choice([0, len(document), *ends, *ends]))
    before, after = document[:at], document[at:]
    glue = "\n" if "\n" in document or rng.random() < 0.3 else " "
    return before + (glue if before and not before.endswith("\n") else "") + order + (glue if after else "") + after


def make_rows(folder, clone, own, work):
    rng = np.random.default_rng(SEED)
    rows = []
    add = lambda **row: rows.append(row)
    clean = list(documents(folder, clone, own, rng))
    asides = sections_of("planted-orders")["benign"] + sections_of("injection-orders")["benign"]
    for source, group, text in clean:
        add(text=text, source=source, group=group, kind="clean")
        if chance_of("json " + text) < 0.1:
            add(text=json.dumps({"result": text, "ok": True}, ensure_ascii=False), source="json", group=group, kind="clean")
    for number, line in enumerate(asides):
        for _ in range(12):
            add(text=spun(line, rng), source="own asides", group=f"aside:{number}", kind="clean")
    for number, line in enumerate(asides):
        for _ in range(2):
            name, group, document = clean[rng.integers(137)]
            add(text=planted(document, spun(line, rng), rng), source="own documents told", group=group if chance_of(group) < 1 / 3 else f"aside:{number}", kind="clean")
    kinds = ["own documents", "own documents", "bipia mails", "threads", "answers", "told roleplay", "told toolformer", "readme", "code", "python", "manuals", "tables"]
    hosts = [one for one in clean if one[0] in kinds]
    by = collections.defaultdict(list)
    for one in hosts:
        by[one[0]].append(one)
    host = lambda: (lambda docs: docs[rng.integers(len(docs))])(by[str(rng.choice(kinds))])
    for source, order in orders(folder, rng):
        for _ in range({"bipia": 12, "asb": 2, "hijacks": 6}.get(source, 1)):
            name, group, document = host()
            add(text=planted(document, order, rng), order=order, source=source, group=group, kind="planted", item=order)
    for row in read(folder, "bipia_email_train"):
        if row["label"] == "harmful":
            mail = row["text"].split("\n\n", 1)[1]
            order = row["meta"]["injected"]
            if order in mail:
                add(text=mail, order=order, source="bipia in its mails", group="mail:" + re.sub(r"\W", "", mail.replace(order, "")), kind="planted", item=order)
    for source, prompt in prompts(folder, rng):
        add(text=prompt[:700], order=prompt[:700], source=source, group="prompt:" + prompt[:60], kind="prompt", item=prompt[:60])
    own = sections_of("requests-planted")
    for name, lines in own.items():
        if name.startswith("harmful") or name.startswith("benign"):
            for number, line in enumerate(lines):
                add(text=line, source="own pairs", group=f"pair:{number}", kind="pair", label=int(name.startswith("harmful")))
    with open(f"{work}/rows.jsonl", "w") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
    for (kind, source), count in sorted(collections.Counter((row["kind"], row["source"]) for row in rows).items()):
        print(kind, source, count)


# ---- learning -------------------------------------------------------------------------------------------------------
BUCKETS = 1 << 17
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
FOLDS = 3
# Half of what harmless texts weigh goes to what is most like orders.
EMPHASIS = collections.defaultdict(lambda: 1.0, {"code": 3.0, "readme": 3.0, "python": 3.0, "manuals": 3.0, "papers": 3.0, "tables": 2.0, "own asides": 3.0, "own documents": 2.0, "own documents told": 2.0,
                                                   "told roleplay": 3.0, "told codegen": 2.0, "told toolformer": 2.0})
# Of every source the same share of the reference, but for what is rarely what tools give.
REFERENCE = {"own documents": 0.06, "own documents told": 0.02, "bipia mails": 0.03, "messages": 0.12, "threads": 0.08, "papers": 0.03, "dialogues": 0.08, "answers": 0.06, "told own": 0.02, "told roleplay": 0.05, "told codegen": 0.02, "told toolformer": 0.03,
             "tickets": 0.07, "readme": 0.08, "code": 0.08, "python": 0.08, "manuals": 0.07, "tables": 0.05, "json": 0.03, "exercises": 0.01, "security questions": 0.01}


class Data:
    def __init__(self, work):
        import scipy.sparse as sp
        self.rows = [json.loads(line) for line in open(f"{work}/rows.jsonl")]
        self.row = np.fromfile(f"{work}/row.u32", np.uint32).astype(np.int64)
        self.label = np.fromfile(f"{work}/label.u8", np.uint8)
        ends = np.fromfile(f"{work}/ends.u32", np.uint32).astype(np.int64)
        ngrams = np.fromfile(f"{work}/ngrams.u32", np.uint32).astype(np.int32)
        starts = np.concatenate([[0], ends[:-1]])
        self.count = np.maximum(1, ends - starts).astype(np.float64)
        self.counts = sp.csr_matrix((np.ones(len(ngrams), np.float32), ngrams, np.concatenate([[0], ends])), (len(ends), BUCKETS))
        self.counts.sum_duplicates()
        seen = np.asarray((self.counts > 0).sum(0)).ravel()
        # N-grams that hardly any sentence has are worth more than their share, and those of one sentence nothing.
        self.worth = np.where(seen >= 2, np.log(len(ends) / np.maximum(1, seen)), 0).astype(np.float32)
        self.x = (sp.diags(1 / np.sqrt(self.count)).astype(np.float32) @ self.counts @ sp.diags(self.worth)).tocsr()
        self.kind = np.array([row["kind"] for row in self.rows])
        self.source = np.array([row["source"] for row in self.rows])
        fold = lambda text: int(chance_of(text) * FOLDS)
        self.fold = np.array([fold(row["group"]) for row in self.rows])
        self.item_fold = np.array([fold("item " + row["item"]) if "item" in row else fold(row["group"]) for row in self.rows])


def train(data, use_rows, weight_decay=1e-5, iterations=200):
    """Logistic regression over sentences; the sources of each label weigh alike, whatever their size, and so do both labels."""
    import scipy.optimize as optimize
    y = (data.label == 1).astype(np.float32)
    first = np.concatenate([[True], data.row[1:] != data.row[:-1]])
    second = np.concatenate([[False], first[:-1]])
    kind, source = data.kind[data.row], data.source[data.row]
    # Of a prompt only how it begins is surely an order.
    use = use_rows[data.row] & (data.label != 2) & (kind != "pair") & ((kind != "prompt") | first | second)
    weight = np.zeros(len(y), np.float32)
    for label in (0, 1):
        here = use & (y == label)
        for name in np.unique(source[here]):
            of = here & (source == name)
            weight[of] = EMPHASIS[name] * min(1.0, of.sum() / 100) / of.sum()
        weight[here] /= 2 * weight[here].sum()
    x, sign, weight = data.x[use], 2 * y[use] - 1, weight[use]
    columns = x.T.tocsr()

    def loss(point):
        margin = np.clip(-sign * (x @ point[:-1].astype(np.float32) + np.float32(point[-1])), -50, 50)
        slope = -sign * weight / (1 + np.exp(-margin))
        value = (weight * np.logaddexp(0, margin)).sum() + weight_decay * (point[:-1] ** 2).sum()
        return float(value), np.concatenate([columns @ slope + 2 * weight_decay * point[:-1], [slope.sum()]]).astype(np.float64)

    found = optimize.minimize(loss, np.zeros(BUCKETS + 1), jac=True, method="L-BFGS-B", options=dict(maxiter=iterations)).x
    return eight_bits(found[:-1] * data.worth), float(found[-1])


def eight_bits(weights):
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9995) / 127)
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8), scale


def scores(data, model):
    """Highest logit of each row: of sentences, and of two that follow each other."""
    (table, scale), bias = model
    sums = data.counts @ table.astype(np.float64)
    best = np.full(len(data.rows), -np.inf)
    np.maximum.at(best, data.row, bias + scale * sums / np.sqrt(data.count))
    same = data.row[1:] == data.row[:-1]
    both = bias + scale * (sums[1:] + sums[:-1]) / np.sqrt(data.count[1:] + data.count[:-1])
    np.maximum.at(best, data.row[1:][same], both[same])
    return best


def thresholds_of(data, best, but=()):
    at, weight = [], []
    for source, share in REFERENCE.items():
        here = np.flatnonzero((data.source == source) & (data.kind == "clean"))
        if source not in but:
            at.extend(here)
            weight.extend([share / len(here)] * len(here))
    order = np.argsort(-best[at])
    above = np.cumsum(np.array(weight)[order]) / np.sum(weight)
    # Above it lies at most the share.
    return {rate: float(best[at][order][max(0, np.searchsorted(above, rate, side="right") - 1)] + 1e-6) for rate in RATES}


def held_back(data, left=(), rounds=range(FOLDS)):
    """Logits of rows by models that saw neither their document nor their order, nor anything of the sources left out."""
    best = np.full(len(data.rows), np.nan)
    out = np.isin(data.source, left)
    for fold in rounds:
        model = train(data, ~out & (data.fold != fold) & (data.item_fold != fold))
        here = (data.fold == fold) & ((data.item_fold == fold) | out | (data.kind == "clean"))
        best[here] = scores(data, model)[here]
    return best


def flagged(data, best, limits, rates=RATES):
    """Per source and label, of rows that were held back."""
    held = {str(rate): [] for rate in rates}
    for source in sorted(set(data.source)):
        for label in ("benign", "harmful"):
            said = np.array([row.get("label", 0 if row["kind"] == "clean" else 1) == (label == "harmful") for row in data.rows])
            here = (data.source == source) & said & ~np.isnan(best)
            for rate in rates:
                if here.any():
                    held[str(rate)].append(dict(source=source, label=label, rows=int(here.sum()), flagged=round(float(np.mean(best[here] >= limits[rate])), 4)))
    return held


LEFT = {"bipia": ["bipia", "bipia in its mails"], "asb": ["asb"], "hijacks": ["hijacks"],
        "own": ["own tasks", "own form", "own additions", "own actions", "own overrides", "own orders"],
        "messages": ["messages", "threads"], "answers": ["answers"], "told": ["told roleplay", "told codegen", "told toolformer"], "told own": ["told own"], "packages": ["readme", "code"], "python": ["python", "manuals"], "tickets": ["tickets"], "dialogues": ["dialogues"]}


def left_out(data, rounds=(0,)):
    found = {}
    for name, left in LEFT.items():
        best = held_back(data, left, rounds)
        seen = Seen(data, ~np.isnan(best))
        limits = thresholds_of(seen, best[~np.isnan(best)], left)
        found[name] = {rate: [row for row in rows if row["source"] in left] for rate, rows in flagged(data, best, limits, (0.005, 0.01, 0.02)).items()}
        print("left out", name, json.dumps(found[name]["0.005"]), json.dumps([row["flagged"] for row in found[name]["0.02"]]), flush=True)
    return found


class Seen:
    """Some of the rows."""

    def __init__(self, data, here):
        self.source, self.kind = data.source[here], data.kind[here]


def folds(work):
    with open(f"{work}/left-out.json", "w") as file:
        json.dump(left_out(Data(work)), file)


def fit(work, out):
    data = Data(work)
    best = held_back(data)
    limits = thresholds_of(data, best)
    held = flagged(data, best, limits)
    for row, wide in zip(held["0.005"], held["0.02"]):
        print(f"{row['source']:34s} {row['label']:8s} {row['rows']:6d} {row['flagged']:.4f} {wide['flagged']:.4f}")
    print(limits)
    (table, scale), bias = train(data, np.ones(len(data.rows), bool))
    chance = lambda logit: 1 / (1 + float(np.exp(-logit)))
    thresholds = {"data:injection": [dict(benignRate=rate, score=chance(limit)) for rate, limit in limits.items()]}
    write_weights(f"{out}/injection-2.bin", {"ngrams:planted": table}, {"ngrams:planted:scale": scale, "ngrams:planted:bias": bias}, thresholds)
    weights = open(f"{out}/injection-2.bin", "rb").read()
    counts = collections.Counter((row["source"], row["kind"]) for row in data.rows)
    left = json.load(open(f"{work}/left-out.json"))
    card = dict(
        safeguard="injection@2", weights="sha256:" + hashlib.sha256(weights).hexdigest(), date=datetime.date.today().isoformat(), seed=SEED,
        script="scripts/train-injection.py", licence="Apache-2.0",
        method="sentences and lines of data, each by itself and with the one before it: hashed character 4-grams and word 1-2-grams, counted, 2^17 buckets, logistic regression, 8 bits; the highest counts",
        data=[dict(source=source, kind=kind, rows=count) for (source, kind), count in sorted(counts.items())],
        dataNote="clean: texts without orders to a model. planted: an order in such a text. prompt: what people ask assistants, of which the beginning counts as an order. own_*: scripts/data/, written for this project; "
                 "some of those lines were written after the orders of bipia and asb in the training sets had been read. readme and code: packages that package-lock.json names. papers: decisions/ of this project. python and manuals: Python and its packages numpy, scipy and joblib. tables: made up by the script. Nothing of the evaluation sets was used. "
                 "Licences and authors: NOTICES.md beside this card.",
        reference=REFERENCE, referenceNote="Share of each source, of documents held back from training.",
        thresholds=thresholds, thresholdsNote="Score that the share benignRate of the reference exceeds.",
        held=held, heldNote="Of rows whose document and order were held back, by benign rate.",
        leftOut=left, leftOutNote="Of sources of which nothing was trained on, by what was left out together and benign rate.")
    with open(f"{out}/injection-2.card.json", "w") as file:
        file.write(json.dumps(card, indent=1) + "\n")


def write_weights(path, tensors, numbers, thresholds):
    """The layout that src/safeguards/weights.ts reads."""
    listed, blobs, offset = [], [], 0
    for name, array in tensors.items():
        listed.append(dict(name=name, type="i8", shape=list(array.shape), offset=offset))
        blobs.append(array.tobytes())
        offset += len(blobs[-1])
    head = json.dumps(dict(detector="injection@2", tensors=listed, numbers=numbers, thresholds=thresholds), separators=(",", ":")).encode()
    head = b"HGW1" + struct.pack("<I", len(head)) + head
    with open(path, "wb") as file:
        file.write(head + b"\0" * (-len(head) % 8) + b"".join(blobs))


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    dict(rows=make_rows, folds=folds, fit=fit)[verb](*rest)
