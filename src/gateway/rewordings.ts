// Who is stopped asks again in other words, until some wording passes: the commonest attack in several turns, also where each
// try is a conversation of its own. So what a key was stopped for is remembered for a while, by its telling words, and a further
// wording of it is stopped whatever the safeguards say of it alone. Kept in memory only, and no text.
import type { RewordingRules } from "../policy/policy-document.ts";
import { type Wording, likenessOf, wordingOf } from "../safeguards/wording.ts";
import type { Category } from "../terms/finding.ts";
import type { Digest, Instant, KeyId } from "../terms/ids.ts";

/** Which memory a request belongs to. A key has one for each configuration, as another one decides otherwise. */
export interface Asker {
  readonly key: KeyId;
  readonly config: Digest;
  readonly rules: RewordingRules;
}

export interface Rewordings {
  /** What is remembered of a request; undefined where it says too little, or nobody is to be recognised. */
  readonly wordingOf: (text: string) => Wording | undefined;
  /** A request of these words was stopped, or its answer was. */
  readonly stopped: (asker: Asker, wording: Wording, what: Asked & { readonly category: Category }) => void;
  /**
   * What it is another wording of, and so is not let through, and remembered as that; undefined, and remembered as let through,
   * where it is of none.
   */
  readonly seenBefore: (asker: Asker, wording: Wording, asked: Asked) => Category | undefined;
}

interface Asked {
  /** Digest of its body: the very same request, sent again, is no other wording. */
  readonly request: Digest;
  readonly at: Instant;
}

/** Of all keys and configurations; what was added to longest ago is forgotten first. */
export const memoriesMax = 2_000;
/** Stopped wordings of one key. */
const stoppedMax = 16;
/** Of what the key was let through with, the last, and of those that are alike fewer: one template does not push out another. */
const passedMax = 16;
const passedAlikeMax = 4;
/** From here on two requests are wordings of one. */
const likeMin = 0.6;

const hourMs = 3_600_000;

interface Stopped extends Asked {
  readonly wording: Wording;
  readonly category: Category;
}

interface Memory {
  stopped: readonly Stopped[];
  passed: readonly Wording[];
}

export function rememberRewordings(randomBytes: (count: number) => Uint8Array): Rewordings {
  const seed = new DataView(randomBytes(4).slice().buffer).getInt32(0);
  const memories = new Map<string, Memory>();

  function memoryOf({ key, config, rules }: Asker, at: Instant): Memory {
    // Not of the key alone: whoever may ask two models would have each make the other forget.
    const name = `${key} ${config}`;
    const memory = memories.get(name) ?? { stopped: [], passed: [] };
    if (memory.stopped.length > 0)
      memory.stopped = memory.stopped.filter((one) => at - one.at < rules.withinHours * hourMs);
    memories.delete(name);
    memories.set(name, memory);
    const [oldest] = memories.keys();
    if (memories.size > memoriesMax && oldest !== undefined) memories.delete(oldest);
    return memory;
  }

  return {
    wordingOf: (text) => wordingOf(text, seed),
    stopped: (asker, wording, what) => {
      const memory = memoryOf(asker, what.at);
      memory.stopped = withStopped(memory.stopped, { ...what, wording });
      // It was let through, and its answer was not.
      memory.passed = memory.passed.filter((one) => one !== wording);
    },
    seenBefore: (asker, wording, { request, at }) => {
      const memory = memoryOf(asker, at);
      const before = beforeIn(memory, wording, asker.rules);
      if (before === undefined) memory.passed = withPassed(memory.passed, wording);
      // As old as what it is another wording of: what nothing was found in keeps nobody out for longer than that does.
      else memory.stopped = withStopped(memory.stopped, { ...before, wording, request });
      return before?.category;
    },
  };
}

/**
 * Of as many stopped ones as the rules say, and of none that was let through as much: requests made from one template are all
 * alike, and most of those were let through.
 */
function beforeIn({ stopped, passed }: Memory, wording: Wording, { after }: RewordingRules): Stopped | undefined {
  const likeness = stopped.map((one) => ({ one, like: likenessOf(one.wording, wording) }));
  const alike = likeness.filter(({ like }) => like >= likeMin);
  if (alike.length < after) return undefined;
  const most = alike.reduce((best, next) => (next.like >= best.like ? next : best));
  return passed.some((one) => likenessOf(one, wording) >= most.like) ? undefined : most.one;
}

function withStopped(stopped: readonly Stopped[], added: Stopped): readonly Stopped[] {
  return [...stopped.filter(({ request }) => request !== added.request), added].slice(-stoppedMax);
}

function withPassed(passed: readonly Wording[], wording: Wording): readonly Wording[] {
  const alike = passed.filter((one) => likenessOf(one, wording) >= likeMin);
  const oldest = alike.length < passedAlikeMax ? undefined : alike[0];
  return [...passed.filter((one) => one !== oldest), wording].slice(-passedMax);
}
