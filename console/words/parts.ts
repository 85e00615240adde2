// What the parts say that every page is made of.
import { numberInWords } from "./format.ts";

export const parts = {
  decisionFiles: {
    save: { card: "Save the release card", bundle: "Save the bundle" },
    making: { card: "Making the release card …", bundle: "Making the bundle …" },
    help: "The card is one page to read, print and send on; it checks itself when it is opened, with no network. The bundle has the same for programs:",
    command: (proposal: string) => `headgate verify ${proposal}.bundle.json --trust trust.json`,
    copy: "the command",
  },
  verdict: { pass: "pass", fail: "fail", inconclusive: "inconclusive", "not-asked": "not asked" },
  copy: "Copy",
  copied: "Copied",
  haveCopied: "I have copied it",
  notCopied: "Not copied: mark it and copy it by hand",
  copyOf: (what: string) => `Copy ${what}`,
  problem: {
    title: "This could not be shown",
    code: "Code",
    whatToDo: "What to do",
    again: "Try again",
    unexpected: "The console met an error of its own. Load the page again; if it stays, look at the log of the server.",
    unexpectedCode: "console_error",
  },
  notices: "Notices",
  close: "Close",
  loading: "Loading …",
  table: {
    scroll: (caption: string) => `${caption}, can be scrolled`,
    sortBy: (column: string) => `Sort by ${column}`,
    next: "Next",
    previous: "Previous",
    csv: "CSV",
    jsonl: "JSONL",
    export: "Save these rows as",
    tooMany: (most: number) =>
      `These are more rows than the ${numberInWords(most)} that one file takes. Narrow the list, and save it in parts.`,
    none: "No rows.",
  },
  chart: {
    asTable: "As a table",
    asChart: "As a chart",
    day: "Day (UTC)",
    count: "Count",
    limit: (limit: string) => `limit of a day: ${limit}`,
  },
  connect: {
    label: "Client",
    tabs: { openai: "OpenAI", anthropic: "Anthropic", codex: "Codex", curl: "curl" },
    key: "hg_YOUR_KEY",
    model: "MODEL",
    linesFor: (client: string) => `the lines for ${client}`,
  },
  none: "–",
  required: "Say something here.",
} as const;
