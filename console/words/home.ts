// What Home says: a sentence and an action for each kind of matter, the first run's steps, and how to connect.
import type { Need } from "../../src/control/contract-needs.ts";
import { limitInWords } from "../../src/acts/act-words.ts";
import { agoInWords, dayInWords, numberInWords } from "./format.ts";
import { live } from "./live.ts";
import { lackingInWords, rolesInWords } from "./roles.ts";

type Matter = Need["matter"];

interface Told {
  readonly sentence: string;
  readonly action: string;
}

/** What the console has a page for leads there; what is done on the command line says with what. */
type Said = Told & ({ readonly href: string } | { readonly command: string });

const count = (of: number, noun: string): string => `${numberInWords(of)} ${noun}${of === 1 ? "" : "s"}`;
const left = (days: number): string => (days === 0 ? "within a day" : `in ${count(days, "day")}`);
const proposalAt = (model: string | null, id: string): string => `/release/${model ?? ""}?proposal=${id}#${id}`;
const listed = (ids: readonly string[]): string => ids.join(", ");

/** One sentence, one action, and where it is done. */
export function matterInWords({ matter, model, due }: Need, now: number): Said {
  return said(matter, model ?? "", { due, now });
}

interface When {
  readonly due: string | null;
  readonly now: number;
}

const by = ({ due, now }: When): string =>
  due === null ? "" : `, to be decided by ${dayInWords(Date.parse(due))} (${agoInWords(Date.parse(due), now)})`;

const anomaly = { action: "See it live", href: "/live" } as const;

type Sayings = { readonly [K in Matter["kind"]]: (matter: Of<K>, model: string, when: When) => Said };

const sayings: Sayings = {
  sign: ({ proposal, stage, needs }, model, when) => ({
    sentence: `A proposal to open ${model} at ${stage} lacks the sign-off of ${lackingInWords(needs)}${by(when)}.`,
    action: "Read and sign",
    href: proposalAt(model, proposal),
  }),
  advance: (matter, model, when) => ({ ...advance(matter, model, when), href: proposalAt(model, matter.proposal) }),
  cosign: ({ verb, needs }) => ({
    sentence: `A statement (${verb}) waits for the signature of ${lackingInWords(needs)}.`,
    action: "Look at it",
    href: "/waiting",
  }),
  hold: stopped,
  restriction: stopped,
  incident: stopped,
  "break-glass": stopped,
  gateway: operating,
  webhook: operating,
  reviews: operating,
  "upstream-fails": ({ server, count: failed }) => ({ ...anomaly, sentence: live.alerts.upstream(server, failed) }),
  unjudged: ({ safeguard, count: times }) => ({ ...anomaly, sentence: live.alerts.unjudged(safeguard, times) }),
  "grant-ends": ending,
  "key-ends": ending,
  canary: (matter, model) => ({ ...canary(matter, model), href: `/release/${model}#canary` }),
  "gate-turned": (matter, model) => ({ ...certificate(matter, model), href: `/release/${model}` }),
  lapsed: (matter, model) => ({ ...certificate(matter, model), href: `/release/${model}` }),
  expired: (matter, model) => ({ ...certificate(matter, model), href: `/release/${model}` }),
  "certificate-ends": (matter, model) => ({ ...certificate(matter, model), href: `/release/${model}` }),
};

function said<K extends Matter["kind"]>(matter: Of<K>, model: string, when: When): Said {
  const say: (of: Of<K>, about: string, at: When) => Said = sayings[matter.kind];
  return say(matter, model, when);
}

type Of<K extends Matter["kind"]> = Extract<Matter, { kind: K }>;

function advance({ stage, verdict }: Of<"advance">, model: string, when: When): Told {
  if (verdict === "fail" || verdict === "inconclusive")
    return {
      sentence: `Everybody signed to open ${model} at ${stage}, but its gate ${verdict === "fail" ? "fails" : "is not shown to pass"}${by(when)}.`,
      action: "See what is missing",
    };
  return {
    sentence: `Everybody signed to open ${model} at ${stage}; an owner can advance it${by(when)}.`,
    action: "Advance",
  };
}

