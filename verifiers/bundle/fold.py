"""Who may do what, as docs/replay.md has it: one rule a verb, in the table RULES. A statement that a rule refuses changes nothing.

What stands in no table is not known: it is said (Unknown, exit code 3), and never becomes a pass.
"""
from datetime import datetime, timezone
from proofs import Fault

class Unknown(Exception):
    """What this verifier has no rule for, in words."""

class Refused(Exception):
    pass

STAGES = ["internal", "evaluators", "trusted", "limited", "general"]
SEVERITIES = ["low", "medium", "high", "critical"]
OPERATORS = {"owner", "safety", "assurance", "policy", "access", "evaluator", "reviewer"}  # everybody but auditors
RUNNERS, TELLERS, REVIEWERS = {"owner", "assurance", "evaluator"}, {"owner", "assurance", "policy"}, {"owner", "safety", "assurance", "policy"}
IDLE = {"organisation", "widen", "narrow", "reading", "review"}  # no judgement reads them
CLOSING = {"suspend", "hold", "restriction", "narrow", "lapse", "withdrawal"}
NO_SAFEGUARDS = "sha256:7178ecd8056ea8072c931633d1f2e9b8a8de52109380cf076128d5e63d92ca63"
HOUR, DAY, CONFIGURATION = 3_600_000, 86_400_000, ("model", "safeguards", "policy")
RULES, FACTS = {}, {}

def ms(at):
    try:
        return round(datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp() * 1000)
    except ValueError as error:
        raise Fault(f"not a time: {at}") from error

def must(ok):
    if not ok:
        raise Refused

def is_worse(one, other):
    return SEVERITIES.index(one) >= SEVERITIES.index(other)

def seats(quorum):
    return {one["role"]: sum(seat["count"] for seat in quorum if seat["role"] == one["role"]) for one in quorum}

def server_keys(root):
    return [root["log"]["key"], root["control"], *root["gateways"]]

class State:
    def __init__(self):
        self.root = self.root_digest = self.deployment = None
        self.acts, self.hashes, self.gone, self.of_browsers, self.pair = set(), set(), set(), set(), False
        self.persons, self.by_key, self.invitations, self.documents = {}, {}, {}, {}
        self.permits, self.evidence, self.proposals, self.certificates = {}, {}, {}, {}
        self.holds, self.incidents, self.intervals, self.exchanges, self.facts = {}, {}, {}, {}, []
        self.mandates, self.restrictions, self.lifted, self.glasses, self.ended = {}, [], [], {}, set()

    def fold(self, act, root_at):
        """False where a rule refuses it."""
        try:
            must((self.root is None) == (act.verb == "root" and act.index == 0))
            must(act.digest not in self.acts and self.deployment in (None, act.deployment))
            opens = act.verb == "fact" and act.body["fact"]["kind"] == "incident" and act.body["fact"]["state"] == "open"
            if act.seen and not (opens or act.verb in CLOSING or act.verb == "sign-off" and act.body["verdict"] == "against"):
                must(act.seen["size"] <= act.index and root_at[act.seen["size"]] == act.seen["root"])
            if act.verb not in IDLE:
                self.apply(act, act.body)
            self.acts.add(act.digest)
            return True
        except Refused:
            return False

    def apply(self, act, body):
        if act.verb not in RULES:
            raise Unknown(f"statements of the verb {act.verb}")
        roles, rule = RULES[act.verb]
        found = {key: self.persons.get(self.by_key.get(key)) for key in act.signers}
        act.strangers = [key for key, one in found.items() if one is None or one["suspended"]]
        act.persons = list({one["person"]: one for key, one in found.items() if key not in act.strangers}.values())
        by_control = act.verb == "hold" and not act.persons and act.strangers == [self.root["control"]]
        if roles and not by_control and not self.is_about_own_keys(act, body):
            must(not act.strangers and any(one["role"] in roles for one in act.persons))
            if act.verb == "invite":
                must(len(act.persons) >= self.needed() and all(one["role"] in OPERATORS for one in act.persons))
            else:
                must(len(act.persons) == (2 if act.verb == "break-glass" or act.verb == "permit" and takes_two(body) else 1))
        rule(self, act, body)

    def is_about_own_keys(self, act, body):
        about = body if act.verb == "invite" and "furtherKey" in body else body["target"] if act.verb == "suspend" else {}
        own = act.verb == "invite" or about.get("kind") == "person-key"
        return own and not act.strangers and [one["person"] for one in act.persons] == [about.get("person")]

    def needed(self):
        return 2 if self.pair else 1

    def is_free(self, key):
        taken = {*self.by_key, *self.gone, *server_keys(self.root), *(one["key"] for one in self.invitations.values())}
        return key not in taken

    def applied(self, kind, digest, name=None):
        return any(digest in one["all"] for (of, called), one in self.documents.items() if of == kind and name in (None, called))

    def latest(self, model):
        return self.certificates[model][-1] if model in self.certificates else None

    def house(self, person):
        return self.persons[person].get("affiliation") if person in self.persons else None

    def admit(self, act, body, key):
        more = {name: body[name] for name in ("affiliation", "mandated") if name in body}
        self.persons[body["person"]] = {"person": body["person"], "role": body.get("role", "owner"), "name": body["name"],
                                        "keys": [key], "admitted": act.index, "suspended": False, **more}
        self.by_key[key] = body["person"]

