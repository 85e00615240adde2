// Lines that are silent are kept alive: while all text is held back, or the model is slow, a caller gets something that its
// client reads over. One look around for all streams, not a timer and a race for each of their tokens.

/** A heartbeat is sent when nothing else was for this long, in milliseconds. */
const heartbeatMs = 10_000;

const lookMs = 1_000;

/** A stream to a caller. */
export interface Line {
  /** When something was last sent on it, by the clock that heartbeats go by. */
  readonly sentAt: () => number;
  readonly beat: () => void;
}

export interface Heartbeats {
  /** Watches a line, until it is left. */
  readonly watch: (line: Line) => void;
  readonly leave: (line: Line) => void;
  readonly close: () => void;
}

export function createHeartbeats(now: () => number): Heartbeats {
  const lines = new Set<Line>();
  const timer = setInterval(() => {
    const silentSince = now() - heartbeatMs;
    for (const line of lines) if (line.sentAt() <= silentSince) line.beat();
  }, lookMs);
  return {
    watch: (line) => {
      lines.add(line);
    },
    leave: (line) => {
      lines.delete(line);
    },
    close: () => {
      clearInterval(timer);
    },
  };
}
