// What a change of the trust root changes, line by line, for the people who are to sign it: keys by what they are for,
// persons, floors. Made from the two bodies, so that nothing in a new root goes unsaid.
import { OpenStage } from "../terms/stage.ts";
import type { Root } from "./bodies.ts";

/** A sentence a difference; empty where the new root says the same. The log's key and origin never change. */
export function rootChanges(before: Root, after: Root): readonly string[] {
  const added = after.gateways.filter((key) => !before.gateways.includes(key));
  const removed = before.gateways.filter((key) => !after.gateways.includes(key));
  const floors = OpenStage.options.filter((stage) => floorOf(before, stage) !== floorOf(after, stage));
  return [
    ...(before.log.key === after.log.key ? [] : [`the log's key becomes ${after.log.key}`]),
    ...(before.control === after.control ? [] : [`the control plane's key becomes ${after.control}`]),
    ...added.map((key) => `a gateway with key ${key} comes in`),
    ...removed.map((key) => `the gateway with key ${key} goes out`),
    ...(before.personsForChange === after.personsForChange
      ? []
      : [`a change of the root takes ${after.personsForChange} person(s) instead of ${before.personsForChange}`]),
    ...floors.map(
      (stage) => `the floor of ${stage} becomes ${floorOf(after, stage)} instead of ${floorOf(before, stage)}`,
    ),
  ];
}

/** For example `1 owner + 1 safety`. */
function floorOf({ floors }: Pick<Root, "floors">, stage: OpenStage): string {
  return floors[stage].map(({ role, count }) => `${count} ${role}`).join(" + ");
}

/** The whole root, for `root show`. */
export function rootInWords(root: Root): string {
  const { version, log, control, gateways, personsForChange } = root;
  return [
    `version ${version}, log ${log.origin}`,
    `log key      ${log.key}`,
    `control key  ${control}`,
    ...gateways.map((key) => `gateway key  ${key}`),
    `a change takes ${personsForChange} person(s), an owner among them; two at least since two were ever admitted`,
    ...OpenStage.options.map((stage) => `floor of ${stage}: ${floorOf(root, stage)}`),
  ].join("\n");
}