def rule(verb, *roles):
    def keep(of):
        RULES[verb] = set(roles), of
        return of
    return keep

def takes_two(permit):
    return "bare" in permit or "adaptive" in permit

@rule("root")
def on_root(state, act, body):
    keys, owner, old = server_keys(body), body["firstOwner"], state.root
    must(len(set(keys)) == len(keys) and all(len(seats(body["floors"][stage])) >= 2 for stage in STAGES[1:]))
    if old is None:
        must(body["version"] == 1 and body["previous"] is None and owner and owner["key"] not in keys)
        must(set(act.signers) == {owner["key"], *keys})
        state.deployment = act.deployment
        state.admit(act, owner, owner["key"])
    else:
        fresh = [key for key in keys if key not in server_keys(old)]
        must(body["version"] == old["version"] + 1 and body["previous"] == state.root_digest and owner is None)
        must(body["log"]["origin"] == old["log"]["origin"] and body["demo"] == old["demo"])
        must(all(map(state.is_free, fresh)) and set(act.strangers) == set(fresh))
        must(any(one["role"] == "owner" for one in act.persons) and all(one["role"] in OPERATORS for one in act.persons))
        must(len(act.persons) >= max(old["personsForChange"], body["personsForChange"], state.needed()))
    state.root, state.root_digest = body, act.digest

def codes(state, person):
    """Invitations for further keys that nobody answered."""
    return [one for one in state.invitations.values() if "furtherKey" in one and one["person"] == person and not one["spent"]]

def is_cli(state, act, person):
    """Whether a key of theirs signed that is no browser's."""
    return any(key in person["keys"] and key not in state.of_browsers for key in act.signers)

@rule("invite", "owner")
def on_invite(state, act, body):
    must(state.is_free(body["key"]))
    lasts = ms(body["notAfter"]) - ms(act.at)
    if "furtherKey" in body:
        must(0 < lasts <= DAY / 24 and [one["person"] for one in act.persons] == [body["person"]])
        must(all(body.get(name) == act.persons[0].get(name) for name in ("role", "name", "affiliation", "mandated")))
        must(len(act.persons[0]["keys"]) + sum(one["notAfter"] > act.at for one in codes(state, body["person"])) < 8)
    else:
        must(body["person"] not in state.persons and 0 < lasts <= 30 * DAY and (state.pair or body["role"] in OPERATORS))
        must("mandated" not in body or body["role"] == "evaluator" and "affiliation" in body)
    of_browser = not any(is_cli(state, act, one) for one in act.persons)
    state.invitations[act.digest] = {**body, "signers": [one["person"] for one in act.persons], "of_browser": of_browser, "spent": False}

@rule("admit")
def on_admit(state, act, body):
    invitation, key = state.invitations.get(body["invitation"]), body["key"]
    must(invitation and not invitation["spent"] and act.at <= invitation["notAfter"] and body["person"] == invitation["person"])
    must(key != invitation["key"] and state.is_free(key) and not act.persons and set(act.strangers) == {invitation["key"], key})
    one, of_browser = state.persons.get(body["person"]), {key} if invitation and (invitation["of_browser"] or "madeIn" in body) else set()
    if "furtherKey" in invitation:
        must(one and not one["suspended"] and len(one["keys"]) < 8)
        state.persons[one["person"]] = {**one, "keys": [*one["keys"], key]}
        state.by_key[key] = one["person"]
    else:
        standing = [of["role"] for of in map(state.persons.get, invitation["signers"]) if not of["suspended"]]
        must(one is None and len(standing) >= state.needed() and "owner" in standing)
        state.admit(act, invitation, key)
        state.pair = True
    state.of_browsers |= of_browser
    invitation["spent"] = True

