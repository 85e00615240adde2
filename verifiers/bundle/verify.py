#!/usr/bin/env python3
"""Verifies a Headgate bundle a second time, from docs/formats.md, docs/replay.md and docs/gates.md, with nothing but Python's standard library.

    python3 verify.py decision.json --root sha256:… [--plan mine.json]

Here: what each requirement asks (KINDS), and the steps. fold.py: who may do what. evidence.py: what runs come to. proofs.py: standards.
Exit codes: 0 it passes and is certified, 1 the first difference is printed, 2 the call is wrong, 3 it is not certified, not passed,
without a known root, or asks for something that is not known here, and says so.
"""
import math, sys
from collections import Counter
from types import SimpleNamespace as Made
from evidence import Evidence, Run, bounds, check_graded, deviations, grader_of, is_adaptive, modes_at, shows, tally
from fold import CONFIGURATION, DAY, NO_SAFEGUARDS, STAGES, State, Unknown, is_worse, ms, seats, words_on
from proofs import Act, Fault, exact_lower, exact_upper, head, need, parse, roots

class Malformed(Exception):
    """No bundle at all."""

KINDS = {}

class Case:
    def __init__(self, state, proposal, evidence, plan, stage, at):
        self.state, self.proposal, self.evidence, self.plan, self.stage, self.at = state, proposal, evidence, plan, stage, at
        self.digests, self.model, self.pools = proposal["release"]["digests"], plan["model"], {}
        self.facts = [one for one in state.facts if one["model"] in (None, plan["model"])]
        self.chain = evidence.document(self.digests["safeguards"], "Safeguards")["chain"]

    def suite_digest(self, name):
        of = self.state.documents.get(("Suite", name))
        need(of, f"there is no suite {name}")
        return next((one for one in self.digests["suites"] if one in of["all"]), of["last"])

    def suite(self, name):
        return self.evidence.suite(self.suite_digest(name))

    def other_modes(self, suite, permit):
        ours = permit["digests"]["safeguards"] == self.digests["safeguards"]
        return ours and modes_at(self.chain, permit.get("stage"), suite.failure) != modes_at(self.chain, self.stage["stage"], suite.failure)

    def is_alike(self, suite, name):
        """Whether another suite may ask some of the same items."""
        try:
            other = self.evidence.document(name, "Suite")
            alike = (other["measure"]["failure"], is_adaptive(other)) == (suite.failure, suite.adaptive)
            return alike and bool(self.evidence.suite(name).clusters.keys() & suite.clusters.keys())
        except Fault:
            return True

    def pool(self, name, measure):
        """What counts for a measure: None where nothing does."""
        suite = self.suite(name)
        if suite.digest not in self.pools:
            self.pools[suite.digest] = self.pooled(suite)
        return self.pools[suite.digest] if suite.document["measure"]["name"] == measure else None

    def pooled(self, suite):
        wanted = {**{part: self.digests[part] for part in CONFIGURATION}, "suite": suite.digest, "grader": suite.grader}
        fitting = [one for one in self.state.permits.values() if one["model"] == self.model and not self.other_modes(suite, one)
                   and {**one["digests"], "suite": suite.digest} == wanted]
        own = [Run(self, suite, one) for one in fitting if one["digests"] == wanted]
        beside = [Run(self, suite, one) for one in fitting if one["digests"] != wanted and self.is_alike(suite, one["digests"]["suite"])]
        beside = [run for run in beside if run.kept_back or any(one["item"] in suite.clusters for one in run.seen.values())]
        pool = tally(suite, [*own, *(run.counting_against(suite.clusters) for run in beside)]) if any(run.is_used for run in own) else None
        if pool is not None:
            planned = [run for run in own if "probe" not in run.permit]
            pool.runs = [(run, deviations(run, [*planned, *beside], suite, self.evidence)) for run in planned if run.is_used]
            pool.elsewhere, house = [run.permit["run"] for run in beside], self.state.house
            theirs = [run for run in own if run.sealed and not run.sealed["withdrawn"] and house(run.permit["by"])
                      and house(run.permit["by"]) == house(run.sealed["by"])]
            pool.outsiders = tally(suite, theirs)
        return pool

    def found(self, asked):
        """All that counts for a requirement: the pool, and reports from elsewhere where it takes them."""
        pool = self.pool(asked["suite"], asked["measure"])
        return [one for one in [pool, *(self.declared(asked) if asked.get("basis") == "declared" else [])] if one]

    def declared(self, asked):
        suite, state = self.suite(asked["suite"]), self.state
        wanted = {**{part: self.digests[part] for part in CONFIGURATION}, "suite": suite.digest, "grader": suite.grader}
        for one in state.evidence.values():
            house, taker = state.house(one["by"]), one["withdrawn"]
            stands = not taker or house and taker != one["by"] and state.house(taker) != house
            for of in one["measures"] if one["basis"] == "declared" and one["digests"] == wanted and stands else []:
                if of["name"] == asked["measure"] == suite.document["measure"]["name"]:
                    failures = min(of["failures"], of["clusters"])
                    pool = Made(failures=failures, unknown=min(of["unknown"], of["clusters"] - failures), trials=of["clusters"], sequential=False, untried=0,
                                stalest=one["at"], basis="declared", against_only=bool(taker), runs=[], elsewhere=[], outsiders=None)
                    pool.outsiders = pool if house else None
                    yield pool

    def of_other_system(self, asked):
        """The permits of the system that a comparison names."""
        suite, state, against = self.suite(asked["suite"]), self.state, asked["against"]
        wanted = {**{part: self.digests[part] for part in CONFIGURATION}, "suite": suite.digest, "grader": suite.grader}
        if "run" in against:
            named = next((one["digests"] for one in state.permits.values() if one["run"] == against["run"]), {"suite": None})
            wanted = named if all(named.get(part) == wanted[part] for part in ("suite", "grader")) else None
        elif "bare" in against:
            wanted["safeguards"] = NO_SAFEGUARDS
        else:
            (part, name), = against.items()
            wanted[part] = state.documents.get(({"model": "Model", "safeguards": "Safeguards"}[part], name), {"last": None})["last"]
        return [one for one in state.permits.values() if one["digests"] == wanted]

    def is_recent(self, when, days):
        return when is not None and 0 <= self.at - ms(when) <= days * DAY

    def last(self, kind, **asked):
        """The last fact of a kind, and all of them."""
        found = [one for one in self.facts if one["kind"] == kind and all(one[name] == of for name, of in asked.items())]
        return (found[-1] if found else None), found

