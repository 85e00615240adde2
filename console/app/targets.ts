// Where a typed text may lead: pages by name, an entry of the ledger by number, anything with an id by its id. More kinds are
// added here by whoever has a page for them.
import { words } from "../words/words.ts";
import { pages } from "./pages.ts";

export interface Target {
  readonly name: string;
  readonly kind: string;
  readonly href: string;
}

const targetsMax = 12;
const idForm = /^[a-z]{2,12}_[0-9A-Za-z-]{4,64}$|^sha256:[0-9a-f]{8,64}$/;

/** What the server says there is, besides pages. */
export interface Known {
  readonly models: readonly string[];
  /** Those that wait for somebody. */
  readonly proposals: readonly { readonly proposal: string; readonly model: string }[];
}

export function targetsFor(text: string, known: Known): readonly Target[] {
  const wanted = text.trim();
  const found = [...byNumber(wanted), ...byId(wanted), ...byModel(wanted, known), ...byName(wanted)];
  return found.slice(0, targetsMax);
}

function hrefOf(model: string): string {
  return `/release/${encodeURIComponent(model)}`;
}

function byModel(wanted: string, { models, proposals }: Known): readonly Target[] {
  const lower = wanted.toLowerCase();
  const { model: kind, proposal: proposalKind } = words.shell.palette;
  return [
    ...proposals
      .filter(({ proposal, model }) => lower !== "" && `${proposal} ${model}`.toLowerCase().includes(lower))
      .map(({ proposal, model }) => ({
        name: `${model}: ${proposal}`,
        kind: proposalKind,
        href: `${hrefOf(model)}#${proposal}`,
      })),
    ...models
      .filter((model) => model.toLowerCase().includes(lower))
      .map((model) => ({ name: model, kind, href: hrefOf(model) })),
  ];
}

function byName(wanted: string): readonly Target[] {
  const lower = wanted.toLowerCase();
  return pages
    .filter(({ name }) => name.toLowerCase().includes(lower))
    .map(({ name, to }) => ({ name, kind: words.shell.palette.page, href: to }));
}

function byNumber(wanted: string): readonly Target[] {
  const entry = wanted.replaceAll(",", "");
  if (!/^\d{1,9}$/.test(entry)) return [];
  const { openEntry, entry: kind } = words.shell.palette;
  return [{ name: openEntry(wanted), kind, href: `/ledger/${entry}` }];
}

function byId(wanted: string): readonly Target[] {
  if (!idForm.test(wanted)) return [];
  const { findId, id } = words.shell.palette;
  return [{ name: findId(wanted), kind: id, href: `/ledger?q=${encodeURIComponent(wanted)}` }];
}