@rule("suspend", "owner", "access")
def on_suspend(state, act, body):
    target, by = body["target"], act.persons[0]
    one = state.persons.get(target.get("person"))
    if target["kind"] == "person":
        must(one and by["role"] == "owner")
        state.persons[one["person"]] = {**one, "suspended": True}
    if target["kind"] == "person-key":
        must(one and target["key"] in one["keys"] and len(one["keys"]) > 1 and (by["role"] == "owner" or by["person"] == one["person"]))
        state.persons[one["person"]] = {**one, "keys": [key for key in one["keys"] if key != target["key"]]}
        del state.by_key[target["key"]]
        state.gone.add(target["key"])
        for code in codes(state, one["person"]):
            code["spent"] = True

@rule("key", "owner", "access")
def on_key(state, act, body):
    state.hashes.add(body["hash"])

# Evaluators of another organisation: what a mandate lets them run, and suites of their own.

@rule("mandate", "owner", "assurance")
def on_mandate(state, act, body):
    one = state.persons.get(body["person"])
    must(one and not one["suspended"] and one["role"] == "evaluator" and "affiliation" in one)
    must(0 < ms(body["notAfter"]) - max(ms(act.at), ms(body["notBefore"])) <= 366 * DAY and ("Model", body["model"]) in state.documents)
    must(all(("Suite", name) in state.documents for name in body["suites"]))
    state.mandates[act.digest] = {**body, "withdrawn": False}

def check_mandate(state, act, permit, by):
    if "mandate" not in permit:
        return must("mandated" not in by)
    mandate, house = state.mandates.get(permit["mandate"]), by.get("affiliation")
    must(mandate and mandate["person"] == by["person"] and not mandate["withdrawn"] and permit["model"] == mandate["model"])
    must(mandate["notBefore"] <= act.at and permit["notAfter"] <= mandate["notAfter"])
    must(any(kind == "Suite" and permit["digests"]["suite"] in one["all"] and (name in mandate["suites"] or "ownSuites" in mandate and one["of"] and one["of"] == house)
             for (kind, name), one in state.documents.items()))
    spent = sum(one["tokens"] for one in state.permits.values() if one.get("mandate") == permit["mandate"])
    must(permit["tokens"] <= mandate["tokens"] - spent)

def check_own_suites(state, act, places, by):
    house, suites = by.get("affiliation"), {name: one for (kind, name), one in state.documents.items() if kind == "Suite"}
    must(all(kind != "Suite" or name not in suites or suites[name]["of"] in (None, house) for kind, name in places))
    if by["role"] == "evaluator":
        must(house and any(one["person"] == by["person"] and "ownSuites" in one and not one["withdrawn"] and one["notBefore"] <= act.at <= one["notAfter"]
                           for one in state.mandates.values()))
        must(all(kind == "Suite" and name.startswith(f"{house}.") and (name not in suites or suites[name]["of"] == house) for kind, name in places))
        must(sum(len(one["all"]) for one in suites.values() if one["of"] == house) + len(places) <= 64)

@rule("document", "owner", "policy", "evaluator")
def on_document(state, act, body):
    by, places = act.persons[0], [(one["kind"], one["name"]) for one in body["documents"]]
    must(len(set(places)) == len(places) and all(one["digest"] != NO_SAFEGUARDS for one in body["documents"]))
    check_own_suites(state, act, places, by)
    whose = by.get("affiliation") if by["role"] == "evaluator" else None
    for place, one in zip(places, body["documents"]):
        before = state.documents.get(place, {"all": set(), "by": set(), "of": None})
        state.documents[place] = {"last": one["digest"], "all": before["all"] | {one["digest"]},
                                  "by": before["by"] | {(one["digest"], by["person"])}, "of": before["of"] or whose}

# Permits: one person; without safeguards, or with requests that are written as the run goes on, two in two roles.

