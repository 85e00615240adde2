// What stands in a chain's place where a permit of two persons switched the safeguards off: it looks at nothing and finds nothing.
// Nobody gets it by leaving something out: a chain without safeguards is `unknown`, and unknown never passes.
import type { Inspection } from "../terms/finding.ts";
import type { Chain, Chains } from "./chain.ts";
import { StreamBounds } from "./safeguards-document.ts";

const nothing: Inspection = { kind: "inspected", findings: [] };

const stream = StreamBounds.parse({ holdBackChars: 0 });

const noChain: Chain = {
  safeguards: [],
  placeOf: () => undefined,
  modes: undefined,
  stream,
  shape: { windowChars: stream.windowChars, strideChars: stream.windowChars },
  isSlow: false,
  redacts: false,
  inspectInput: () => Promise.resolve(nothing),
  inspectInputInSteps,
  inspectLocally: () => Promise.resolve(nothing),
  inspectOutput: () => nothing,
  openAnswer: () => ({ read: () => nothing }),
};

// oxlint-disable-next-line require-yield -- the same as what has steps
function* inspectInputInSteps(): ReturnType<Chain["inspectInputInSteps"]> {
  return () => Promise.resolve(nothing);
}

export const noChains: Chains = { isMixed: false, for: () => noChain };
