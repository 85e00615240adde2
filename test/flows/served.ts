// A server in a process of its own, and the command line against it from within this one: for flows that read what verbs answer.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { type Said, openDesk } from "../../src/main/in-process.ts";
import { startHeadgate } from "./processes.ts";

export interface Served {
  readonly dataPlane: string;
  readonly controlPlane: string;
  readonly headgate: (...args: readonly string[]) => Promise<Said>;
  /** What it answered; fails where it did not end with 0. */
  readonly must: <T>(type: z.ZodType<T>, ...args: readonly string[]) => Promise<T>;
  readonly stop: () => Promise<void>;
}

const Ready = z.object({ dataPlane: z.string(), controlPlane: z.string() });

/** `headgate serve` with all that it keeps in `folder`; on any free port, or again on the one that pages are open at. */
export async function serveIn(folder: string, { controlPort = "0" } = {}): Promise<Served> {
  const data = join(folder, "data");
  const ports = { HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: controlPort };
  const server = await startHeadgate(["serve"], { HEADGATE_DATA: data, ...ports });
  const { dataPlane, controlPlane } = Ready.parse(server.ready);
  const desk = openDesk({
    server: controlPlane,
    dataPlane,
    codeFile: join(data, "init-code"),
    stateFolder: join(folder, "state"),
    version: "0.0.0-test",
  });
  const headgate = async (...args: readonly string[]): Promise<Said> => desk.run([...args, "--server", controlPlane]);
  return {
    dataPlane,
    controlPlane,
    headgate,
    must: async (type, ...args) => {
      const said = await headgate(...args);
      assert.equal(said.exit, 0, `${args.join(" ")}: ${said.told}`);
      return type.parse(said.json);
    },
    stop: async () => server.stop(),
  };
}