def stands_in_slot(state, permit):
    named, model = permit["digests"], permit["model"]
    parts = [part for part in CONFIGURATION if part != "safeguards" or "bare" not in permit]
    if permit["slot"] == "in-force":
        now = state.latest(model)
        return now is not None and all(named[part] == now["digests"][part] for part in parts)
    last = {(kind, one["last"]) for (kind, name), one in state.documents.items() if kind != "Model" or name == model}
    kinds = {"model": "Model", "safeguards": "Safeguards", "policy": "UsagePolicy"}
    return all((kinds[part], named[part]) in last for part in parts)

def in_seats(state, act, permit):
    """Who permits, and who agrees."""
    if not takes_two(permit):
        return act.persons
    must("bare" not in permit or permit["digests"]["safeguards"] == NO_SAFEGUARDS and "stage" not in permit)
    if "adaptive" in permit:
        must(permit["adaptive"]["requests"] <= permit["items"]["count"] * permit["attempts"] * permit["adaptive"]["turns"] * 4)
    must(stands_in_slot(state, permit) and act.seen and all(one["admitted"] < act.seen["size"] for one in act.persons))
    orders = [order for order in (act.persons, act.persons[::-1]) if order[0]["role"] in RUNNERS and order[1]["role"] in ("owner", "safety", "policy")]
    must(orders and act.persons[0]["role"] != act.persons[1]["role"])
    return orders[0]

def check_probe(state, act, body):
    probe, release, digests = body["probe"], state.latest(body["model"]), body["digests"]
    must(release and release["certificate"] == probe["certificate"] and not takes_two(body))
    watch = release["conditions"].get("share", {}).get("watch", {"measures": []})["measures"]
    asked = next((one for one in watch if one["id"] == probe["watch"] and one["measure"] == "probes"), None)
    before = [ms(one["at"]) for one in state.permits.values() if {**one.get("probe", {}), "number": 0} == {**probe, "number": 0}]
    must(asked and probe["number"] == len(before) + 1 and sum(at > ms(act.at) - DAY for at in before) < asked["perDay"])
    must((body["slot"], body.get("stage")) == ("in-force", release["stage"]) and all(digests[part] == release["digests"][part] for part in CONFIGURATION))
    must(digests["suite"] in release["digests"]["suites"] and digests["grader"] in release["digests"]["graders"])
    must(state.applied("Suite", digests["suite"], asked["suite"]))

@rule("permit", *RUNNERS)
def on_permit(state, act, body):
    digests, persons = body["digests"], in_seats(state, act, body)
    must(body["permit"] not in state.permits and body["hash"] not in state.hashes)
    must(all(body["run"] != one["run"] for one in [*state.permits.values(), *state.evidence.values()]))
    must(0 < ms(body["notAfter"]) - ms(act.at) <= 7 * DAY and state.applied("Model", digests["model"], body["model"]))
    must("bare" in body or state.applied("Safeguards", digests["safeguards"]))
    must(state.applied("UsagePolicy", digests["policy"]) and state.applied("Suite", digests["suite"]))
    if "probe" in body:
        check_probe(state, act, body)
    check_mandate(state, act, body, persons[0])
    state.permits[body["permit"]] = {**body, "by": persons[0]["person"], "signers": {one["person"] for one in persons}, "at": act.at, "index": act.index}
    state.hashes.add(body["hash"])

@rule("evidence", *RUNNERS)
def on_evidence(state, act, body):
    by, permit = act.persons[0]["person"], state.permits.get(body["permit"])
    must(all(body["run"] != one["run"] for one in state.evidence.values()))
    must(all(one["failures"] + one["unknown"] <= one["trials"] for one in body["measures"]))
    if body["permit"] is None:
        must(body["basis"] == "declared" and all(body["run"] != one["run"] for one in state.permits.values()))
    else:
        must(permit and (by == permit["by"] or state.house(permit["by"]) is None))
        must(body["basis"] == "measured-here" and all(permit[name] == body[name] for name in ("run", "model", "digests")))
    state.evidence[act.digest] = {**body, "by": by, "at": act.at, "index": act.index, "withdrawn": None}

@rule("withdrawal", *RUNNERS)
def on_withdrawal(state, act, body):
    by = act.persons[0]["person"]
    if "mandate" in body:
        mandate = state.mandates.get(body["mandate"])
        must(mandate and (act.persons[0]["role"] != "evaluator" or mandate["person"] == by))
        mandate["withdrawn"] = True
        return
    one = next((one for one in state.evidence.values() if one["run"] == body["evidence"]), None)
    must(one)
    one["withdrawn"] = by if by == one["by"] else one["withdrawn"] or by

