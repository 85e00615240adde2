// Where texts are tried: the shipped safeguards of this process, and a desk of its own for those that are asked over HTTP, so that
// trying takes nothing of the budget that serving has.
import { randomBytes } from "node:crypto";
import type { TryText } from "../control/try-desk.ts";
import type { Clock } from "../gateway/follower.ts";
import type { Registry } from "../safeguards/registry.ts";
import { openRemoteDesk } from "../safeguards/remote/desk.ts";
import type { Ports, ServeOptions } from "./gateway-here.ts";
import type { Report } from "./report.ts";
import { tryTextWith } from "./try-text.ts";

interface Around {
  readonly registry: Registry;
  readonly ports: Ports;
  readonly clock: Clock;
  readonly report: Report;
}

export interface Trying {
  readonly tryText: TryText;
  readonly close: () => Promise<void>;
}

export function openTrying({ configuration, environment }: ServeOptions, around: Around): Trying {
  const { registry, ports, clock, report } = around;
  const remotes = openRemoteDesk({
    secrets: { environment, folder: configuration.secrets },
    ownPorts: new Set([ports.data, ports.control]),
    now: clock.now,
    randomBytes: (count) => randomBytes(count),
    report,
  });
  return { tryText: tryTextWith({ ...registry, remotes }), close: remotes.close };
}