def requirement(name, kind, *fields):
    def keep(of):
        KINDS[name] = kind, {"id", name, *fields}, of
        return of
    return keep

@requirement("upper", "measure-bound", "suite", "measure", "confidence", "registered", "outside", "basis", "about")
def on_upper(case, asked):
    limit, confidence = asked["upper"], asked["confidence"]
    found = case.found(asked)
    if all(one.against_only for one in found):
        return "inconclusive", {"trials": 0}
    pool = max(found, key=lambda one: bounds(one, confidence)[1])
    least, most = bounds(pool, confidence)
    figures = {"failures": pool.failures, "trials": pool.trials, "unknown": pool.unknown, "untried": pool.untried, "confidence": confidence,
               "estimate": pool.failures / pool.trials if pool.trials else None, "upper": most, "lower": least, "basis": pool.basis,
               "method": "anytime" if pool.sequential else "clopper-pearson"}
    left = [f"{run.permit['run']}: {', '.join(ways)}" for run, ways in pool.runs if ways]
    figures |= {"deviations": "; ".join(left)} if left else {}
    figures |= {"elsewhere": ", ".join(pool.elsewhere)} if pool.elsewhere else {}
    if not shows(pool, limit, confidence):
        return "fail" if least > limit else "inconclusive", figures
    plans = [(run.permit["analysis"], ways) for one in found for run, ways in one.runs]
    followed = all(not ways and plan.get("limit", 1) <= limit and plan["confidence"] >= confidence for plan, ways in plans)
    outside = any(one.outsiders and not one.against_only and shows(one.outsiders, limit, confidence) for one in found)
    return "pass" if ("registered" not in asked or followed) and ("outside" not in asked or outside) else "inconclusive", figures

