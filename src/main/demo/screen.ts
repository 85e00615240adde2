// What the demo shows: plain lines that read as well in a log file as on a terminal. Colours and lines that are written
// over only where somebody watches, never wider than the window; NO_COLOR is respected.

export interface Screen {
  readonly isWatched: boolean;
  /** One paragraph, wrapped at words. */
  readonly say: (text?: string) => void;
  /** Lines as they are: addresses, commands. Never wrapped, so that they can be pasted. */
  readonly exact: (text: string) => void;
  readonly head: (text: string) => void;
  readonly good: (text: string) => void;
  readonly bad: (text: string) => void;
  /** A line that the next one replaces. In a log file only every ten seconds, and the last. */
  readonly live: (text: string) => void;
  readonly endLive: () => void;
  /** Streamed text, word by word, indented. */
  readonly stream: (text: string) => void;
  readonly endStream: () => void;
}

export interface ScreenOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
  readonly columns: () => number;
  readonly nowMs: () => number;
}

const widthMax = 100;
const widthMin = 30;
const quietMs = 10_000;
const margin = "  | ";

export function openScreen(options: ScreenOptions): Screen {
  const { write, isTerminal, nowMs } = options;
  const width = (): number => Math.max(widthMin, Math.min(widthMax, options.columns())) - 1;
  const painted = (code: number, text: string): string =>
    options.hasColour ? `\u001B[${code}m${text}\u001B[0m` : text;
  const paragraph = (text: string, code?: number): void => {
    clearLive();
    for (const line of wrap(text, width())) write(`${code === undefined ? line : painted(code, line)}\n`);
  };
  let liveText: string | undefined;
  let liveAtMs = Number.NEGATIVE_INFINITY;
  const flow = openFlow(write, width);

  function clearLive(): void {
    if (liveText !== undefined && isTerminal) write("\r\u001B[K");
    liveText = undefined;
  }

  function live(text: string): void {
    const isDue = isTerminal || nowMs() - liveAtMs >= quietMs;
    if (isTerminal) write(`\r\u001B[K${text.slice(0, width())}`);
    else if (isDue) write(`${text}\n`);
    if (isDue) liveAtMs = nowMs();
    liveText = isDue && !isTerminal ? undefined : text;
  }

  return {
    isWatched: isTerminal,
    say: (text = "") => {
      paragraph(text);
    },
    exact: (text) => {
      clearLive();
      write(`${text}\n`);
    },
    head: (text) => {
      paragraph("");
      paragraph(text, 1);
    },
    good: (text) => {
      paragraph(text, 32);
    },
    bad: (text) => {
      paragraph(text, 31);
    },
    live,
    endLive: () => {
      if (liveText !== undefined) write(isTerminal ? "\n" : `${liveText}\n`);
      liveText = undefined;
      liveAtMs = Number.NEGATIVE_INFINITY;
    },
    stream: (text) => {
      clearLive();
      flow.write(text);
    },
    endStream: flow.end,
  };
}

interface Flow {
  readonly write: (text: string) => void;
  readonly end: () => void;
}

/** Text that comes in pieces, broken at words. */
function openFlow(write: (text: string) => void, width: () => number): Flow {
  let column = 0;
  /** A space is written only before the word that follows it on the same line. */
  let space = "";
  const newLine = (): void => {
    if (column > 0) write("\n");
    column = 0;
    space = "";
  };
  const put = (part: string): void => {
    const isSpace = part.trim() === "";
    if (isSpace) {
      if (part.includes("\n")) newLine();
      else space = column === 0 ? "" : " ";
      return;
    }
    if (column > 0 && column + space.length + part.length > width()) newLine();
    const shown = (column === 0 ? margin : space) + part;
    space = "";
    write(shown);
    column += shown.length;
  };
  return {
    write: (text) => {
      for (const part of text.split(/(\s+)/)) if (part !== "") put(part);
    },
    end: newLine,
  };
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    let rest = line;
    while (rest.length > width) {
      const space = rest.lastIndexOf(" ", width);
      // A number stays with its sign.
      const at = rest[space + 1] === "%" ? rest.lastIndexOf(" ", space - 1) : space;
      const cut = at > width / 3 ? at : width;
      lines.push(rest.slice(0, cut));
      rest = rest.slice(cut).trimStart();
    }
    lines.push(rest);
  }
  return lines;
}
