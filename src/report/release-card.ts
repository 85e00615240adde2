// The release card's text as HTML: made where the card is saved, and once more in the browser that opens it, from the data in it.
// Where both are not the same, somebody changed the page. Only what stands within <main> is made here; card-page.ts has the rest.
import { plotOfRows } from "../plots/rows.ts";
import { parseBundle } from "./bundle-file.ts";
import type { Primitives } from "../proof/primitives.ts";
import { escaped } from "../terms/markup.ts";
import { Failure } from "../terms/failure.ts";
import { Instant } from "../terms/ids.ts";
import { type CardFacts, type Measured, cardFacts } from "./card-facts.ts";
import { type Examined, examineBundle } from "./verify-bundle.ts";

export interface Card {
  readonly title: string;
  readonly html: string;
  readonly verification: Examined["verification"];
}

/** Fails with request_invalid or proof_invalid where the bytes hold no decision that can be told. */
export async function cardOf(bytes: Uint8Array, primitives: Primitives): Promise<Card> {
  const bundle = parseBundle(bytes);
  const examined = await examineBundle(bundle, { pin: undefined, plan: undefined, primitives, at: Instant.parse(0) });
  const facts = cardFacts({ bundle, examined, primitives });
  const { verification } = examined;
  if (facts === undefined)
    throw new Failure("proof_invalid", verification.firstDifference ?? "The bundle holds no decision.");
  return { title: facts.title, html: htmlOf(facts), verification };
}

function htmlOf(facts: CardFacts): string {
  return [
    `<h1>${escaped(facts.title)}</h1>`,
    section("decided", "What was decided, for whom, how far", list(facts.decided)),
    section("evidence", "On what evidence", evidence(facts)),
    section("not-shown", "What was not shown", list(facts.notShown)),
    section("signed", "Who signed and who refused", signed(facts)),
    section("ends", "Until when, and what would end it", list(facts.ends)),
    section("since", "What this record says of it since", list(facts.since)),
    section("names", "What it is about, exactly", table("Names and digests", ["What", "Name or digest"], facts.names)),
  ].join("\n");
}

function section(id: string, title: string, content: string): string {
  return `<section aria-labelledby="${id}">\n<h2 id="${id}">${escaped(title)}</h2>\n${content}\n</section>`;
}

function list(sentences: readonly string[]): string {
  return `<ul>\n${sentences.map((one) => `<li>${escaped(one)}</li>`).join("\n")}\n</ul>`;
}

function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const headings = head.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const lines = rows.map(([first = "", ...rest]) => {
    const cells = rest.map((cell) => `<td>${escaped(cell)}</td>`).join("");
    return `<tr><th scope="row">${escaped(first)}</th>${cells}</tr>`;
  });
  return `<div class="wide" tabindex="0" role="region" aria-label="${escaped(caption)}"><table><caption>${escaped(caption)}</caption>\n<thead><tr>${headings}</tr></thead>\n<tbody>\n${lines.join("\n")}\n</tbody></table></div>`;
}

const verdictWords = { pass: "shown", fail: "NOT MET", inconclusive: "not shown", "not-asked": "not asked" } as const;

function evidence({ verdict, requirements, measures }: CardFacts): string {
  const rows = requirements.map(({ id, verdict: of, why, stillToShow }) => [
    id,
    verdictWords[of],
    why,
    stillToShow ?? "",
  ]);
  const whole = {
    pass: "All that the plan asks for was shown.",
    fail: "What the plan asks for is NOT met.",
    inconclusive: "What the plan asks for is not shown yet.",
  };
  return [
    `<p>${escaped(whole[verdict])} Each requirement has to hold by itself.</p>`,
    table("What the plan asks, and what came out", ["Requirement", "Outcome", "Why", "Still to show"], rows),
    ...(measures.length === 0 ? [] : [forest(measures), twin(measures)]),
  ].join("\n");
}

/** Round ends of an axis, in parts of one. */
const ends = [0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 1] as const;

function forest(measures: readonly Measured[]): string {
  const most = Math.max(...measures.flatMap(({ upper, limit }) => [upper, limit]));
  const svg = plotOfRows({
    title: "Rates that were measured, with their bounds and limits",
    axis: "failed; bar: one-sided bounds, upright mark: the limit",
    kinds: [],
    groups: [
      {
        name: "Measures",
        rows: measures.map(({ name, estimate, lower, upper, limit, failures, trials }) => ({
          name: name.length > nameChars ? `${name.slice(0, nameChars - 1)}…` : name,
          estimate,
          lower,
          upper,
          target: limit,
          behind: `${failures} of ${trials}`,
          kind: 0,
        })),
      },
    ],
    to: ends.find((end) => end > most) ?? 1,
  });
  return `<figure>${svg.trim()}<figcaption>The table below has its figures.</figcaption></figure>`;
}

/** Characters of a name that find room beside the plot. */
const nameChars = 40;

function twin(measures: readonly Measured[]): string {
  const rows = measures.map((one) => [
    one.name,
    `${one.failures} of ${one.trials}`,
    `${one.unknown}`,
    rate(one.estimate),
    rate(one.lower),
    rate(one.upper),
    rate(one.limit),
    rate(one.confidence),
  ]);
  const head = [
    "Measure",
    "Failed",
    "Unknown, counted as failed",
    "Rate",
    "At least",
    "At most",
    "Limit",
    "Confidence",
  ];
  return table("The figures of the plot", head, rows);
}

/** With so many digits that a bound and a limit beside it are told apart. */
function rate(share: number): string {
  return `${Number((100 * share).toPrecision(share > 0.9 ? 6 : 4))} %`;
}

function signed({ signed: all, signing }: CardFacts): string {
  const rows = all.map(({ role, person, said, at, reason }) => [role, said, person, at, reason]);
  const who =
    rows.length === 0
      ? "<p>Nobody has signed.</p>"
      : table("Sign-offs", ["Role", "Said", "Person", "When", "Reason"], rows);
  return `${who}\n${list(signing)}`;
}
