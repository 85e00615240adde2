// What waits for the second look, in a line a text and by caller: callers take turns, and so do the texts of each. What is of
// many callers has one bound, and whoever has the most waiting gives way to who has less.

interface Line<Job> {
  readonly jobs: Job[];
  /** How many came before it. */
  readonly place: number;
}

export class Lines<Job> {
  /** Lines that are not empty, by caller; who was last served stands behind all others, and so does the line. */
  readonly #of = new Map<string, Set<Line<Job>>>();
  #added = 0;

  /** Adds the jobs of one text; what is called to leave takes back what was not handed out yet. */
  add(caller: string, jobs: readonly Job[]): () => void {
    const line: Line<Job> = { jobs: [...jobs], place: this.#added };
    this.#added += 1;
    const lines = this.#of.get(caller) ?? new Set();
    lines.add(line);
    this.#of.set(caller, lines);
    return () => {
      line.jobs.length = 0;
      this.#dropIfEmpty(caller, line);
    };
  }

  /** The next job of the caller, and of the text, whose turn it is, among the callers that may have one. */
  next(mayHave: (caller: string) => boolean = () => true): Job | undefined {
    const caller = this.#firstWho(mayHave);
    const lines = caller === undefined ? undefined : this.#of.get(caller);
    if (caller === undefined || lines === undefined) return undefined;
    const [line] = lines;
    const job = line?.jobs.shift();
    this.#of.delete(caller);
    this.#of.set(caller, lines);
    if (line === undefined) return job;
    lines.delete(line);
    lines.add(line);
    this.#dropIfEmpty(caller, line);
    return job;
  }

  #firstWho(mayHave: (caller: string) => boolean): string | undefined {
    for (const caller of this.#of.keys()) if (mayHave(caller)) return caller;
    return undefined;
  }

  /**
   * Makes room for so many more of a caller's where `max` may wait: takes out, and gives, whole texts of whoever has the most
   * waiting, the last that came first, for as long as that is more than this caller would have. Undefined, and nothing taken out, where
   * that is not enough.
   */
  room(caller: string, more: number, max: number): readonly Job[] | undefined {
    let over = more - max;
    for (const lines of this.#of.values()) over += countOf(lines);
    if (over <= 0) return [];
    const holders = [...this.#of].map(([name, lines]) => {
      return { name, lines: [...lines].toSorted((one, other) => one.place - other.place), count: countOf(lines) };
    });
    const own = more + (holders.find(({ name }) => name === caller)?.count ?? 0);
    const given: { readonly name: string; readonly line: Line<Job> }[] = [];
    while (over > 0) {
      const [most] = holders.toSorted((one, other) => other.count - one.count);
      const line = most?.lines.pop();
      if (most === undefined || line === undefined || most.count <= own) return undefined;
      most.count -= line.jobs.length;
      over -= line.jobs.length;
      given.push({ name: most.name, line });
    }
    return given.flatMap(({ name, line }) => {
      const jobs = line.jobs.splice(0);
      this.#dropIfEmpty(name, line);
      return jobs;
    });
  }

  takeAll(): readonly Job[] {
    const all = [...this.#of.values()].flatMap((lines) => [...lines].flatMap(({ jobs }) => jobs.splice(0)));
    this.#of.clear();
    return all;
  }

  #dropIfEmpty(caller: string, line: Line<Job>): void {
    const lines = this.#of.get(caller);
    if (lines === undefined || line.jobs.length > 0) return;
    lines.delete(line);
    if (lines.size === 0) this.#of.delete(caller);
  }
}

function countOf<Job>(lines: ReadonlySet<Line<Job>>): number {
  let count = 0;
  for (const { jobs } of lines) count += jobs.length;
  return count;
}