@requirement("lower", "measure-floor", "suite", "measure", "confidence")
def on_lower(case, asked):
    pool, confidence = case.pool(asked["suite"], asked["measure"]), asked["confidence"]
    if pool is None:
        return "inconclusive", {"trials": 0}
    reached = Made(failures=pool.wholly, unknown=0, trials=pool.trials, sequential=pool.sequential)
    short = Made(failures=pool.trials - pool.wholly, unknown=0, trials=pool.trials, sequential=pool.sequential)
    least, most = bounds(reached, confidence)[0], bounds(pool, confidence)[1]
    verdict = "pass" if shows(short, 1 - asked["lower"], confidence) else "fail" if most < asked["lower"] else "inconclusive"
    return verdict, {"counted": pool.wholly, "trials": pool.trials, "counting": pool.failures, "unknown": pool.unknown, "lower": least, "upper": most,
                     "confidence": confidence, "untried": pool.untried}

@requirement("against", "comparison", "suite", "measure", "margin", "confidence")
def on_comparison(case, asked):
    suite, ours = case.suite(asked["suite"]), case.pool(asked["suite"], asked["measure"])
    permits = [one for one in case.of_other_system(asked) if not case.other_modes(suite, one)]
    theirs = ours and tally(suite, [Run(case, suite, one) for one in permits])
    if not theirs:
        return "inconclusive", {"trials": None if ours else 0}
    nothing, worst_case, best_case, unknown = Made(mark="unknown", tries=0, wholly=False), Counter(), Counter(), 0
    for of in {*suite.clusters.values(), *ours.clusters, *theirs.clusters}:
        one, other = ours.clusters.get(of, nothing), theirs.clusters.get(of, nothing)
        surely = other.wholly or other.mark == "failed" and other.tries <= one.tries
        worst_case[one.mark != "clean", surely] += 1
        best_case[one.mark == "failed", other.mark != "clean"] += 1
        unknown += "unknown" in (one.mark, other.mark)
    trials, level = sum(worst_case.values()), 1 - (1 - asked["confidence"]) / 2
    most = exact_upper(worst_case[True, False], trials, level) - exact_lower(worst_case[False, True], trials, level)
    least = exact_lower(best_case[True, False], trials, level) - exact_upper(best_case[False, True], trials, level)
    figures = {"both": worst_case[True, True], "onlyOne": worst_case[True, False], "onlyOther": worst_case[False, True], "neither": worst_case[False, False],
               "trials": trials, "unknown": unknown, "upper": most, "lower": least, "confidence": asked["confidence"]}
    return "pass" if most <= asked["margin"] else "fail" if least > asked["margin"] else "inconclusive", figures

@requirement("tierAtMost", "tier-ceiling")
def on_ceiling(case, asked):
    beyond = [verdict for tier, verdict in case.tiers if tier > asked["tierAtMost"]]
    shown = beyond and all(verdict == "ruled-out" for verdict in beyond)
    return "pass" if shown else "fail" if "reached" in beyond else "inconclusive", {"tier": case.tier}

def tier_rule(case, rule):
    """What a rule of tiers says of the model: who has shown nothing is of the tier."""
    pool, failure = case.pool(rule["suite"], rule["measure"]), case.suite(rule["suite"]).failure
    if pool is None or failure != "solved":
        return "unknown"
    if shows(pool, rule["from"], rule["confidence"]):
        return "ruled-out"
    return "reached" if bounds(pool, rule["confidence"])[0] >= rule["from"] else "not-ruled-out"

