// The transparency page as HTML: one static document that works without scripts, in light and dark, by keyboard and with a
// screen reader. Everything that is not ours is escaped.
import { escaped } from "../terms/markup.ts";
import { sideInWords } from "../terms/stage-modes.ts";
import type { Status } from "../release/status.ts";

export interface Transparency {
  readonly format: "headgate-transparency/1";
  readonly at: string;
  readonly deployment: string | null;
  readonly demo: boolean;
  readonly ledgerSize: number;
  readonly witnessed: false;
  readonly models: readonly Status[];
  /** Who can open which stage, whatever a plan says. */
  readonly floors: readonly { readonly stage: string; readonly seats: string }[];
  readonly personsForChange: number;
  readonly persons: Readonly<Record<string, number>>;
  /** `brakeMs`: of one of the brake, whose attempts are streams: when the last of them came after the order. */
  readonly drills: readonly {
    readonly at: string;
    readonly attempts: number;
    readonly opened: number;
    readonly brakeMs?: number;
  }[];
  /** Requests that a person looked at and decided on. */
  readonly reviews: { readonly read: number; readonly allowed: number; readonly refused: number };
  readonly anomalies: number;
  readonly receiptsLost: number;
  readonly limits: readonly string[];
}

const style = `
:root{color-scheme:light dark;--edge:#8886;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border:1px solid var(--edge)}
thead th{background:var(--soft)}
.mark{border:2px solid;border-radius:.3rem;padding:0 .4rem;font-weight:600}
section{border-top:1px solid var(--edge)}
`;

