// `headgate gateway`: a gateway on its own, with its control plane elsewhere. It waits for the control plane as long as it
// takes: until it was there once, nothing can be served, and nothing is.
import type { ExtraVerb } from "../cli/program.ts";
import { readConfiguration } from "./configuration.ts";
import { reportTo } from "./report.ts";
import { serveGateway } from "./serve-gateway.ts";
import { stopped } from "./serve-verb.ts";
import { version } from "./version.ts";

export const addGatewayVerb: ExtraVerb = (program, context) => {
  program
    .command("gateway")
    .description("run a gateway here, with its control plane on another machine")
    .option("--json", "print one JSON line when it is ready")
    .option("--key <name>", "name of its key in the keys folder, without .key", "gateway")
    .option("--shared-port", "several gateways of this machine listen on the port")
    .action(async (options: { json?: boolean; key: string; sharedPort?: boolean }) => {
      const configuration = readConfiguration(process.env);
      const report = reportTo(process.stderr, configuration.operating?.logLevel);
      const stop = stopped();
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
        keyName: options.key,
        isShared: options.sharedPort === true,
        leave: leave.signal,
      });
      // Told to go while it waited: nothing was served, so nothing is to be ended.
      if (serving === undefined) process.exit(0);
      process.on("SIGHUP", serving.reload);
      const { dataPlane } = serving;
      context.write(
        options.json === true ? `${JSON.stringify({ ready: true, dataPlane })}\n` : `Data plane     ${dataPlane}\n`,
      );
      await stop;
      await serving.close();
    });
};