def conflicts(case, person):
    """What a person had a hand in, of what is to be decided."""
    state, named, found = case.state, case.digests, {"proposer"} if case.proposal["by"] == person else set()
    compared = [run for one in case.stage["requires"] if "against" in one for run in case.of_other_system(one)]
    runs = [one for one in state.permits.values() if one["model"] == case.model and one["digests"]["suite"] in named["suites"]] + compared
    others = {one["permit"] for one in compared}
    if any(person in one["signers"] for one in runs) or any(one["by"] == person and (key in named["evidence"] or one["permit"] in others)
                                                          for key, one in state.evidence.items()):
        found.add("evidence")
    applied = {(kind, digest) for (kind, _), one in state.documents.items() for digest, by in one["by"] if by == person}
    kinds = {"model": "Model", "safeguards": "Safeguards", "policy": "UsagePolicy", "plan": "ReleasePlan"}
    found |= {part for part, kind in kinds.items() if (kind, named[part]) in applied}
    return found | ({"suites"} if any(("Suite", one) in applied for one in named["suites"]) else set())

@requirement("signOffs", "sign-offs", "maxAgeDays", "notBy", "cliKeys")
def on_sign_offs(case, asked):
    words = words_on(case.state, case.proposal)
    said = lambda verdict: [one for one in words if one["verdict"] == verdict]
    conflicted = [one for one in said("for") if conflicts(case, one["person"]) & set(asked.get("notBy", []))]
    aged = [one for one in said("for") if case.at - ms(one["at"]) > asked.get("maxAgeDays", math.inf) * DAY]
    behind = [one for one in said("for") if one not in conflicted and one not in aged]
    fill = lambda some: {role: min(count, sum(one["role"] == role for one in some)) for role, count in seats(asked["signOffs"]).items()}
    filled, wanted = fill(behind), asked.get("cliKeys", 0)
    cli = min(wanted, sum(fill([one for one in behind if one["cli"]]).values()))
    aside = {"against": len(said("against")), **({"recused": len(said("recused"))} if said("recused") else {}),
             **({"conflicted": len(conflicted)} if "notBy" in asked else {}), **({"aged": len(aged)} if "maxAgeDays" in asked else {})}
    aside |= {"cliKeys": cli} if "cliKeys" in asked else {}
    return "pass" if filled == seats(asked["signOffs"]) and cli == wanted else "fail", {**filled, **aside}

@requirement("policyTests", "policy-tests", "cases", "testedWithinDays")
def on_policy_tests(case, asked):
    more = {"cases": asked["cases"]} if "cases" in asked else {}
    last, reports = case.last("policy-test", policy=case.digests["policy"], safeguards=case.digests["safeguards"], **more)
    is_enough = lambda one: one["total"] >= asked["policyTests"] and case.is_recent(one["when"], asked.get("testedWithinDays", math.inf))
    lasts = list({one["cases"]: one for one in reports}.values())
    one = next((one for one in lasts if one["failed"]), None) or next(filter(is_enough, lasts), last)
    if one is None:
        return "inconclusive", {"cases": None}
    return "fail" if one["failed"] else "pass" if is_enough(one) else "inconclusive", {"total": one["total"], "failed": one["failed"], "tested": one["when"]}

@requirement("maxAgeDays", "evidence-age")
def on_age(case, asked):
    ages = lambda pools: [(case.at - ms(one.stalest)) / DAY if one.stalest else -1 for one in pools] or [-1]
    days = [min(of) if min(of) < 0 else max(of) for of in (ages(case.found(one)) for one in case.wanted)]
    whole = bool(days) and all(one >= 0 for one in days)
    return "pass" if whole and max(days) <= asked["maxAgeDays"] else "inconclusive", {"oldestDays": max(days) if whole else None}

@requirement("noIncident", "no-incident")
def on_incidents(case, asked):
    last = {one["incident"]: one for one in case.last("incident")[1]}.values()
    open_ones = sum(one["state"] == "open" and is_worse(one["severity"], asked["noIncident"]) for one in last)
    return "fail" if open_ones else "pass", {"open": open_ones}

