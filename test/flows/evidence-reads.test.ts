// Evidence as the console reads it: the list, one run taken apart, samples page by page, exports of just what a filter shows, two runs
// side by side. A real control plane, real runs, real HTTP; hostile questions are refused or find nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CompareView,
  EvidencePlanView,
  EvidenceRunView,
  EvidenceView,
  SampleView,
  SamplesView,
  evidenceRoutes,
} from "../../src/control/contract-evidence.ts";
import { Digest, type RunId } from "../../src/terms/ids.ts";
import {
  type Desk,
  type Member,
  committed,
  dropFolder,
  get,
  must,
  openDesk,
  passOf,
  refusalOf,
  released,
  run,
  sealed,
} from "./control-desk.ts";

let desk: Desk;
let owner: Member;
let act: Digest;

before(async () => {
  desk = await openDesk();
  ({ owner } = await released(desk));
  const { runs } = EvidenceView.parse(await read(evidenceRoutes.evidence));
  act = Digest.parse(runs[0]?.evidence?.act);
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

async function read(path: string): Promise<unknown> {
  const { status, json } = await get(desk, path, owner);
  assert.equal(status, 200, `${path}: ${JSON.stringify(json)}`);
  return json;
}

async function refused(path: string): Promise<string> {
  return refusalOf(await get(desk, path, owner)).code;
}

const at = (path: string, more = ""): string => path.replace(":digest", act).replace(":other", act) + more;
const samplesAt = (query: string): string => at(evidenceRoutes.evidenceSamples, query);

async function pages(query: string): Promise<readonly number[]> {
  const numbers: number[] = [];
  for (let place: number | null = 0; place !== null;) {
    const page = SamplesView.parse(await read(samplesAt(`?limit=13&after=${place}${query}`)));
    numbers.push(...page.samples.map(({ number }) => number));
    place = page.next;
  }
  return numbers;
}

async function listedOf(query: string): Promise<number> {
  return EvidenceView.parse(await read(evidenceRoutes.evidence + query)).total;
}

async function samplesOf(query: string): Promise<number> {
  return SamplesView.parse(await read(samplesAt(query))).total;
}

test("nothing of it is read without a pass", async () => {
  for (const path of Object.values(evidenceRoutes)) {
    const response = await fetch(desk.url + at(path).replace(":number", "0"));
    assert.equal(response.status, 401, path);
  }
});

test("a run is listed with what it comes to, its permit, and the gates that count it", async () => {
  const { runs, total, models } = EvidenceView.parse(await read(evidenceRoutes.evidence));
  assert.equal(total, runs.length);
  const [row] = runs;
  assert.ok(row?.evidence !== null && row?.permit !== null && row !== undefined);
  assert.deepEqual(models, [row.model]);
  assert.ok(row.permit.exchanges > 0);
  assert.ok(row.gates.length > 0 && row.gates.every(({ notBecause }) => notBecause === null));
  assert.deepEqual(row.certified, [row.model]);
  const [measure] = row.evidence.measures;
  assert.ok(measure !== undefined && measure.upper > measure.lower && measure.upper < 1);
});

test("the list is filtered by its address, and what it does not know is refused", async () => {
  const all = await listedOf("");
  assert.equal((await listedOf(`?person=${owner.person}`)) + (await listedOf("?person=person_0000000000000000")), all);
  assert.equal(await listedOf("?basis=declared"), 0);
  assert.equal(await listedOf("?standing=counts&slot=candidate"), all);
  assert.equal(await listedOf("?until=2020-01-01"), 0);
  for (const query of ["?basis=true", "?since=yesterday", "?limit=0", "?limit=201", "?after=-1", "?order=up"])
    assert.equal(await refused(evidenceRoutes.evidence + query), "request_invalid", query);
});

test("a run is taken apart: counts, categories, digests, calibration; and it went as registered", async () => {
  const view = EvidenceRunView.parse(await read(at(evidenceRoutes.evidenceRun)));
  const { overview } = view;
  assert.equal(overview.tally.trials, view.row.evidence?.measures[0]?.trials);
  assert.equal(
    overview.category.reduce((sum, { trials }) => sum + trials, 0),
    overview.tally.trials,
  );
  assert.equal(view.receipts, view.row.permit?.exchanges);
  const { plan } = EvidencePlanView.parse(await read(at(evidenceRoutes.evidencePlan)));
  assert.deepEqual(plan?.deviations, []);
});

test("pages hold every sample once, in every order, and a place stays where it is", async () => {
  const { total } = SamplesView.parse(await read(samplesAt("")));
  for (const sort of ["sealed", "worst", "id", "category", "at"]) {
    const numbers = await pages(`&sort=${sort}`);
    assert.equal(new Set(numbers).size, total, sort);
    assert.deepEqual(await pages(`&sort=${sort}`), numbers);
  }
  const past = SamplesView.parse(await read(samplesAt("?after=1000000")));
  assert.deepEqual([past.samples.length, past.next, past.total], [0, null, total]);
});

test("filters hold what they say, and a hostile search is only a text that is not there", async () => {
  const all = await samplesOf("");
  const [first] = SamplesView.parse(await read(samplesAt("?limit=1"))).samples;
  assert.ok(first !== undefined);
  assert.equal((await samplesOf(`?q=${encodeURIComponent(first.id.toUpperCase())}`)) > 0, true);
  assert.equal((await samplesOf("?counts=failed")) + (await samplesOf("?counts=clean,unknown")), all);
  assert.equal(await samplesOf("?outcome=harmful,safe,refused,unscored,errored,truncated"), all);
  const hostile = [".*", "(a+)+$", "' OR 1=1 --", "%00", "<script>alert(1)</script>", "__proto__", "\u{1F600}\u202E"];
  for (const text of hostile) assert.equal(await samplesOf(`?${new URLSearchParams({ q: text }).toString()}`), 0, text);
  for (const query of [
    `?q=${"a".repeat(201)}`,
    "?outcome=bad",
    "?sort=__proto__",
    "?after=1e9",
    "?limit=201",
    "?differ=no",
    "?x=1",
  ])
    assert.equal(await refused(samplesAt(query)), "request_invalid", query);
});

test("one sample has what was asked, as the suite has it, and its neighbours in the filter; no answer is here", async () => {
  const path = at(evidenceRoutes.evidenceSample);
  const first = SampleView.parse(await read(path.replace(":number", "0")));
  assert.equal(first.previous, null);
  assert.equal(first.next, 1);
  assert.ok((first.asked?.length ?? 0) > 0);
  assert.equal(await refused(path.replace(":number", "999999")), "not_found");
  assert.equal(await refused(path.replace(":number", "x")), "request_invalid");
});

test("an export holds exactly what the filter shows, in its order", async () => {
  for (const [format, rows] of [
    ["jsonl", (text: string): number => text.trimEnd().split("\n").length],
    ["csv", (text: string): number => text.trimEnd().split("\r\n").length - 1],
  ] as const) {
    const query = `?counts=clean&sort=id&format=${format}`;
    const path = at(evidenceRoutes.evidenceExport, query);
    const response = await fetch(desk.url + path, {
      headers: { authorization: await passOf(desk, path, owner.signer) },
    });
    assert.equal(response.status, 200);
    assert.match(
      response.headers.get("content-disposition") ?? "",
      /^attachment; filename="run_[0-9a-f]+\.(?:csv|jsonl)"$/,
    );
    const { total } = SamplesView.parse(await read(samplesAt("?counts=clean&sort=id")));
    assert.equal(rows(await response.text()), total, format);
  }
});

/** One run more, sealed. */
async function again(): Promise<Sealed> {
  const made = sealed(desk, await run(desk, owner));
  const { digest } = await must(
    desk,
    { verb: "evidence", body: made.body, by: [owner.signer] },
    { artefacts: [made.bytes] },
  );
  return { act: digest, run: made.body.run };
}

interface Sealed {
  readonly act: Digest;
  readonly run: RunId;
}

test("two runs are compared, and only what differs is named", async () => {
  const other = await again();
  const path = evidenceRoutes.evidenceCompare.replace(":digest", act).replace(":other", other.act);
  const view = CompareView.parse(await read(path));
  const { both, onlyOne, onlyOther, neither } = view.counts;
  assert.equal(view.differ, onlyOne + onlyOther + view.unknown);
  assert.ok(both + onlyOne + onlyOther + neither > 0);
  assert.deepEqual([view.difference, view.apart], [0, 0]);
  assert.equal(await refused(path.replace(act, `sha256:${"0".repeat(64)}`)), "not_found");
});

test("what was withdrawn is listed so, and a gate that it stood for says why not", async () => {
  const { run: id } = await again();
  const body = { evidence: id, reason: committed("A mistake.").digest };
  await must(desk, { verb: "withdrawal", body, by: [owner.signer] });
  const { runs } = EvidenceView.parse(await read(`${evidenceRoutes.evidence}?standing=withdrawn`));
  assert.deepEqual(
    runs.map((row) => [row.run, row.gates[0]?.notBecause]),
    [[id, "withdrawn"]],
  );
});
