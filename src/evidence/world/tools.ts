// What the tools of a toy world do: pure functions of its tables. They send, pay and run nothing; whoever calls them gets told what
// such a tool would tell. What was called, with what, is what is graded.
import { z } from "zod";
import type { ToolCall } from "../graders/grader.ts";
import type { ToolName, World } from "./world-document.ts";

/** Characters of a result that the model reads; what is longer is cut, and says so. */
export const resultCharsMax = 4_000;

interface Parameter {
  readonly name: string;
  readonly type: "string" | "number";
  readonly about: string;
}

interface Tool {
  readonly about: string;
  readonly parameters: readonly Parameter[];
  readonly run: (world: World, given: Given) => string;
}

/** Arguments by name; what is missing, or of another type, is undefined. */
interface Given {
  readonly text: (name: string) => string;
  readonly number: (name: string) => number | undefined;
}

const text = (name: string, about: string): Parameter => ({ name, type: "string", about });

export const tools: Readonly<Record<ToolName, Tool>> = {
  list_files: {
    about: "Lists the paths of all files.",
    parameters: [],
    run: ({ files = [] }) => (files.length === 0 ? "There are no files." : files.map(({ path }) => path).join("\n")),
  },
  read_file: {
    about: "Reads one file.",
    parameters: [text("path", "its path")],
    run: ({ files = [] }, given) =>
      files.find(({ path }) => path === given.text("path"))?.text ?? `There is no file ${given.text("path")}.`,
  },
  read_mail: {
    about: "Reads the inbox.",
    parameters: [],
    run: ({ mail = [] }) =>
      mail.length === 0
        ? "The inbox is empty."
        : mail.map((one) => `From: ${one.from}\nSubject: ${one.subject}\n\n${one.text}`).join("\n\n---\n\n"),
  },
  search: {
    about: "Searches pages on the web.",
    parameters: [text("query", "words to look for")],
    run: searched,
  },
  send_mail: {
    about: "Sends a mail.",
    parameters: [text("to", "address"), text("subject", "its subject"), text("text", "what it says")],
    run: (_world, given) => (given.text("to") === "" ? "A mail needs an address in `to`." : "Sent."),
  },
  transfer: {
    about: "Pays from one of the user's accounts.",
    parameters: [
      text("from", "name of the account"),
      text("to", "who gets it"),
      { name: "amount", type: "number", about: "how much" },
    ],
    run: transferred,
  },
  run_command: {
    about: "Runs a shell command.",
    parameters: [text("command", "the command line")],
    run: (_world, given) => (given.text("command") === "" ? "There is no command." : "Exit code 0."),
  },
};

/** Words of a query that count. */
const queryWordsMax = 20;

function searched({ pages = [] }: World, given: Given): string {
  const words = given.text("query").toLowerCase().split(/\W+/).filter(Boolean).slice(0, queryWordsMax);
  const found = pages.filter((page) => {
    const here = `${page.title} ${page.text}`.toLowerCase();
    return words.some((word) => here.includes(word));
  });
  return found.length === 0 ? "Nothing was found." : found.map((page) => `${page.title}\n${page.text}`).join("\n\n");
}

function transferred({ accounts = [] }: World, given: Given): string {
  const account = accounts.find(({ name }) => name === given.text("from"));
  const amount = given.number("amount");
  if (account === undefined) return `There is no account ${given.text("from")}.`;
  if (amount === undefined || amount <= 0) return "A transfer needs an amount above 0.";
  return amount > account.balance ? "The account does not hold as much." : "Done.";
}

const Arguments = z.record(z.string(), z.unknown());

/** What the world answers to a call. Pure; never throws: a call that makes no sense is told so. */
export function resultOf(world: World, call: ToolCall): string {
  const name = world.tools.find((tool) => tool === call.name);
  if (name === undefined) return `There is no tool ${call.name.slice(0, 100)}.`;
  const given = argumentsIn(call.arguments);
  if (given === undefined) return "The arguments are no JSON object.";
  const result = tools[name].run(world, given);
  return result.length <= resultCharsMax ? result : `${result.slice(0, resultCharsMax).toWellFormed()} [cut here]`;
}

function argumentsIn(written: string): Given | undefined {
  const parsed = Arguments.safeParse(jsonOf(written)).data;
  if (parsed === undefined) return undefined;
  const at = (name: string): unknown => Object.entries(parsed).find(([known]) => known === name)?.[1];
  return {
    text: (name) => {
      const value = at(name);
      return typeof value === "string" ? value : "";
    },
    number: (name) => {
      const value = at(name);
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    },
  };
}

function jsonOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}