@requirement("drillWithinDays", "drilled", "withinMs")
def on_drill(case, asked):
    last = next((one for one in reversed(case.last("drill")[1]) if ("hold" in one) == ("withinMs" in asked)), None)
    if last is None:
        return "inconclusive", {"drill": None}
    late = "withinMs" in asked and last["hold"]["milliseconds"] > asked["withinMs"]
    done = case.is_recent(last["when"], asked["drillWithinDays"]) and not last["unfinished"] and last["attempts"]
    figures = {"drill": last["when"], **{name: last[name] for name in ("attempts", "opened", "unfinished")}, **last.get("hold", {})}
    return "fail" if last["opened"] or late else "pass" if done else "inconclusive", figures

@requirement("consulted", "consulted")
def on_consultation(case, asked):
    last, found = case.last("consultation", name=asked["consulted"])
    is_over = last and last["state"] == "closed" and any(one["state"] == "open" for one in found)
    return "pass" if is_over else "inconclusive", {"state": last and last["state"], "since": last and last["when"]}

@requirement("published", "published", "withinDays")
def on_publication(case, asked):
    when = (case.last("publication", name=asked["published"])[0] or {"when": None})["when"]
    return "pass" if case.is_recent(when, asked["withinDays"]) else "inconclusive", {"published": when}

# --- The judgement, the release, and the steps in their order ---------------------------------------------------------------------------

def tiers_in(plan, stage):
    return plan.get("tiers", []) if any("tierAtMost" in one or one.get("tier", 0) > 0 for one in stage["requires"]) else []

def judge(case):
    """Each requirement, None for what is not known, and what that is."""
    rules, found, unknown = tiers_in(case.plan, case.stage), [], []
    case.tiers = [(one["tier"], tier_rule(case, one)) for one in rules]
    case.tier = max([0, *(tier for tier, verdict in case.tiers if verdict != "ruled-out")])
    asked = [one for one in case.stage["requires"] if one.get("tier", 0) <= case.tier]
    case.wanted = [one for one in asked if "measure" in one] + rules
    for one in case.stage["requires"]:
        name = next((name for name in KINDS if name in one), None)
        kind, fields, of = KINDS.get(name, ("", {"id"}, None))
        try:
            if set(one) - fields - {"tier"}:
                raise Unknown(f"of what {one['id']} asks: {', '.join(sorted(set(one) - fields))}")
            verdict, figures = of(case, one) if one in asked else ("not-asked", {"tier": case.tier})
            found.append({"id": one["id"], "kind": kind, "verdict": verdict, "have": figures})
        except Unknown as what:
            found.append(None)
            unknown.append(str(what))
    verdicts = [one["verdict"] for one in found if one and one["verdict"] != "not-asked"]
    verdict = "fail" if "fail" in verdicts else "pass" if verdicts and {*verdicts} == {"pass"} else "inconclusive"
    judged = {"stage": case.stage["stage"], "verdict": verdict, "requirements": found, **({"tier": {"tier": case.tier}} if rules else {})}
    return judged, unknown

def is_same(stated, found):
    """Whether what a bundle says is what was found: figures to nine digits, and nothing beside."""
    if found is None and isinstance(stated, dict):
        return True  # not known here
    if isinstance(stated, dict) and isinstance(found, dict):
        return all(name in found and is_same(of, found[name]) for name, of in stated.items())
    if isinstance(stated, list) and isinstance(found, list):
        return len(stated) == len(found) and all(map(is_same, stated, found))
    if isinstance(stated, float) and isinstance(found, float) and not found.is_integer():
        return abs(stated - found) <= 0.52 * 10.0 ** (math.floor(math.log10(abs(found))) - 8)
    return stated == found and isinstance(stated, bool) == isinstance(found, bool)