@rule("receipts")
def on_receipts(state, act, body):
    last = state.intervals.get(body["gateway"], {"interval": 0, "next": 1, "root": None, "at": ""})
    must(act.signers == [body["gateway"]] and not act.persons and body["gateway"] in state.root["gateways"])
    must((body["interval"], body["first"], body["previous"]) == (last["interval"] + 1, last["next"], last["root"]))
    lost = act.verb == "lost"
    open_ones = [{"permit": one["permit"], "count": body["count"]} for one in state.permits.values() if one["notAfter"] > last["at"]]
    for one in open_ones if lost else body["permits"]:
        state.exchanges[one["permit"]] = state.exchanges.get(one["permit"], 0) + one["count"]
    state.intervals[body["gateway"]] = {"interval": body["interval"], "next": body["first"] + body["count"],
                                        "root": act.subject if lost else body["root"], "at": act.at}

rule("lost")(on_receipts)

@rule("fact", *OPERATORS)
def on_fact(state, act, body):
    fact = body["fact"]
    if fact["kind"] not in FACTS:
        raise Unknown(f"facts of the kind {fact['kind']}")
    roles, check = FACTS[fact["kind"]]
    must(act.persons[0]["role"] in roles)
    check(state, act, body)
    state.facts.append({**fact, "model": body["model"], "when": act.at})

def on_incident(state, act, body):
    fact, before = body["fact"], state.incidents.get(body["fact"]["incident"])
    must(before is None or before["model"] == body["model"])
    if fact["state"] == "open":
        must(before is None or before["state"] == "open" and fact["severity"] != before["severity"] and is_worse(fact["severity"], before["severity"]))
        state.ended |= {last["certificate"] for last in map(state.latest, list(state.certificates)) if last and body["model"] in (None, last["model"])
                        and "endsOnIncident" in last["conditions"] and is_worse(fact["severity"], last["conditions"]["endsOnIncident"])}
    else:
        must(act.persons[0]["role"] in ("owner", "safety", "assurance") and before and before["state"] == "open")
    severity = fact["severity"] if fact["state"] == "open" else before["severity"]
    state.incidents[fact["incident"]] = {**fact, "model": body["model"], "severity": severity, "index": act.index}

def on_policy_test(state, act, body):
    fact = body["fact"]
    must(0 < fact["total"] >= fact["failed"] and state.applied("UsagePolicy", fact["policy"]) and state.applied("Safeguards", fact["safeguards"]))

def on_break_glass_review(state, act, body):
    fact, by = body["fact"], act.persons[0]
    one = next((one for of in state.glasses.values() for one in of if one["glass"] == fact["glass"]), None)
    must(one and one["model"] == body["model"] and not one["reviewed"] and (one["over"] or act.at >= one["notAfter"]))
    could = any(not of["suspended"] and of["admitted"] < one["index"] and of["role"] in REVIEWERS and of["person"] not in one["signers"]
                for of in state.persons.values())
    must(by["person"] not in one["signers"] and (by["admitted"] < one["index"] or not could))
    one["reviewed"] = True

def nothing_more(state, act, body):
    pass

FACTS.update({"drill": (RUNNERS, nothing_more), "consultation": ({"owner", "policy"}, nothing_more), "publication": (TELLERS, nothing_more),
              "incident": (OPERATORS, on_incident), "policy-test": (TELLERS, on_policy_test), "break-glass-review": (REVIEWERS, on_break_glass_review)})

@rule("hold", *OPERATORS)
def on_hold(state, act, body):
    if "session" in body:
        person = state.persons.get(body["session"]["person"], {"suspended": True})
        must(not act.persons and not person["suspended"] and person["role"] in OPERATORS)
    if body["scope"]["kind"] not in ("organisation", "key"):
        before = state.holds.get(body["hold"])
        scope = {"kind": "everything"} if before and before["scope"] != body["scope"] else body["scope"]
        state.holds[body["hold"]] = {"hold": body["hold"], "scope": scope, "index": act.index, "answered": set()}
        for model, of in state.glasses.items():
            of[-1]["over"] |= scope.get("model", model) == model

