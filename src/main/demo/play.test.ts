// The demo with the real model and no terminal, from an empty folder to the card, in both endings; the suites of the
// example shortened, so that it takes seconds. Keys come from a script where a test needs them.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { z } from "zod";
import { parseInvitation } from "../../acts/invitation.ts";
import { readProfile } from "../../cli/profile.ts";
import { StatusView } from "../../control/contract.ts";
import { openGate } from "../drill/gate.ts";
import { type Desk, need, openDesk } from "../in-process.ts";
import { shippedSafeguards } from "../../safeguards/registry.ts";
import { Failure } from "../../terms/failure.ts";
import { takeLock } from "../../store/lock.ts";
import { ask } from "../talk.ts";
import { type DemoFolder, demoFolder, eraseDemo, readNote } from "./folder.ts";
import type { Keys } from "./keys.ts";
import { noKeys } from "./keys.ts";
import { modelName } from "./cast.ts";
import type { Stagehands } from "./opening.ts";
import { play, playOn, shippedDocuments } from "./play.ts";
import { openScreen } from "./screen.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "headgate-demo-test-"));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** The example with a few items a suite and other limits. */
function documents(name: string, { items, upper }: { items: number; upper: number }): string {
  const folder = path.join(scratch, `${name}-documents`);
  cpSync(shippedDocuments, folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    const at = path.join(folder, file);
    const text = readFileSync(at, "utf8");
    if (file.endsWith(".jsonl")) {
      const lines = text.split("\n").filter((line) => line !== "" && line.length < 400);
      writeFileSync(at, `${lines.slice(0, items).join("\n")}\n`);
    }
    if (file === "release-plan.yaml") writeFileSync(at, text.replaceAll(/upper: [\d.]+/g, `upper: ${upper}`));
  }
  return folder;
}

interface Seen extends Stagehands {
  readonly shown: () => string;
}

function hands(name: string, given: { documents: string; keys?: Keys; environment?: Record<string, string> }): Seen {
  let shown = "";
  const screen = openScreen({
    write: (text) => {
      shown += text;
    },
    isTerminal: false,
    hasColour: false,
    columns: () => 80,
    nowMs: () => performance.now(),
  });
  const environment = { HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: "0", ...cacheOfUser(), ...given.environment };
  const folder = demoFolder(path.join(scratch, name));
  return {
    environment,
    screen,
    keys: given.keys ?? noKeys,
    folder,
    version: "test",
    documents: given.documents,
    shown: () => shown,
  };
}

function cacheOfUser(): Record<string, string> {
  const cache = process.env["HEADGATE_CACHE"];
  const file = process.env["HEADGATE_MODEL_FILE"];
  return {
    ...(cache === undefined ? {} : { HEADGATE_CACHE: cache }),
    ...(file === undefined ? {} : { HEADGATE_MODEL_FILE: file }),
  };
}

/** Presses these keys, one after another, whenever one of them is waited for. */
function scripted(keys: readonly string[]): Keys {
  const rest = [...keys];
  return {
    areThere: true,
    next: async (among, signal) => {
      const [key] = rest;
      if (key !== undefined && among.includes(key)) {
        rest.shift();
        return key;
      }
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => {
          reject(new Error("over"));
        });
      });
    },
    line: async () => "",
    close: () => undefined,
  };
}

function elsewhere({ safety, state }: DemoFolder): Desk {
  const { server, dataPlane } = readProfile(safety);
  return openDesk({ server, dataPlane, codeFile: "", stateFolder: `${state}-elsewhere`, version: "test" });
}

async function holdElsewhere(folder: DemoFolder): Promise<void> {
  const why = ["--reason", "Stopped in the browser.", "--profile", folder.safety];
  await need(elsewhere(folder).run(["release", "hold", "--everything", ...why]), z.unknown());
}

async function refuseElsewhere(folder: DemoFolder): Promise<void> {
  const { safety } = folder;
  const desk = elsewhere(folder);
  const { proposals } = await need(desk.run(["release", "status", modelName]), StatusView);
  const [proposal] = proposals;
  assert.ok(proposal !== undefined);
  const why = ["--reason", "Not convinced.", "--profile", safety];
  await need(desk.run(["release", "refuse", proposal.proposal, ...why]), z.unknown());
}

const question = { model: modelName, messages: [{ role: "user", content: "What is a canal?" }], max_tokens: 8 };

