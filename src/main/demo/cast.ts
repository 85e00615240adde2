// Everything the scenes of the play share: the running demo, its people and the ways to act. Scenes act as anybody would:
// by verbs of the command line and by requests to the data plane.
import type { Desk } from "../in-process.ts";
import type { Serving } from "../serve.ts";
import type { Door } from "../talk.ts";
import type { DemoFolder } from "./folder.ts";
import type { Keys } from "./keys.ts";
import type { Screen } from "./screen.ts";

export interface Cast {
  readonly screen: Screen;
  readonly keys: Keys;
  readonly folder: DemoFolder;
  readonly serving: Serving;
  readonly desk: Desk;
  /** The partner: a key of organisation acme. */
  readonly partner: Door;
  readonly model: ModelSwitch;
  readonly version: string;
}

/** Whether the shipped model may be loaded. Until its scene says so, nothing is fetched behind anybody's back. */
export interface ModelSwitch {
  isHere: boolean;
}

/** The model of examples/first-release. */
export const modelName = "small";
