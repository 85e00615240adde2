// `headgate gateway`: a gateway on its own, with its control plane elsewhere. It waits for the control plane as long as it
// takes: until it was there once, nothing can be served, and nothing is.
import { Option } from "commander";
import type { ExtraVerb } from "../cli/program.ts";
import { readConfiguration } from "./configuration.ts";
import { type Report, endOnFault, reportTo } from "./report.ts";
import { serveGateway } from "./serve-gateway.ts";
import { stopped } from "./serve-verb.ts";
import { gatewayKeyName, makeGatewayKey } from "./server-keys.ts";
import { version } from "./version.ts";
import { starterGone, talkToStarter } from "./worker-talk.ts";

interface GatewayFlags {
  readonly json?: boolean;
  readonly key: string;
  readonly newKey?: boolean;
  readonly sharedPort?: boolean;
  readonly worker?: number;
}

export const addGatewayVerb: ExtraVerb = (program, context) => {
  program
    .command("gateway")
    .description("run a gateway here, with its control plane on another machine")
    .option("--json", "print one JSON line when it is ready")
    .option("--key <name>", "name of its key in the keys folder, without .key", "gateway")
    .option("--new-key", "make its key, print the public half, and end")
    .option("--shared-port", "several gateways of this machine listen on the port")
    .addOption(new Option("--worker <number>", "started by headgate serve").argParser(Number).hideHelp())
    .action(async (options: GatewayFlags) => {
      const { worker } = options;
      if (options.newKey === true) {
        context.write(newKey(options));
        return;
      }
      const configuration = readConfiguration(process.env);
      const plain = reportTo(process.stderr, configuration.operating?.logLevel);
      const report: Report = worker === undefined ? plain : (event, detail) => plain(event, { worker, ...detail });
      endOnFault(report);
      const isWorker = worker !== undefined;
      const stop = isWorker ? Promise.race([stopped(true), starterGone()]) : stopped();
      const leave = new AbortController();
      void stop.then(() => {
        leave.abort();
      });
      const serving = await serveGateway({
        configuration,
        environment: process.env,
        version: version(),
        demo: false,
        report,
        keyName: worker === undefined ? options.key : gatewayKeyName(worker - 1),
        isShared: isWorker || options.sharedPort === true,
        isWorker,
        leave: leave.signal,
      });
      // Told to go while it waited: nothing was served, so nothing is to be ended.
      if (serving === undefined) process.exit(0);
      process.on("SIGHUP", serving.reload);
      const { dataPlane } = serving;
      if (isWorker) talkToStarter(serving.telemetry);
      else if (options.json === true) context.write(`${JSON.stringify({ ready: true, dataPlane })}\n`);
      else context.write(`Data plane     ${dataPlane}\n`);
      await stop;
      await serving.close();
      // The channel to the starter would keep this process going.
      if (isWorker && process.connected) process.disconnect();
    });
};

/** What is printed of a key that was made. */
function newKey({ key, json }: GatewayFlags): string {
  const { publicKey } = makeGatewayKey(readConfiguration(process.env).keys, key);
  if (json === true) return `${JSON.stringify({ publicKey })}\n`;
  return `${publicKey}\n\nNext, with your profile: headgate root propose --add-gateway ${publicKey} --out root.json --profile FILE\n`;
}
