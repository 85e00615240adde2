"""What verify.py rests on: strict and canonical JSON, strict base64, Ed25519, RFC 6962 trees, the signed head, DSSE, exact bounds.
Standards, each named."""
import base64, functools, hashlib, json, math, re
from decimal import Decimal

class Fault(Exception):
    """What does not verify: the first difference."""

def need(ok, why):
    if not ok:
        raise Fault(why)

# --- JSON, digests, base64 -------------------------------------------------------------------------------------------------------

def parse(text):
    def once(pairs):
        members = dict(pairs)
        need(len(members) == len(pairs), "a key stands twice in one object")
        return members
    def exact(number):
        value = float(number)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_float=exact, parse_constant=lambda _: need(False, "no number"))
    except (ValueError, RecursionError) as error:
        raise Fault(f"not JSON: {error}") from error

def canonical(value):
    """RFC 8785: members in the order of their UTF-16 units, numbers and texts as ECMAScript writes them."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(of)}" for name, of in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        text = repr(value)
        if "e" in text and 1e-6 <= abs(value) < 1e21:
            return format(Decimal(text), "f")
        return re.sub(r"e([+-])0*", r"e\1", text)
    return json.dumps(value, ensure_ascii=False)

def utf8(text):
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Fault("half of a surrogate pair") from error

def same(value, text):
    return utf8(canonical(value)) == text

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def digest(text):
    return "sha256:" + sha(text).hex()

def of64(text, url=False):
    need(isinstance(text, str) and text.isascii(), "not base64")
    try:
        padded = text + "=" * (-len(text) % 4) if url else text
        found = base64.b64decode(padded, b"-_" if url else None, validate=True)
    except ValueError as error:
        raise Fault("not base64") from error
    again = base64.urlsafe_b64encode(found).rstrip(b"=") if url else base64.b64encode(found)
    need(again.decode() == text, "not strict base64")
    return found

# --- Ed25519, RFC 8032 section 5.1, verification only ----------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
SMALL = {0, 1, P - 1, *(int.from_bytes(bytes.fromhex(y), "little") for y in (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"))}

def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f, g, h = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P, 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P

def point(key):
    """None for what is no point, has a second spelling, or is of small order."""
    y = int.from_bytes(key, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if len(key) != 32 or y >= P or y in SMALL:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

def both(s, h, at):
    """s · BASE + h · at, bit by bit of both at once."""
    found, sum = (0, 1, 1, 0), add(BASE, at)
    for bit in range(252, -1, -1):
        found, of = add(found, found), (s >> bit & 1, h >> bit & 1)
        if any(of):
            found = add(found, sum if all(of) else BASE if of[0] else at)
    return found

@functools.lru_cache(4096)
def verifies(key, message, signature):
    at, s = point(key), int.from_bytes(signature[32:], "little")
    if at is None or len(signature) != 64 or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    x, y, z, _ = both(s, L - h, at)
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]

# --- Trees, the signed head, envelopes --------------------------------------------------------------------------------------------

def leaf(text):
    return sha(b"\0", text)

def roots(leaves):
    """The root at every size from 0 on."""
    peaks, found = [], [digest(b"")]
    for size, hash in enumerate(leaves, 1):
        peaks.append(hash)
        while size % 2 == 0:
            last = peaks.pop()
            peaks[-1], size = sha(b"\1", peaks[-1], last), size // 2
        root = peaks[-1]
        for peak in reversed(peaks[:-1]):
            root = sha(b"\1", peak, root)
        found.append("sha256:" + root.hex())
    return found

def climb(hash, index, size, path):
    """RFC 9162 section 2.1.3.2."""
    last = size - 1
    for sibling in path:
        need(last > 0, "a path is too long")
        if index % 2 or index == last:
            hash = sha(b"\1", sibling, hash)
            while index and index % 2 == 0:
                index, last = index // 2, last // 2
        else:
            hash = sha(b"\1", hash, sibling)
        index, last = index // 2, last // 2
    need(last == 0, "a path is too short")
    return hash

def head(note, origin, key):
    cut = note.rfind("\n\n")
    text, lines = note[: cut + 1], note[cut + 2 :].split("\n")
    need(cut >= 0 and lines.pop() == "" and not re.search("[\0-\t\x0b-\x1f]", note), "not a signed note")
    raw, signed = of64(key), False
    mark = sha(origin.encode(), b"\n\1", raw)[:4]
    for line in lines:
        words = line.split(" ")
        need(len(words) == 3 and words[0] == "\u2014", "a signature line of the checkpoint is malformed")
        signature = of64(words[2])
        if words[1] == origin and signature[:4] == mark:
            need(verifies(raw, utf8(text), signature[4:]), "the signature on the checkpoint does not fit")
            signed = True
    named, size, root, *_ = text.split("\n") + ["", ""]
    need(signed and named == origin and re.fullmatch("0|[1-9][0-9]{0,15}", size), "the log key of the first root has not signed this checkpoint")
    return int(size), "sha256:" + of64(root).hex()

# --- DSSE envelopes and in-toto statements ------------------------------------------------------------------------------------------

class Act:
    def __init__(self, record, index):
        entry, envelope = of64(record["leaf"]), of64(record["envelope"])
        frame = parse(envelope)
        need(same(frame, envelope) and frame.keys() == {"payload", "payloadType", "signatures"}, f"entry {index}: not a canonical envelope")
        payload, kind = of64(frame["payload"]), frame["payloadType"]
        keys = [one["keyid"] for one in frame["signatures"]]
        need(kind == "application/vnd.in-toto+json" and 1 <= len(keys) <= 16 and keys == sorted(set(keys)), f"entry {index}: another envelope")
        signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
        for one in frame["signatures"]:
            need(one.keys() == {"keyid", "sig"}, f"entry {index}: another envelope")
            need(verifies(of64(one["keyid"]), signed, of64(one["sig"])), f"entry {index}: a signature does not verify")
        statement = parse(payload)
        of = statement["predicate"]
        self.index, self.signers, self.leaf, self.digest = index, keys, leaf(entry), digest(payload)
        self.verb, self.at, self.body, self.seen, self.deployment = of["verb"], of["at"], of["body"], of["seen"], of["deployment"]
        self.subject = digest(utf8(canonical(self.body)))
        expected = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://headgate.dev/act/v1", "predicate": of,
                    "subject": [{"name": self.verb, "digest": {"sha256": self.subject[7:]}}]}
        need(statement == expected and same(statement, payload), f"entry {index}: not a canonical statement")
        need(same({"statement": digest(envelope), "v": 1, "verb": self.verb}, entry), f"entry {index}: its leaf names another statement")

# --- Exact bounds of a rate ----------------------------------------------------------------------------------------------------------

def tail(failures, trials, rate):
    """The chance of at most so many failures: the exact binomial sum."""
    if rate <= 0 or rate >= 1:
        return 1.0 if rate <= 0 or failures >= trials else 0.0
    of = lambda k: math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * math.log(rate) + (trials - k) * math.log1p(-rate)
    return min(1.0, math.fsum(math.exp(of(k)) for k in range(failures + 1)))

def crossing(is_below):
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return low

def exact_upper(failures, trials, confidence):
    """Clopper and Pearson: the largest rate under which so few failures still have the chance 1 - confidence."""
    return 1.0 if failures >= trials else crossing(lambda rate: tail(failures, trials, rate) > 1 - confidence)

def exact_lower(failures, trials, confidence):
    return 0.0 if failures == 0 else crossing(lambda rate: 1 - tail(failures - 1, trials, rate) < 1 - confidence)

# --- Bounds that hold at all times at once (Ville 1939, Robbins 1970) ------------------------------------------------------------------

def gained(failures, trials, limit):
    """ln of what a stake of 1, spread evenly over the rates below the limit, has become: the integral of the likelihood over them, by
    its value at the limit and by the limit."""
    if trials == 0 or limit >= 1:
        return 0.0 if trials == 0 else math.inf
    ends = math.lgamma(failures + 1) + math.lgamma(trials - failures + 1)
    odds = math.log(limit) - math.log1p(-limit)
    logs = [ends - math.lgamma(k + 1) - math.lgamma(trials - k + 2) + (k - failures - 1) * odds for k in range(failures + 1, trials + 2)]
    return max(logs) + math.log(math.fsum(math.exp(one - max(logs)) for one in logs))

def sure_upper(failures, trials, confidence):
    return 1.0 if failures >= trials else crossing(lambda rate: gained(failures, trials, rate) < -math.log(1 - confidence))

def sure_lower(failures, trials, confidence):
    return 1 - sure_upper(trials - failures, trials, confidence)