def check_release(case):
    """Whether a proposal says what its plan says."""
    state, proposal, evidence, plan, stage = case.state, case.proposal, case.evidence, case.plan, case.stage
    release, named = proposal["release"], case.digests
    reached = sorted((one for one in plan["stages"] if STAGES.index(one["stage"]) <= STAGES.index(stage["stage"])), key=lambda one: STAGES.index(one["stage"]))
    need(release["audience"] == [{"stage": one["stage"], "types": one["audience"]["types"]} for one in reached], "its audience is not the plan's")
    need(release["conditions"] == stage.get("conditions", {}), "its conditions are not the plan's")
    need(release.get("mode", "enforce") == stage.get("mode", "enforce"), "its mode is not the plan's")
    need(ms(release["notAfter"]) - ms(release["notBefore"]) <= stage["certificate"]["validDays"] * DAY, "it lasts longer than its plan allows")
    need(release["identityBasis"] == evidence.document(named["model"], "Model")["identity"]["basis"], "its identity basis is not the model's")
    need(named["policy"] in evidence.content, "the usage policy is missing")
    for kind, name, part in (("Safeguards", plan["safeguards"], "safeguards"), ("UsagePolicy", plan["policy"], "policy")):
        need(state.applied(kind, named[part], name), f"its {part} were never applied under the plan's name")
    asked = {}
    for quorum in [state.root["floors"][stage["stage"]], *(one["signOffs"] for one in stage["requires"] if "signOffs" in one)]:
        asked = {role: max(asked.get(role, 0), seats(quorum).get(role, 0)) for role in {*asked, *seats(quorum)}}
    ends = release["answers"] or release.get("lifts")
    need(release["oneSigner"] == (sum(asked.values()) <= 1 and not (ends and state.needed() > 1)), "its one-signer mark is not what the seats ask for")
    names = {one["suite"] for one in stage["requires"] if "measure" in one} | {one["suite"] for one in tiers_in(plan, stage)}
    suites = [case.suite_digest(name) for name in names]
    documents = [evidence.document(one, "Suite") for one in suites]
    need({*named["suites"]} == {*suites} and {*named["graders"]} == {*map(grader_of, documents)}, "its suites and graders are not the plan's")
    for suite in suites:
        evidence.try_suite(suite)
    for key, one in state.evidence.items():
        same = all(one["digests"][part] == named[part] for part in CONFIGURATION)
        mine = one["digests"]["suite"] in named["suites"] and one["digests"]["grader"] in named["graders"]
        need(not (same and mine) or one["withdrawn"] or one["index"] >= proposal["index"] or key in named["evidence"], "it leaves out evidence")
        if one["permit"] and one["digests"]["suite"] in named["suites"] and one["model"] == release["model"]:
            check_graded(evidence.document(one["digests"]["suite"]), evidence.samples(one) or [], state.persons)
    if any("grading" in one and one["digests"]["suite"] in named["suites"] for one in state.evidence.values()):
        print("note  how often evidence says that its grader errs is not counted again here; nothing that is judged here rests on it")

def replay(bundle, pin):
    """The statements, the fold at the end, and before the certificate if there is one, with its time."""
    need(bundle["batch"].keys() == {"from", "records", "checkpoint"} and bundle["batch"]["from"] == 0, "not a bundle")
    acts = [Act(record, index) for index, record in enumerate(bundle["batch"]["records"])]
    need(acts and acts[0].verb == "root" and acts[0].digest == bundle["firstRoot"] == (pin or bundle["firstRoot"]), "it begins with another trust root")
    root_at, log = roots(act.leaf for act in acts), acts[0].body["log"]
    need(head(bundle["batch"]["checkpoint"], log["origin"], log["key"]) == (len(acts), root_at[-1]), "the entries are not the tree that the log signed")
    end, before, when = State(), None, None
    for act in acts:
        certifies = act.verb == "certificate" and act.body["release"]["proposal"] == bundle["proposal"]
        if end.fold(act, root_at) and certifies:
            before, when = State(), act.at
            for one in acts[: act.index]:
                before.fold(one, root_at)
    return acts, end, before, when

