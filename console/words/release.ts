// What the release pages say.
import { dayInWords, numberInWords, percentInWords } from "./format.ts";
import { lackingInWords, rolesInWords } from "./roles.ts";

interface Share {
  readonly open: number;
  readonly by: string;
  readonly step: number;
  readonly steps: readonly number[];
}

const days = (count: number): string =>
  count === 0 ? "less than a day" : `${numberInWords(count)} day${count === 1 ? "" : "s"}`;
const day = (at: string): string => dayInWords(Date.parse(at));

const closedBecause: Readonly<Record<string, string>> = {
  withheld: "nothing was ever certified",
  held: "a hold stands",
  expired: "its certificate ended",
  lapsed: "its certificate lapsed",
  changed: "what is served is not what was certified",
  "not-yet": "its certificate has not begun",
};

export const release = {
  title: "Release",
  lead: "Where each model stands, why not further, and what is still to be shown.",
  modelLead: "Where it stands, why not further, and what is still to be shown.",
  empty: "No model is here yet",
  next: "Write its documents and apply them: headgate apply -f FOLDER",
  models: {
    caption: "Models",
    model: "Model",
    stage: "Stage",
    closed: "Why it is withheld",
    because: (reason: string | null) => (reason === null ? "" : (closedBecause[reason] ?? reason)),
  },
  standing: {
    open: (stage: string, since: string, until: string) => `Open at ${stage} since ${day(since)}, until ${day(until)}.`,
    closed: (reason: string) => `Nobody is served: ${closedBecause[reason] ?? reason}.`,
    never: "Nobody is served: nothing was ever certified.",
    share: ({ open, by, step, steps }: Share) =>
      `${percentInWords(open)} of its ${by}s are let in: step ${step} of ${steps.length}.`,
    oneSigner: "One person alone stands behind it.",
    observe: "OBSERVE MODE: its safeguards stop nothing.",
    basis: (basis: string) =>
      basis === "measured"
        ? "Which model answers was measured."
        : `Which model answers is ${basis === "vendor" ? "the vendor's word" : "only declared"}.`,
    turned: (verdict: string, which: readonly string[]) =>
      `It would not pass its gate today: ${verdict}${which.length === 0 ? "" : ` (${which.join(", ")})`}.`,
    lapsed: (verdict: string, which: readonly string[]) =>
      `Its certificate lapsed: its gate is ${verdict}${which.length === 0 ? "" : ` (${which.join(", ")})`}.`,
    ends: (left: number) =>
      `Its certificate ends within ${days(left)}. Renew it while it stands: propose the same stage again.`,
    hours: (next: string | null) =>
      next === null
        ? "Closed at this hour, and not open again before its certificate ends."
        : "Closed at this hour; it opens again",
    glassOpen: "BREAK-GLASS: it goes on over a hold. Any further hold ends it.",
    glassOver:
      "A break-glass is over and unreviewed: nothing of this model is certified until a third person has reviewed it.",
    certificate: "Certificate",
  },
  ladder: {
    title: "The ladder",
    description: (stage: string) => `Six stages, each wider than the one before. This model is at ${stage}.`,
    here: "now",
    certified: "certified, and shut",
    next: "next",
    share: (part: number) => `to ${percentInWords(part)}`,
    since: (at: string) => `since ${day(at)}`,
    what: {
      withheld: "nobody",
      internal: "your own people",
      evaluators: "evaluators from outside",
      trusted: "vetted partners",
      limited: "organisations of some kinds",
      general: "everybody with a key",
    },
  },
  gate: {
    title: (stage: string) => `Why not further: the gate of ${stage}`,
    titleAsked: (stage: string) => `The gate of ${stage}`,
    top: "It is at the last stage of its plan",
    topNext: "There is no wider stage in its release plan. What is certified is judged again every day.",
    unjudged: "The gate cannot be judged",
    unjudgedNext:
      "A document that it takes is missing: apply the plan with all that it names. headgate doctor says which.",
    whole: {
      pass: "All that the plan asks for is shown.",
      fail: "What the plan asks for is not met.",
      inconclusive: "What the plan asks for is not shown yet.",
    },
    each: "Each requirement has to hold by itself.",
    lacking: (ids: readonly string[]) => `Missing: ${ids.join(", ")}.`,
    tier: (tier: number) => `Tier ${tier}: what is asked of abler models only is not asked of it.`,
    stageChoice: "Gate",
    stageNext: (stage: string | null) => (stage === null ? "next stage" : `next stage (${stage})`),
    requirements: "Requirements",
    requirement: "Requirement",
    outcome: "Outcome",
    still: (what: string) => `Still to show: ${what}.`,
    waiting: (since: string, count: number, on: readonly string[]) =>
      count === 0
        ? `It waits on ${rolesInWords(on)}, since ${day(since)}.`
        : `Nothing moved for ${days(count)} (since ${day(since)}); it waits on ${rolesInWords(on)}.`,
    unsigned: "not signed",
    verdictWord: { pass: "shown", fail: "not met", inconclusive: "not shown", "not-asked": "not asked" },
    forest: {
      title: "What was measured, against its limits",
      description: (rows: number) =>
        `${rows === 1 ? "One rate" : `${rows} rates`}: the mark is the estimate, the bar its bounds, the upright line the limit.`,
      axis: "rate",
      limit: (said: string) => `limit: ${said}`,
      figures: (estimate: string, trials: string) => `${estimate} · n ${trials}`,
      caption: "The figures of the plot",
      head: {
        measure: "Measure",
        outcome: "Outcome",
        failed: "Failed",
        unknown: "Unknown",
        rate: "Rate",
        lower: "At least",
        upper: "At most",
        limit: "Limit",
        confidence: "Confidence",
      },
    },
  },
  canary: {
    title: "Canary: the watch over its steps",
    none: "This stage opens to all whom it admits at once: it has no steps to watch.",
    verdict: {
      hold: "It is not shown yet that every live measure keeps its limit.",
      "may-widen": "Every live measure is shown to keep its limit: a person may widen it.",
      "rolled-back": "The server stepped back; a person widens it again.",
      exceeded: "A live measure exceeds its limit.",
    },
    back: (cause: string) => `It stepped back for ${cause}.`,
    blind: "Blind: no exchange of it came from any gateway since",
    advised: "Widening before that is shown is refused.",
    measure: {
      "safeguard-failures": "exchanges in which a safeguard did not run",
      "confirmed-misuse": "exchanges labelled as misuse that got through",
      "over-blocking": "exchanges labelled as stopped without need",
      probes: "probes that got through",
    },
    sentence: (counted: string, bounds: string, limit: number) =>
      `${counted}; whenever one looks, ${bounds}. The limit is ${percentInWords(limit)}.`,
    counted: (bad: string, what: string) => `${bad} are ${what}`,
    bets: (exceeded: string, kept: string) =>
      `The bet that the limit is exceeded stands at ${exceeded}, the bet that it is kept at ${kept}.`,
    bet: (stands: string, needed: string) => `${stands} (shown at ${needed})`,
    shown: {
      exceeded: "It is shown that the limit is exceeded.",
      kept: "It is shown that the limit is kept.",
      open: "Neither is shown yet.",
    },
    few: (count: number) =>
      `At least ${numberInWords(count)} exchanges are needed before anything is said for the next step.`,
    chart: (id: string) => `${id}: rate over exchanges`,
    chartText: (limit: number, periods: number) =>
      `The line is the rate among labelled exchanges, the band holds at every count at once, the dashed line is the limit of ${percentInWords(limit)}. ${periods === 1 ? "One step" : `${periods} steps up and down`}.`,
    noPoints: "No exchange was counted yet.",
    step: (step: number, open: number) => `step ${step} (${percentInWords(open)})`,
    began: { certificate: "certified", person: "a person's step", watch: "the server stepped back" },
    table: {
      step: "Step",
      at: "Counted at",
      exchanges: "Exchanges",
      bad: "Bad",
      unknown: "Unknown",
      rate: "Rate",
      lower: "At least",
      upper: "At most",
    },
    axis: "exchanges since the certificate",
    unwatched: "It opens by steps, and its plan has no watch over them: people widen, and go back.",
    widen: "Widen to the next step",
    narrow: "Go back a step",
  },
  proposals: {
    title: "Proposals",
    lead: "A proposal is an unsigned certificate: what is signed is everything it names.",
    none: "Nothing is proposed",
    noneNext: "An owner, or for a resume somebody from safety, proposes a stage.",
    propose: "Propose a stage",
    earlier: "Decided or outrun",
    opens: (stage: string, isAgain: boolean) => `${isAgain ? "Reopen" : "Open"} ${stage}`,
    waits: (needs: readonly string[]) => `Lacks the sign-off of ${lackingInWords(needs)}.`,
    needsCommandLine: (proposal: string) =>
      `The plan asks that a sign-off comes from a key kept at the command line, and a key of this browser is not one: what you sign here counts for your seat, not for that. At the command line: headgate release sign ${proposal} --reason "…"`,
    inBrowser: "in a browser",
    complete: "No sign-off is missing; an owner can advance it.",
    decideBy: "To be decided by",
    outdated: "The documents were changed since: it answers a question of before.",
    certified: "certified",
    past: "not certified",
    answers: (ids: readonly string[]) => `Answers the holds ${ids.join(", ")}.`,
    lifts: (ids: readonly string[]) => `LIFTS the restrictions ${ids.join(", ")}.`,
    by: "Proposed by",
    reason: "Reason",
    reasonGone: "(the text was erased, or is not shown to you)",
    audience: "For",
    audienceOf: (types: readonly string[], stage: string) =>
      `organisations of type ${types.join(", ")} (granted it from ${stage} on)`,
    period: "Holds",
    from: (from: string, to: string) => `from ${day(from)} to ${day(to)}`,
    evidence: "Evidence",
    pieces: (count: number) => `${count} piece${count === 1 ? "" : "s"} of evidence`,
    digests: "What it pins",
    names: {
      model: "Model",
      safeguards: "Safeguards",
      policy: "Usage policy",
      plan: "Release plan",
      proposal: "Proposal",
    },
    signOffs: "Sign-offs",
    nobody: "Nobody has signed.",
    said: { for: "signed for", against: "REFUSED", recused: "stepped back" },
    as: (role: string) => `as ${role}`,
    you: "you",
    changes: "What changes against what is certified",
    first: "Nothing was certified before: all of it is new.",
    same: "Model, safeguards, policy and plan are those that are certified.",
    equal: "unchanged",
    field: "Field",
    before: "Certified",
    after: "Proposed",
    moreFields: (count: number) => `${numberInWords(count)} more fields differ.`,
    absent: "not there",
    checking: "The ledger is being checked in this browser …",
    conflict: "Somebody acted meanwhile",
    conflictText: "This proposal was changed or decided while you wrote. What you typed is still here.",
  },
  acts: {
    reason: "Reason",
    reasonHelp: "Kept aside; the ledger holds a commitment to it. Others who may read see it.",
    reasonMissing: "Say why: what you sign carries a reason.",
    cancel: "Cancel",
    go: "Go on to signing",
    sign: "Sign for it",
    refuse: "Refuse",
    recuse: "Step back",
    advance: "Advance",
    itNames: "It names:",
    signTitle: "Sign for this proposal",
    refuseTitle: "Refuse this proposal",
    recuseTitle: "Step back from this proposal",
    signText: "You stand behind everything that it names. A later word of yours replaces this one.",
    refuseText: "You sign against it, with a reason that the others can read. It cancels a sign-off of yours.",
    recuseText: "For a conflict of interest: it cancels a sign-off of yours and fills no seat.",
    proposeTitle: "Propose a stage",
    proposeText:
      "The proposal pins model, safeguards, policy, plan and evidence as they are applied now, and answers the holds that stand.",
    stage: "Stage",
    resume: "Propose to reopen",
    resumeTitle: "Propose to reopen it as it was certified",
    resumeText: "What was certified is proposed again, and answers the holds. Two persons sign it, as any loosening.",
    lift: "Propose to lift it",
    liftTitle: "Propose to lift this restriction",
    restrict: "Restrict it",
    restrictTitle: "Make it stricter, now",
    restrictText: "Takes effect at once and stands until a certificate lifts it. It can only make decisions stricter.",
    restrictKind: "What is restricted",
    outputTokens: "Length of answers",
    prohibit: "A category",
    tokens: "Tokens at the most",
    tokensWrong: "A whole number from 1 on.",
    category: "Category to prohibit",
    widenTitle: "Widen it to the next step",
    widenText: (part: number) =>
      `Opens it to ${percentInWords(part)} of its callers, as was signed with its certificate.`,
    narrowTitle: "Go back a step",
    narrowText: (part: number) => `Goes back to ${percentInWords(part)} of its callers, at once.`,
    glassTitle: "Review the break-glass",
    glassText: "What a third person found of it. Nothing of the model is certified before.",
    finding: "Finding",
    justified: "justified",
    unjustified: "not justified",
    review: "Review the break-glass",
    noSigner: "This browser has no key that was admitted; Settings says how to get one.",
    signedAlready: "You have said so already.",
    notComplete: "Sign-offs are missing.",
    gateOpen: "Its gate does not pass yet.",
    last: "It is at the last of the steps that were signed.",
    firstStep: "It is at the first step.",
    changed: "It changed while you wrote. Look at it again; what you typed is still here.",
  },
  stops: {
    title: "What stops it or makes it stricter",
    none: "No hold and no restriction stands, and no incident is open.",
    hold: (what: string) => `${what} is held`,
    model: "The whole model",
    from: (stage: string) => `Stage ${stage} and wider ones`,
    restriction: "Restriction",
    due: "It stands for more than 72 hours: look at it again.",
    incident: (severity: string) => `Incident of severity ${severity}`,
    since: "since",
  },
} as const;