export function renderPage(view: Transparency): string {
  const title = view.demo ? "DEMO: what is released here" : "What is released here";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>Made at <time datetime="${escaped(view.at)}">${escaped(view.at)}</time> from ${view.ledgerSize} ledger entries
of deployment ${escaped(view.deployment ?? "(not begun)")}. <a href="transparency.json">The same as JSON</a>.
The ledger is <strong>unwitnessed</strong>.</p>
${view.models.map(renderModel).join("\n")}
${view.models.length === 0 ? "<p>No model here is public.</p>" : ""}
${renderBoard(view)}
${renderDrills(view)}
${renderReviews(view)}
<section aria-labelledby="limits">
<h2 id="limits">What this does not show</h2>
<ul>${view.limits.map((limit) => `<li>${escaped(limit)}</li>`).join("")}</ul>
</section>
</main>
</body>
</html>
`;
}

function renderModel(status: Status): string {
  const id = `model-${status.model}`;
  return `<section aria-labelledby="${escaped(id)}">
<h2 id="${escaped(id)}">${escaped(status.model)}: ${escaped(status.stage)}</h2>
${renderBreakGlass(status)}${renderCertified(status)}
${renderHolds(status)}
${renderNext(status)}
</section>`;
}

function renderBreakGlass({ breakGlass }: Status): string {
  if (breakGlass === null) return "";
  const { glass, holds, since, until, open, endedBy } = breakGlass;
  const over = holds.map((hold) => escaped(hold)).join(", ");
  const end = endedBy === null ? `until ${escaped(until)}` : `until ${escaped(endedBy)} ended it`;
  const what = open
    ? `Two persons have it go on <strong>over ${over}</strong> since ${escaped(since)}, until ${escaped(until)} at the latest.`
    : `Two persons had it go on <strong>over ${over}</strong> from ${escaped(since)} ${end}.`;
  return `<p role="alert"><span class="mark">break-glass</span> ${what} ${escaped(glass)} is to be reviewed by a third person; until then
nothing of this model is certified.</p>
`;
}

function renderCertified({ certified, closed, unstopped }: Status): string {
  const shut = closed === null ? "" : `<p>Closed now: <strong>${escaped(closed)}</strong>.</p>`;
  if (certified === null) return `${shut}<p>No certificate exists. Nobody is served.</p>`;
  const one = certified.oneSigner ? ` <span class="mark">one signer</span>` : "";
  const observe =
    certified.mode === "observe"
      ? `<p><span class="mark">observe mode</span> Safeguards run and <strong>stop nothing</strong>; what the gate asks for was measured
with safeguards that stop.</p>`
      : "";
  const only = unstopped.map((side) => `the ${sideInWords[side]}`).join(" and ");
  const recording =
    only === ""
      ? ""
      : `<p><span class="mark">only recorded</span> For some callers at least, whatever safeguards find in ${escaped(only)} is recorded and
<strong>not stopped</strong>.</p>`;
  return `${shut}${observe}${recording}<p>Certified for <strong>${escaped(certified.stage)}</strong> by ${escaped(certified.certificate)}${one},
from ${escaped(certified.since)} until ${escaped(certified.validUntil)}.
That the model is what it is said to be is <strong>${escaped(certified.identityBasis)}</strong>.</p>`;
}

function renderHolds({ holds, restrictions }: Status): string {
  const held = holds
    .map(({ hold, at, stage, callers }) => {
      const part = stage === undefined ? callers : `stage ${stage} and wider ones`;
      const what = part === undefined ? "" : `, ${escaped(part)}`;
      return `<li>${escaped(hold)} since ${escaped(at)}${what}</li>`;
    })
    .join("");
  const narrowed = restrictions.length === 0 ? "" : `<p>${restrictions.length} restriction(s) make it stricter.</p>`;
  return `${held === "" ? "" : `<p>Held:</p><ul>${held}</ul>`}${narrowed}`;
}

function renderNext({ next, verdict, requirements, tier }: Status): string {
  if (next === null) return "<p>Its plan has no further stage.</p>";
  const rows = requirements.map(
    ({ id, verdict: one, why, stillToShow, waiting }) =>
      `<tr><th scope="row">${escaped(id)}</th><td>${escaped(one)}</td><td>${escaped(why)}</td><td>${escaped(stillToShow === "" ? "nothing" : stillToShow)}</td><td>${escaped(waiting === null ? "–" : `${waiting.days} day(s), on ${waiting.on.join(", ")}`)}</td></tr>`,
  );
  const rules = (tier?.rules ?? []).map(({ why }) => `<li>${escaped(why)}</li>`).join("");
  const able = tier === null ? "" : `<p>Taken to be of tier ${tier.tier}:</p><ul>${rules}</ul>`;
  return `${able}<table>
<caption>For ${escaped(next)}: ${escaped(verdict ?? "not judged")}</caption>
<thead><tr><th scope="col">Requirement</th><th scope="col">Verdict</th><th scope="col">Why</th><th scope="col">Still to show</th><th scope="col">Waits</th></tr></thead>
<tbody>${rows.join("")}</tbody>
</table>`;
}

function renderBoard(view: Transparency): string {
  const floors = view.floors.map(
    ({ stage, seats }) => `<tr><th scope="row">${escaped(stage)}</th><td>${escaped(seats)}</td></tr>`,
  );
  const persons = Object.entries(view.persons).map(([role, count]) => `${count} ${role}`);
  return `<section aria-labelledby="board">
<h2 id="board">Who can open the gate</h2>
<p>Admitted: ${escaped(persons.join(", ") || "nobody")}. Admitting a person or changing the trust root takes ${view.personsForChange}.
Any one of them can stop a release; opening it again takes these seats, and what the plan asks besides.</p>
<table><caption>Least sign-offs per stage</caption>
<thead><tr><th scope="col">Stage</th><th scope="col">Seats</th></tr></thead><tbody>${floors.join("")}</tbody></table>
<p>${view.anomalies} ledger entries were refused by the rules and changed nothing. ${view.receiptsLost} receipts were lost before they
reached the ledger, and are said so in entries of their own.</p>
</section>`;
}

function renderDrills({ drills }: Transparency): string {
  const rows = drills.map(
    ({ at, attempts, opened, brakeMs }) =>
      `<tr><td>${escaped(at)}</td><td>${attempts}</td><td>${opened}</td><td>${brakeMs === undefined ? "" : `${brakeMs} ms`}</td></tr>`,
  );
  const table = `<table><caption>Attempts to get past this gate</caption>
<thead><tr><th scope="col">When</th><th scope="col">Attempts</th><th scope="col">Opened</th><th scope="col">Brake</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
  return `<section aria-labelledby="drills"><h2 id="drills">Drills</h2>${rows.length === 0 ? "<p>None on record.</p>" : table}</section>`;
}

function renderReviews({ reviews: { read, allowed, refused } }: Transparency): string {
  if (read + allowed + refused === 0) return "";
  return `<section aria-labelledby="reviews"><h2 id="reviews">Reviews by a person</h2>
<p>Requests read: ${read}. Allowed: ${allowed}. Refused: ${refused}.</p></section>`;
}
