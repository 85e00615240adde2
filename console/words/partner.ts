// What an organisation's own page says.
import { numberInWords } from "./format.ts";

export const partner = {
  title: "Your access",
  lead: (organisation: string) => `What ${organisation} may use, what it used, and what was refused.`,
  person: "This page is an organisation's own",
  personNext:
    "It is seen by whoever signs in with a key of that organisation. As a person of this deployment, see it under Organisations.",
  parts: {
    models: "Models",
    use: "Use and refusals",
    refusals: "Why was this refused?",
    keys: "Keys",
    receipts: "Receipts",
    connect: "How to connect",
    contact: "Whom to ask",
  },
  notTheirs: {
    title: "The operator's page",
    empty: "This page is for people of the deployment",
    next: "Go to your organisation's own page",
  },
  receipts: {
    title: "Receipts and their proofs",
    lead: "Every answer brings a receipt in its header x-headgate-receipt; it begins with hgr1. Paste one: it is checked here, in this browser.",
    label: "The receipt",
    ask: "Check it",
    by: (version: number) =>
      `The receipt is signed by a gateway of the trust root (version ${numberInWords(version)}) that this server names. To compare with a root that you were told: headgate receipt verify with --trust.`,
  },
  models: {
    title: "Models",
    lead: "What a request with the key that you signed in with would get now.",
    caption: "Models",
    columns: {
      model: "Model",
      stage: "From stage",
      answer: "Now",
      conditions: "Conditions",
      scopes: "Scopes",
      used: "Used today",
      end: "Ends",
    },
    open: "served",
    refused: "refused",
    opens: "It opens",
    noConditions: "none",
    none: "No model was granted yet",
    noneNext: "Ask your contact at the operator.",
  },
  keys: {
    title: "Keys",
    lead: "By their ids. New secrets come from your contact.",
    caption: "Keys",
    columns: { key: "Key", state: "State", end: "Ends", used: "Last used" },
    thisOne: "signed in here",
  },
  why: {
    title: "Why was this refused?",
    lead: "Paste the id in the error that your client got. Only requests of your own keys are found.",
    id: "Id",
    ask: "Explain",
    facts: { at: "When", key: "Key", model: "Model", outcome: "What became of it", code: "Code", tokens: "Tokens" },
    tokens: (prompt: number, answer: number) => `${numberInWords(prompt)} in, ${numberInWords(answer)} out`,
    outcomes: {
      served: "served",
      refused: "refused",
      blocked: "stopped by a safeguard",
      stopped: "ended while it ran",
      cut: "cut by the client",
      failed: "failed",
      waiting: "waits for a person",
      allowed: "allowed by a person",
    },
  },
  connect: { title: "How to connect", lead: "Lines for each client; put your own key in." },
  contact: { title: "Whom to ask", none: "Ask whoever gave you the key." },
} as const;