function stopped(matter: Of<"hold" | "restriction" | "incident" | "break-glass">, model: string, { now }: When): Said {
  const href = `/release/${model}#stops`;
  switch (matter.kind) {
    case "hold": {
      const what = matter.callers ?? (matter.stage === null ? model : `${model} at ${matter.stage} and wider`);
      return {
        sentence: `${what} is held. It goes on only after a decision that answers the hold.`,
        action: "See the hold",
        href,
      };
    }
    case "restriction":
      return {
        sentence: `A restriction on ${model} stands: ${limitInWords(matter.limit)}.${matter.reviewDue ? " It stands for more than 72 hours and is to be looked at again." : ""}`,
        action: matter.reviewDue ? "Review it" : "See it",
        href,
      };
    case "incident":
      return {
        sentence: `An incident of severity ${matter.severity} is open${model === "" ? "" : ` on ${model}`}.`,
        action: "See what it ends",
        href,
      };
    case "break-glass":
      return {
        sentence: matter.open
          ? `BREAK-GLASS: ${model} goes on over a hold, until ${agoInWords(Date.parse(matter.until), now)} at the most. Any hold ends it.`
          : `A break-glass on ${model} is over, and nobody has reviewed it. Nothing of ${model} is certified until somebody has.`,
        action: matter.open ? "See it" : "Review it",
        href,
      };
  }
}

function operating(matter: Of<"gateway" | "webhook" | "reviews">): Said {
  switch (matter.kind) {
    case "gateway": {
      const name = matter.name === null ? "A gateway elsewhere" : `The gateway "${matter.name}"`;
      return {
        sentence: matter.connected
          ? `${name} is ${count(matter.behind ?? 0, "entry").replace("entrys", "entries")} behind the ledger.`
          : `${name} is not connected: it serves nothing once its lease is over.`,
        action: "See the gateways",
        href: "/settings",
      };
    }
    case "webhook":
      return {
        sentence: `${matter.name} does not take its messages (${matter.failing ?? "unknown"}); ${count(matter.waiting, "message")} wait.`,
        action: "See the webhooks",
        href: "/settings",
      };
    case "reviews":
      return {
        sentence: `${matter.count === 1 ? "One request waits" : `${count(matter.count, "request")} wait`} for a reviewer's decision.`,
        action: "Decide it on the command line",
        command: "headgate review list",
      };
  }
}

function ending(matter: Of<"grant-ends" | "key-ends">, model: string): Said {
  const { organisation, endsInDays } = matter;
  const what =
    matter.kind === "grant-ends"
      ? `The grant of ${organisation} to ${model} at ${matter.stage}`
      : `A key of ${organisation} (${matter.key})`;
  return {
    sentence: `${what} ends ${left(endsInDays)}.`,
    action: "See the organisation",
    href: `/organisations/${organisation}`,
  };
}

function canary({ verdict, step, steps, cause }: Of<"canary">, model: string): Told {
  const at = `step ${step} of ${steps}`;
  switch (verdict) {
    case "may-widen":
      return {
        sentence: `The watch over ${model} shows every live measure kept at ${at}: a person may widen it.`,
        action: "Widen",
      };
    case "rolled-back":
      return {
        sentence: `The server stepped ${model} back to ${at} for ${cause ?? "a live measure"}.`,
        action: "See why",
      };
    case "exceeded":
      return { sentence: `A live measure of ${model} exceeds its limit at ${at}: ${cause ?? ""}.`, action: "See why" };
    case "blind":
      return {
        sentence: `The watch over ${model} is blind: no exchange of it came from any gateway.`,
        action: "See the watch",
      };
  }
}