describe("the demo with a gate that passes", () => {
  const actors = hands("released", { documents: documents("released", { items: 24, upper: 0.99 }) });

  test("plays without a terminal from a refused request to an open gate, a tried brake and a card", async () => {
    const { ending, cast } = await play(actors);
    try {
      const shown = actors.shown();
      assert.equal(ending, "released");
      const order = [
        "403 stage_closed (withheld)",
        "Nobody can be served, you included.",
        "(24 of 24) · everyday",
        "Passed:",
        "No terminal here, so the demo signs in your place.",
        "OPEN at trusted",
        "400 policy_blocked",
        "verifies: signed by the gateway",
        "HELD. Last text",
        "403 stage_closed (held)",
        "Resumed by both demo signers",
        "lacks one signature, yours:",
      ];
      const places = order.map((words) => shown.replaceAll(/\s+/g, " ").indexOf(words));
      assert.deepEqual(
        places.filter((at) => at < 0).map((at) => order[places.indexOf(at)]),
        [],
      );
      assert.deepEqual(
        places,
        places.toSorted((one, other) => one - other),
      );
      assert.match(shown, /0 opened, 0\s+unfinished/);
      assert.equal((await ask(cast.partner, question)).status, 200);
      assert.match(cast.partner.secret, /^hg_demo_/);
    } finally {
      await cast.serving.close();
    }
  });

  test("prints a curl line that works as it stands, and no line too wide but those to paste", () => {
    const lines = actors.shown().split("\n");
    const curl = lines.find((line) => line.startsWith("curl "));
    assert.match(
      curl ?? "",
      /^curl http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions -H "authorization: Bearer hg_demo_\S+" -d '\{.*\}'$/,
    );
    const toPaste = /^(curl |key |record |control plane |console |Record |Folders |your own |play again | {2}\.\/bin)/;
    assert.deepEqual(
      lines.filter((line) => line.length >= 80 && !toPaste.test(line)),
      [],
    );
    assert.equal(actors.shown().includes("\u001B"), false);
  });

  test("a later start plays nothing and serves what was released", async () => {
    const again = hands("released", { documents: actors.documents });
    const played = await playOn(again);
    assert.ok(played !== undefined);
    try {
      assert.equal(played.ending, "released");
      assert.doesNotMatch(again.shown(), /misuse-core:/);
      const { safety } = again.folder;
      const verified = await played.cast.desk.run(["ledger", "verify", "--profile", safety]);
      assert.equal(verified.exit, 0, verified.told);
      const end = performance.now() + 20_000;
      let reply = await ask(played.cast.partner, question);
      while (reply.code === "gateway_closed" && performance.now() < end)
        reply = await ask(played.cast.partner, question);
      assert.equal(reply.status, 200);
    } finally {
      await played.cast.serving.close();
    }
  });

  test("erasing removes both folders, only once, and not under a process that runs on them", () => {
    const { folder } = actors;
    const unlock = takeLock(path.join(folder.data, "lock"));
    assert.throws(() => eraseDemo(folder), /runs on this data folder/);
    unlock();
    assert.equal(eraseDemo(folder), true);
    assert.deepEqual([existsSync(folder.data), existsSync(folder.keys)], [false, false]);
    assert.equal(eraseDemo(folder), false);
  });
});