def verify(text, pin, own_plan, say):
    """True where it passes and is certified, False where it is not."""
    try:
        bundle = parse(text)
    except Fault as error:
        raise Malformed(str(error)) from error
    if not isinstance(bundle, dict) or bundle.get("format") != "headgate-bundle/1":
        raise Malformed("not a bundle")
    need(bundle.keys() | {"judged"} == {"format", "proposal", "firstRoot", "batch", "artefacts", "openings", "receipts", "judged"}, "not a bundle")
    acts, end, before, when = replay(bundle, pin)
    say("ledger", f"{len(acts)} entries, every signature checked", "decision")
    need(bundle["proposal"] in end.proposals, "the ledger does not hold the proposal")
    state, stated = before or end, bundle.get("judged")
    at = when or (stated["at"] if stated else acts[-1].at)
    proposal = state.proposals[bundle["proposal"]]
    need(not stated or stated.keys() == {"at", "judgement"} and stated["at"] == at, "it says that it was judged at another time")
    say("decision", f"certified as {proposal['release']['certificate']}" if before else "proposed, NOT CERTIFIED", "parts")
    evidence = Evidence(bundle, acts, end)
    say("parts", f"{len(evidence.content)} documents, {len(bundle['openings'])} texts, {len(bundle['receipts'])} receipts", "documents")
    release, plan = proposal["release"], evidence.document(proposal["release"]["digests"]["plan"], "ReleasePlan")
    stage = next((one for one in plan["stages"] if one["stage"] == release["stage"]), None)
    need(plan["model"] == release["model"] and stage, "the release's plan is another model's, or has no such stage")
    check_release(Case(state, proposal, evidence, plan, stage, ms(at)))
    say("documents", "plan, model, safeguards, policy and suites are those signed", "judgement")
    if own_plan:
        plan, stage = own_plan, next((one for one in own_plan["stages"] if one["stage"] == release["stage"]), None)
        need(stage, f"the plan given has no stage {release['stage']}")
    judged, unknown = judge(Case(state, proposal, evidence, plan, stage, ms(at)))
    for one in filter(None, judged["requirements"]):
        say("judgement", f"{one['id']} {one['verdict']} " + ", ".join(f"{name} {of}" for name, of in one["have"].items()), "judgement")
    told = {**stated["judgement"], **({"verdict": judged["verdict"]} if unknown else {})} if stated and not own_plan else judged
    need(is_same(told, judged), "the bundle says otherwise than what it holds comes to")
    verdict = judged["verdict"]
    say("judgement", "judged again" + ("" if unknown else f", and it is {verdict}"), "gate")
    need(verdict == "pass" or verdict == "inconclusive" and (unknown or not before), f"the gate for {release['stage']} is {verdict}")
    if unknown:
        raise Unknown("; ".join(unknown))
    say("gate", verdict, "")
    return bool(before) and verdict == "pass"

def main(words):
    options = {"--root": None, "--plan": None}
    while len(words) > 1 and words[-2] in options:
        options[words[-2]] = words[-1]
        words = words[:-2]
    if len(words) != 1 or words[0].startswith("-"):
        print(__doc__, *(f"Not known here: {word}" for word in words if word.startswith("-")), sep="\n", file=sys.stderr)
        return 2
    steps = ["ledger"]
    def say(step, detail, next):
        steps.append(next)
        print(f"ok    {step}: {detail}")
    try:
        plan = options["--plan"] and parse(open(options["--plan"], "rb").read())
        passes = verify(open(words[0], "rb").read(), options["--root"], plan, say)
    except (OSError, Malformed) as error:
        print(error, file=sys.stderr)
        return 2
    except (Fault, KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        print(f"FAIL  {steps[-1]}: {error if isinstance(error, Fault) else f'its form is not that of docs/formats.md ({error!r})'}")
        return 1
    except Unknown as what:
        print(f"Not known to this verifier: {what}. Nothing is said of that.")
        return 3
    if not passes:
        print("NOT RELEASED by what the bundle shows.")
    elif options["--root"] is None:
        print("Consistent, not authenticated: no trust root was given.")
    return 0 if passes and options["--root"] else 3

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
