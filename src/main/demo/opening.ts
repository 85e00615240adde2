// The first screen: a deployment of one's own, marked DEMO, with people, documents and a partner's key, and a request that
// is refused, because nothing is certified yet.
import { createServer } from "node:net";
import path from "node:path";
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { knownModels } from "../../upstream/embedded/known-models.ts";
import type { ModelDocument } from "../../upstream/model-document.ts";
import { openUpstream } from "../../upstream/open-upstream.ts";
import { type Upstream, upstreamBounds } from "../../upstream/upstream.ts";
import { type Configuration, type Environment, readConfiguration } from "../configuration.ts";
import { type Desk, need, openDesk } from "../in-process.ts";
import { type Serving, serve } from "../serve.ts";
import { ask } from "../talk.ts";
import { type Cast, type ModelSwitch, modelName } from "./cast.ts";
import { type DemoFolder, beginFolder, writeNote } from "./folder.ts";
import type { Keys } from "./keys.ts";
import type { Screen } from "./screen.ts";

export interface Stagehands {
  readonly environment: Environment;
  readonly screen: Screen;
  readonly keys: Keys;
  readonly folder: DemoFolder;
  readonly version: string;
  /** Folder of the documents that are applied. */
  readonly documents: string;
}

/** The demo's configuration: its own folders whatever the environment says of a real deployment's. */
export async function demoConfiguration(environment: Environment, folder: DemoFolder): Promise<DemoPorts> {
  const { HEADGATE_DATA: _1, HEADGATE_KEYS: _2, HEADGATE_STORE: _3, HEADGATE_TRUST: _4, ...rest } = environment;
  const wanted = readConfiguration({ ...rest, HEADGATE_DATA: folder.data, HEADGATE_KEYS: folder.keys });
  const isDataFree = await isFree(wanted.host, wanted.port);
  const isControlFree = await isFree(wanted.host, wanted.controlPort);
  const taken = [isDataFree ? [] : [wanted.port], isControlFree ? [] : [wanted.controlPort]].flat();
  const configuration = {
    ...wanted,
    port: isDataFree ? wanted.port : 0,
    controlPort: isControlFree ? wanted.controlPort : 0,
  };
  return { configuration, taken };
}

export interface DemoPorts {
  readonly configuration: Configuration;
  /** Ports that somebody else has; free ones are used instead. */
  readonly taken: readonly number[];
}