function certificate(matter: Of<"gate-turned" | "lapsed" | "expired" | "certificate-ends">, model: string): Told {
  const { stage } = matter;
  switch (matter.kind) {
    case "gate-turned":
      return {
        sentence: `${model} at ${stage} would not pass its gate today: ${matter.verdict} (${listed(matter.requirements)}).`,
        action: "See why",
      };
    case "lapsed":
      return {
        sentence: `The certificate of ${model} at ${stage} lapsed${matter.requirements.length === 0 ? "" : `: ${listed(matter.requirements)}`}. It is withheld.`,
        action: "See why",
      };
    case "expired":
      return {
        sentence: `The certificate of ${model} at ${stage} ended. It is withheld until another is given.`,
        action: "Propose again",
      };
    case "certificate-ends":
      return {
        sentence: `The certificate of ${model} at ${stage} ends ${left(matter.endsInDays)}. Renew it while it stands.`,
        action: "Propose the renewal",
      };
  }
}

export const home = {
  title: "What needs you",
  lead: "What waits for you, and for others: the most urgent first.",
  urgency: { now: "Now", soon: "Soon", later: "When you can" },
  list: "What needs somebody",
  yours: "This waits for you",
  others: (roles: readonly string[]) => `for ${rolesInWords(roles)}`,
  left: (more: number) => `${count(more, "more matter")} not shown.`,
  standings: {
    title: "Where each model stands",
    sentence: (model: string, stage: string, because: string) =>
      because === "" ? `${model} is open at stage ${stage}.` : `${model} serves nobody: ${because}.`,
    why: "Why not further",
  },
  nothing: "Nothing needs you",
  nothingNext: "Nothing comes by itself soon. This page is read again every few seconds.",
  nextEvent: {
    "decide-by": (model: string) => `Next: the time to decide on a proposal for ${model} ends`,
    "certificate-ends": (model: string) => `Next: the certificate of ${model} ends`,
    "grant-ends": (who: string) => `Next: a grant of ${who} ends`,
    "key-ends": (who: string) => `Next: a key of ${who} ends`,
  },
  first: {
    title: "From nothing to a request served",
    lead: "Five steps. Each is ticked by an entry of the ledger, not by hand.",
    done: "done",
    open: "to do",
    entry: (entry: number) => `entry ${numberInWords(entry)}`,
    steps: {
      connected: {
        name: "A model is connected",
        how: "Write a Model document, and apply it: headgate apply -f FOLDER",
      },
      evidence: {
        name: "There is evidence about it",
        how: "Runs under way are on the page Evidence. To begin one: headgate eval run SUITE --model MODEL",
      },
      signed: { name: "A proposal is signed", how: "Propose a stage on the release page, and sign it." },
      certified: { name: "It is certified", how: "An owner advances the proposal once all have signed." },
      served: {
        name: "A request is served",
        how: "Make a caller's key (Organisations, or headgate key create), and send a request below.",
      },
    },
  },
  connect: {
    title: "Connect your client",
    lead: "Any client of these makers works, with another address and a key of this deployment.",
  },
  send: {
    title: "Send a request",
    lead: (origin: string) =>
      `Goes from this browser to the data plane at ${origin}, with the key you paste. The key is kept nowhere.`,
    key: "Caller's key",
    keyHelp: "Begins with hg_. It is forgotten when you leave this page.",
    keyWrong: "A caller's key begins with hg_, and holds letters, digits, - and _ only.",
    model: "Model",
    prompt: "Message",
    promptWrong: "Say something to the model.",
    button: "Send",
    sending: "Waiting for the answer …",
    served: "Served",
    refused: (status: number) => `Refused (${status})`,
    unreachable: "The data plane does not answer this page",
    unreachableNext:
      "It is not running, or it does not let this console's pages call: HEADGATE_CONSOLE_ORIGIN has to be the origin in your address bar.",
    answer: "Answer",
    stage: "Stage",
    certificate: "Certificate",
    request: "Request",
    receipt: "Receipt",
    reason: "Reason",
    proof: "Open its proof",
    proofSoon: "The receipt is in the ledger about a second after the answer.",
    code: "Code",
    none: "–",
  },
} as const;
