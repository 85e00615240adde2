// Windows of load on several servers in turn, and what they come to. A window with a failed request is void and measured
// again; every figure is also given against the bare proxy in the same pass, which is what counts: absolute ones are of one
// machine.
import { Pool } from "undici";
import { type LoadSettings, type Target, type Window, load } from "./load.ts";
import { cpuMicros, middle, quantile, rounded } from "./servers.ts";

export interface Contender {
  readonly name: string;
  readonly target: Target;
  readonly pid: number;
}

/** A window with the server's own CPU time, which says the same on a busy machine as on an idle one. */
interface Measured extends Window {
  readonly cpuMicrosPerRequest: number;
}

const figures = ["perSecond", "p50Ms", "p99Ms", "cpuMicrosPerRequest"] as const;
type Figure = (typeof figures)[number];
type Figures = Readonly<Record<Figure, number>>;

export interface Result extends Figures {
  readonly name: string;
  readonly windows: readonly Measured[];
  /** Against the bare proxy in the same pass. All figures are the middle of the passes. */
  readonly toBare: Figures;
  /** Answer time at one connection, in the middle, in milliseconds. */
  readonly aloneP50Ms: number;
}

export interface Measuring {
  readonly settings: LoadSettings;
  readonly passes: number;
  /** Told as it goes. */
  readonly say: (line: string) => void;
}

/** Until it answers 200, so that nobody is measured while starting. */
export async function ready({ name, target }: Contender, secondsMax: number): Promise<void> {
  const endAt = performance.now() + secondsMax * 1_000;
  while (performance.now() < endAt) {
    const { headers, bodies } = target;
    const asked = fetch(target.url, {
      method: "POST",
      headers,
      body: bodies[0] ?? "",
      signal: AbortSignal.timeout(5_000),
    });
    const reply = await asked.catch(() => undefined);
    await reply?.arrayBuffer().catch(() => undefined);
    if (reply?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${name} does not answer 200 at ${target.url}.`);
}

/** Before the first window, for each: Node is still compiling what is hot, and more of it where there is more. */
const warmSeconds = 6;

/** All of them, one after the other, several times over. The first is the bare proxy. */
export async function measureAll(
  list: readonly Contender[],
  measuring: Measuring,
): Promise<{ readonly results: readonly Result[]; readonly voided: number }> {
  const { settings, passes, say } = measuring;
  const books = { voided: 0 };
  const windows = list.map((): Measured[] => []);
  const alone = list.map((): number[] => []);
  for (const { target } of list) await load(target, { ...settings, seconds: warmSeconds });
  for (let pass = 0; pass < passes; pass += 1) {
    for (const [at, contender] of list.entries()) {
      const window = await measureValid(contender, { settings, books, say });
      windows[at]?.push(window);
      const single = { ...settings, connections: 1, seconds: Math.max(1, Math.ceil(settings.seconds / 3)) };
      alone[at]?.push((await measureValid(contender, { settings: single, books, say })).p50Ms);
      say(`pass ${pass + 1}, ${contender.name}: ${Math.round(window.perSecond)}/s`);
    }
  }
  const bare = windows[0] ?? [];
  const results = list.map(({ name }, at) =>
    resultOf(name, { windows: windows[at] ?? [], alone: alone[at] ?? [], bare }),
  );
  return { results, voided: books.voided };
}

const voidMax = 3;

interface Trying {
  readonly settings: LoadSettings;
  readonly books: { voided: number };
  readonly say: (line: string) => void;
}

/** A window in which nothing failed. */
async function measureValid(contender: Contender, { settings, books, say }: Trying): Promise<Measured> {
  for (let attempt = 0; attempt < voidMax; attempt += 1) {
    const before = (await cpuMicros(contender.pid)) ?? Number.NaN;
    const window = await load(contender.target, settings);
    const used = ((await cpuMicros(contender.pid)) ?? Number.NaN) - before;
    if (window.failed === 0) return { ...window, cpuMicrosPerRequest: rounded(used / window.requests, 1) };
    books.voided += 1;
    say(`${contender.name}: ${window.failed} of ${window.requests} requests failed; the window is void`);
  }
  throw new Error(`${contender.name}: ${voidMax} windows with failures.`);
}

/** Every body exactly once: what was remembered of one is no help with the next. */
export async function measureOnceEach(target: Target, connections: number): Promise<object> {
  const pool = new Pool(new URL(target.url).origin, { connections });
  const { pathname } = new URL(target.url);
  const left = target.bodies.values();
  const times: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const one = async (): Promise<void> => {
    for (const body of left) {
      const at = performance.now();
      const reply = await pool.request({ method: "POST", path: pathname, headers: { ...target.headers }, body });
      await reply.body.dump();
      if (reply.statusCode !== 200) failed += 1;
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  const perSecond = rounded((times.length / (performance.now() - startedAt)) * 1_000, 1);
  await pool.destroy();
  const [p50Ms, p99Ms] = [rounded(quantile(times, 0.5)), rounded(quantile(times, 0.99))];
  return { requests: times.length, failed, connections, perSecond, p50Ms, p99Ms };
}

interface Passes {
  readonly windows: readonly Measured[];
  readonly alone: readonly number[];
  readonly bare: readonly Measured[];
}

function resultOf(name: string, { windows, alone, bare }: Passes): Result {
  const all = (of: (window: Measured, pass: number, figure: Figure) => number): Figures => ({
    perSecond: rounded(middle(windows.map((window, pass) => of(window, pass, "perSecond")))),
    p50Ms: rounded(middle(windows.map((window, pass) => of(window, pass, "p50Ms")))),
    p99Ms: rounded(middle(windows.map((window, pass) => of(window, pass, "p99Ms")))),
    cpuMicrosPerRequest: rounded(middle(windows.map((window, pass) => of(window, pass, "cpuMicrosPerRequest")))),
  });
  const own = all((window, _, figure) => window[figure]);
  const toBare = all((window, pass, figure) => window[figure] / (bare[pass]?.[figure] ?? Number.NaN));
  return { name, windows, ...own, toBare, aloneP50Ms: rounded(middle(alone)) };
}

/** As a table for people. */
export function tableOf(results: readonly Result[]): string {
  const head =
    "| server | req/s | to bare | p50 ms | p99 ms | p99 to bare | CPU µs a request | p50 ms at 1 connection |\n|---|---|---|---|---|---|---|---|";
  const lines = results.map(({ name, perSecond, p50Ms, p99Ms, cpuMicrosPerRequest, toBare, aloneP50Ms }) => {
    const cells = [name, Math.round(perSecond), toBare.perSecond, p50Ms, p99Ms, toBare.p99Ms, cpuMicrosPerRequest];
    return `| ${[...cells, aloneP50Ms].join(" | ")} |`;
  });
  return [head, ...lines].join("\n");
}