async function isFree(host: string, port: number): Promise<boolean> {
  if (port === 0) return true;
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, host, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

export interface Served {
  readonly serving: Serving;
  readonly desk: Desk;
}

/** Both planes over the demo's folder, with nothing but the shipped model behind them. */
export async function serveDemo(hands: Stagehands, configuration: Configuration, model: ModelSwitch): Promise<Served> {
  const { version, folder } = hands;
  const upstream = async (document: ModelDocument): Promise<Upstream> => {
    checkShipped(document);
    if (!model.isHere) throw new Failure("model_unavailable", "The demo runs without a model now. Start it again.");
    return openUpstream(document, {
      secrets: { environment: {}, folder: undefined },
      ownPorts: new Set(),
      cacheFolder: configuration.cache,
      modelFile: configuration.modelFile,
      bounds: upstreamBounds,
      onProgress: () => undefined,
      onEmbeddedEvent: () => undefined,
    });
  };
  const quiet = { configuration, environment: {}, version, demo: true, report: noReport } as const;
  const serving = await serve({ ...quiet, upstream });
  const desk = openDesk({
    server: serving.controlPlane,
    dataPlane: serving.dataPlane,
    codeFile: serving.control.codeFile() ?? "",
    stateFolder: folder.state,
    version,
  });
  return { serving, desk };
}

/** What the server says of itself would tear the play; what matters is on the screen. */
function noReport(): void {
  // Nothing: see above.
}

function checkShipped({ upstream }: ModelDocument): void {
  if (upstream?.dialect === "embedded" && knownModels.some(({ name }) => name === upstream.file)) return;
  throw new Failure(
    "configuration_invalid",
    "The demo serves only the shipped model. For your own: stop this, then headgate serve, init, connect URL.",
  );
}

const Code = z.object({ code: z.string() });
const Key = z.object({ key: z.string() });

/** A new deployment, up to a partner's key. Later people are invited when somebody waits for downloads anyway. */
export async function begin(hands: Stagehands, configuration: Configuration): Promise<Cast> {
  const { folder, screen, keys, version } = hands;
  const model: ModelSwitch = { isHere: false };
  beginFolder(folder);
  const { serving, desk } = await serveDemo(hands, configuration, model);
  try {
    await need(desk.run(["init", "--name", "Ada (DEMO owner)", "--profile", folder.owner]), z.unknown());
    await admitYou(desk, folder);
    await need(desk.run(["apply", "-f", hands.documents, "--profile", folder.owner]), z.unknown());
    const asked = ["key", "create", "--organisation", "acme", "--profile", folder.owner];
    const { key } = await need(desk.run(asked), Key);
    writeNote(folder, { ending: null, key, proposal: null });
    const partner = { dataPlane: serving.dataPlane, secret: key };
    return { screen, keys, folder, serving, desk, partner, model, version };
  } catch (error) {
    await serving.close();
    throw error;
  }
}

async function admitYou(desk: Desk, folder: DemoFolder): Promise<void> {
  const invited = [
    "person",
    "invite",
    "--name",
    "You (DEMO safety lead)",
    "--role",
    "safety",
    "--profile",
    folder.owner,
  ];
  const { code } = await need(desk.run(invited), Code);
  await need(desk.run(["join", code, "--profile", folder.safety]), z.unknown());
}

const Invited = z.object({ code: z.string(), act: z.string() });

/** A third person, for the stage after the first: since there are two, it takes both to invite one more. */
export async function admitAssurance({ desk, folder }: Cast): Promise<void> {
  const invited = [
    "person",
    "invite",
    "--name",
    "Cleo (DEMO assurance)",
    "--role",
    "assurance",
    "--profile",
    folder.owner,
  ];
  const { code, act } = Invited.parse((await desk.run(invited)).json);
  await need(desk.run(["cosign", act, "--profile", folder.safety]), z.unknown());
  await need(desk.run(["join", code, "--profile", folder.assurance]), z.unknown());
}

export function showAddresses({ screen, serving, folder }: Cast, { taken }: Pick<DemoPorts, "taken">): void {
  if (taken.length > 0) screen.say(`Port ${taken.join(" and ")} is taken by another program; free ones are used.`);
  screen.exact(`Data plane     ${serving.dataPlane}   (callers ask here)`);
  screen.exact(`Control plane  ${serving.controlPlane}   (the board decides here)`);
  screen.exact(`Record         ${serving.dataPlane}/transparency`);
  screen.exact(`Folders        ${folder.data}, ${path.basename(folder.keys)} beside it`);
}

/** The request that nobody can get served yet. The words are the gateway's. */
export async function showRefusal({ screen, partner }: Cast): Promise<void> {
  screen.head("A partner with a genuine key asks the model:");
  const reply = await firstReply(partner);
  screen.bad(`${reply.status} ${reply.code ?? ""} (${reply.reason ?? ""}): ${reply.message}`);
  screen.say("No certificate exists. Nobody can be served, you included.");
}

export const question = {
  model: modelName,
  messages: [{ role: "user", content: "What is a canal lock for? Answer in two sentences." }],
  max_tokens: 96,
  temperature: 0,
} as const;

const leaseMsMax = 3_000;

/** The gateway needs a moment to get its first lease; a refusal for that is not the one to show. */
async function firstReply(partner: Cast["partner"]): ReturnType<typeof ask> {
  const end = performance.now() + leaseMsMax;
  for (;;) {
    const reply = await ask(partner, question);
    if (reply.code !== "gateway_closed" || performance.now() > end) return reply;
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
}