@rule("restriction", *OPERATORS)
def on_restriction(state, act, body):
    state.restrictions.append({"hold": body["hold"], "model": body["model"], "index": act.index, "until": float("inf")})

@rule("lapse")
def on_lapse(state, act, body):
    one = next((one for one in map(state.latest, state.certificates) if one["certificate"] == body["certificate"]), None)
    must(act.signers == [state.root["control"]] and not act.persons and one)
    must(one["conditions"].get("endsOnFailedGate") == "not-pass" or "endsOnFailedGate" in one["conditions"] and body["verdict"] == "fail")
    state.ended.add(one["certificate"])

# Break-glass: over holds, within what an unexpired certificate covers. Until it is reviewed nothing more is certified.

def is_unreviewed(state, model):
    return model in state.glasses and not state.glasses[model][-1]["reviewed"]

@rule("break-glass", "owner", "safety")
def on_break_glass(state, act, body):
    release, before, named = state.latest(body["model"]), state.glasses.get(body["model"], []), body["holds"]
    must({one["role"] for one in act.persons} == {"owner", "safety"} and release and release["certificate"] == body["certificate"])
    must(0 < ms(body["notAfter"]) - ms(act.at) <= release["conditions"].get("breakGlassHours", 4) * HOUR)
    must(release["notBefore"] <= act.at and body["notAfter"] <= release["notAfter"] and release["certificate"] not in state.ended)
    must(not any(one["state"] == "open" for one in incidents_against(state, release)))
    must(all(key in state.evidence and not state.evidence[key]["withdrawn"] for key in release["digests"]["evidence"]))
    standing = {one["hold"]: one["index"] for one in state.holds.values() if one["scope"].get("model", body["model"]) == body["model"]
                and body["model"] not in one["answered"]}
    must(all(hold in standing for hold in named) and all(one["admitted"] < min(map(standing.get, named)) for one in act.persons))
    must(all(body["glass"] != one["glass"] for of in state.glasses.values() for one in of) and not is_unreviewed(state, body["model"]))
    over = [ms(one["at"]) for one in before if set(one["holds"]) & set(named)]
    must(not over or ms(body["notAfter"]) <= min(over) + DAY)
    given = {**body, "signers": {one["person"] for one in act.persons}, "at": act.at, "index": act.index, "over": False, "reviewed": False}
    state.glasses[body["model"]] = [*before, given]

def check_documents(state, release):
    named, model = release["digests"], release["model"]
    must(state.applied("Model", named["model"], model) and state.applied("ReleasePlan", named["plan"], model))
    must(state.applied("Safeguards", named["safeguards"]) and state.applied("UsagePolicy", named["policy"]))
    for one in map(state.evidence.get, named["evidence"]):
        must(one and not one["withdrawn"] and one["model"] == model and all(one["digests"][part] == named[part] for part in CONFIGURATION))

def is_certified(state, release):
    return any(release["certificate"] == one["certificate"] for of in state.certificates.values() for one in of)

def incidents_against(state, release):
    least = release["conditions"].get("endsOnIncident")
    return [one for one in state.incidents.values() if least and one["model"] in (None, release["model"]) and is_worse(one["severity"], least)]

def to_lift(state, release):
    return [one for one in state.restrictions if one["model"] == release["model"] and one["hold"] in release.get("lifts", [])]

def was_restricted(state, release, evidence):
    """Whether a run was made while a restriction stood without which this would be served."""
    if evidence["permit"] is None:
        return False
    stood = [one for one in state.lifted if one["model"] == release["model"]] + to_lift(state, release)
    begun = state.permits[evidence["permit"]]["index"]
    return any(evidence["index"] > one["index"] and begun < one["until"] for one in stood)

def is_resumption(state, release):
    """What safety may propose: the same again, not wider and not longer, to answer what stops it."""
    now = state.latest(release["model"])
    if not now or not (release["answers"] or release.get("lifts")):
        return False
    was = {one["stage"]: set(one["types"]) for one in now["audience"]}
    return (all(release["digests"][name] == now["digests"][name] for name in (*CONFIGURATION, "plan"))
            and all(release.get(name) == now.get(name) for name in ("mode", "identityBasis", "conditions"))
            and STAGES.index(release["stage"]) <= STAGES.index(now["stage"]) and release["notAfter"] <= now["notAfter"]
            and all(set(one["types"]) <= was.get(one["stage"], set()) for one in release["audience"]))