describe("the demo with a gate that stays shut", () => {
  test("limits that the evidence cannot meet end withheld, with what is missing, and nobody signs", async () => {
    const actors = hands("withheld", { documents: documents("withheld", { items: 6, upper: 0.001 }) });
    const { ending, cast } = await play(actors);
    try {
      assert.equal(ending, "withheld");
      const shown = actors.shown().replaceAll(/\s+/g, " ");
      assert.match(shown, /The gate stays shut\. Missing: misuse \(.*\); over-blocking \(/);
      assert.doesNotMatch(shown, /You are the safety lead/);
      const reply = await ask(cast.partner, question);
      assert.deepEqual([reply.code, reply.reason], ["stage_closed", "withheld"]);
    } finally {
      await cast.serving.close();
    }
  });

  test("a safety lead who asks why and refuses keeps it shut, whatever the owner signs", async () => {
    const keys = scripted(["w", "r"]);
    const actors = hands("refused", { documents: documents("refused", { items: 6, upper: 0.99 }), keys });
    const { ending, cast } = await play(actors);
    try {
      assert.equal(ending, "refused");
      const shown = actors.shown().replaceAll(/\s+/g, " ");
      assert.match(shown, /sign in your browser: console \(you\) http:\/\/localhost:\d+\/sign-in#hgi1_/);
      assert.match(shown, /You sign that you answer for it/);
      assert.match(shown, /Your refusal is recorded\. Ada tries to go on without you: .*safety/);
      assert.equal(readNote(actors.folder)?.ending, "refused");
      assert.equal((await ask(cast.partner, question)).code, "stage_closed");
    } finally {
      await cast.serving.close();
    }
  });

  test("a safety lead who refuses elsewhere, as in the console, is heard where a key was waited for", async () => {
    let refusing: Promise<unknown> | undefined;
    const keys: Keys = {
      ...noKeys,
      areThere: true,
      next: async (among, signal) => {
        if (among.includes("r")) refusing ??= refuseElsewhere(actors.folder);
        return scripted([]).next(among, signal);
      },
    };
    const actors: Seen = hands("elsewhere", { documents: documents("elsewhere", { items: 6, upper: 0.99 }), keys });
    const { ending, cast } = await play(actors);
    try {
      await refusing;
      assert.equal(ending, "refused");
      assert.match(actors.shown().replaceAll(/\s+/g, " "), /You refused elsewhere, .*Your refusal is recorded/);
    } finally {
      await cast.serving.close();
    }
  });

  test("a hold placed elsewhere, as in the console, is the reader's: the play says so and leaves it standing", async () => {
    let holding: Promise<unknown> | undefined;
    const keys: Keys = {
      ...noKeys,
      areThere: true,
      next: async (among, signal) => {
        if (among.includes("r")) return "enter";
        if (among.includes("h")) holding ??= holdElsewhere(actors.folder);
        return scripted([]).next(among, signal);
      },
    };
    const actors: Seen = hands("held", { documents: documents("held", { items: 6, upper: 0.99 }), keys });
    const { cast } = await play(actors);
    try {
      await holding;
      const shown = actors.shown().replaceAll(/\s+/g, " ");
      assert.match(
        shown,
        /HELD, by a hold placed elsewhere: .* Stopped, by a hold that stands\. .*release resume small/,
      );
      assert.doesNotMatch(shown, /Nobody pressed h|Resumed by|Open\. The gate/);
      assert.equal((await ask(cast.partner, question)).reason, "held");
    } finally {
      await cast.serving.close();
    }
  });

  test("a play that breaks off ends its progress line, and says what to do", async () => {
    const keys: Keys = {
      ...noKeys,
      areThere: true,
      next: async (among, signal) => {
        if (!among.includes("w")) return scripted([]).next(among, signal);
        actors.screen.live("under way");
        actors.screen.live("further under way");
        throw new Failure("server_unreachable", "The run could not be sealed.");
      },
    };
    const actors: Seen = hands("broken-off", { documents: documents("broken-off", { items: 6, upper: 0.99 }), keys });
    await assert.rejects(play(actors), /could not be sealed\.\n`npm start` plays again .*demo erase/);
    assert.match(actors.shown(), /further under way\n/);
  });

  test("skipping the model leaves a server without one, and the next start plays anew", async () => {
    const environment = { HEADGATE_CACHE: path.join(scratch, "empty-cache") };
    const actors = hands("skipped", { documents: shippedDocuments, keys: scripted(["s"]), environment });
    const { ending, cast } = await play(actors);
    try {
      assert.equal(ending, "no-model");
      assert.match(actors.shown(), /What works without one: keys, documents/);
      const links = [...actors.shown().matchAll(/http:\/\/localhost:\d+\/sign-in#(hgi1_[\w-]+)/g)];
      const offered = links.map(([, code = ""]) => parseInvitation(code));
      const both = [actors.folder.safety, actors.folder.owner].map((file) => [
        readProfile(file).person,
        readProfile(file).role,
        true,
      ]);
      assert.deepEqual(
        offered.map(({ person, role, demo }) => [person, role, demo]),
        [...both, ...both],
        "the addresses and the card link the reader and the owner into the console",
      );
      for (const [at, [, code = ""]] of links.entries()) {
        const { exit, told } = await cast.desk.run(["join", code, "--profile", path.join(scratch, `link-${at}.json`)]);
        assert.equal(exit, 0, told);
      }
      assert.equal((await ask(cast.partner, question)).code, "stage_closed");
    } finally {
      await cast.serving.close();
    }
    assert.equal(await playOn(actors), undefined);
  });

  test("a real deployment's folder is never erased", async () => {
    const home = path.join(scratch, "real");
    const folder = demoFolder(home);
    const gate = await openGate(home, { registry: shippedSafeguards(), version: "test" });
    await gate.close();
    cpSync(path.join(home, "data"), folder.data, { recursive: true });
    assert.throws(() => eraseDemo(folder), /is not a demo's folder/);
    assert.equal(existsSync(folder.data), true);
  });
});