@rule("proposal", "owner", "safety")
def on_proposal(state, act, body):
    release = body["release"]
    must(release["proposal"] not in state.proposals and not is_certified(state, release))
    must(act.persons[0]["role"] == "owner" or is_resumption(state, release))
    must(release["notBefore"] < release["notAfter"] and act.at <= release["decideBy"] <= release["notAfter"])
    must(ms(release["notAfter"]) - ms(release["notBefore"]) <= 366 * DAY and release["trustVersion"] == state.root["version"])
    reached = [one["stage"] for one in release["audience"]]
    must(len(set(reached)) == len(reached) and all(STAGES.index(one) <= STAGES.index(release["stage"]) for one in reached))
    must(not release["oneSigner"] or release["stage"] == "internal" and all({*one["types"]} == {"internal"} for one in release["audience"]))
    must(all(hold in state.holds and state.holds[hold]["scope"].get("model", release["model"]) == release["model"] for hold in release["answers"]))
    must({one["hold"] for one in to_lift(state, release)} == {*release.get("lifts", [])})
    check_documents(state, release)
    must(not any(was_restricted(state, release, state.evidence[key]) for key in release["digests"]["evidence"]))
    state.proposals[release["proposal"]] = {"release": release, "subject": act.subject, "index": act.index, "signed": {}, "certified": False,
                                            "by": act.persons[0]["person"]}

@rule("sign-off", *OPERATORS)
def on_sign_off(state, act, body):
    proposal, by, verdict = state.proposals.get(body["proposal"]), act.persons[0], body["verdict"]
    must(proposal and body["release"] == proposal["subject"] and body["role"] == by["role"])
    must(by["admitted"] < proposal["index"] and not proposal["certified"])
    before = proposal["signed"].get(by["person"], {"at": "", "verdict": None})
    steps_back = verdict == "recused" and before["verdict"] != "against"
    must(verdict == "against" or before["at"] < act.at and (steps_back or act.at <= proposal["release"]["decideBy"]))
    proposal["signed"][by["person"]] = {"person": by["person"], "role": by["role"], "verdict": verdict, "at": max(act.at, before["at"]),
                                         "cli": is_cli(state, act, by)}

def words_on(state, proposal):
    """The last word of each person in good standing."""
    return [one for one in proposal["signed"].values() if not state.persons[one["person"]]["suspended"]]

@rule("certificate", "owner")
def on_certificate(state, act, body):
    release = body["release"]
    proposal, now = state.proposals.get(release["proposal"]), state.latest(release["model"])
    must(proposal and act.subject == proposal["subject"] and not proposal["certified"] and not is_certified(state, release))
    must(act.at <= release["decideBy"] and act.at <= release["notAfter"] and state.root["version"] == release["trustVersion"])
    must((release["serial"], release["replaces"]) == ((now["serial"] + 1, now["certificate"]) if now else (1, None)))
    check_documents(state, release)
    must(all(state.holds[hold]["index"] <= proposal["index"] for hold in release["answers"]))
    must(not any(one["state"] == "open" or one["index"] > proposal["index"] for one in incidents_against(state, release)))
    behind = [one["role"] for one in words_on(state, proposal) if one["verdict"] == "for"]
    must(all(behind.count(role) >= count for role, count in seats(state.root["floors"][release["stage"]]).items()))
    must(len(behind) >= (state.needed() if release["answers"] or release.get("lifts") else 1) and (len(behind) == 1) == release["oneSigner"])
    must(not is_unreviewed(state, release["model"]) and all(one["index"] <= proposal["index"] for one in to_lift(state, release)))
    since = [one for one in state.evidence.values() if one["index"] > proposal["index"] and not one["withdrawn"] and one["model"] == release["model"]]
    must(not any(one["digests"]["suite"] in release["digests"]["suites"] and was_restricted(state, release, one) and
                 all(one["digests"][part] == release["digests"][part] for part in CONFIGURATION) for one in since))
    lifted = to_lift(state, release)
    state.lifted += [{**one, "until": act.index} for one in lifted]
    state.restrictions = [one for one in state.restrictions if one not in lifted]
    proposal["certified"] = True
    state.certificates.setdefault(release["model"], []).append(release)
    for hold in release["answers"]:
        state.holds[hold]["answered"].add(release["model"])
