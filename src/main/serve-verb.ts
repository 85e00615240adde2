// `headgate serve`: runs both planes until it is told to stop, says where it listens, and, with no owner yet, how to make
// one. It has no demo.
import type { ExtraVerb } from "../cli/program.ts";
import { readConfiguration } from "./configuration.ts";
import { reportTo } from "./report.ts";
import { type Serving, serve } from "./serve.ts";
import { serveWithWorkers } from "./serve-workers.ts";
import { version } from "./version.ts";

export const addServeVerb: ExtraVerb = (program, context) => {
  program
    .command("serve")
    .description("run the control plane and the gateway here")
    .option("--json", "print one JSON line when it is ready")
    .action(async (options: { json?: boolean }) => {
      const configuration = readConfiguration(process.env);
      const report = reportTo(process.stderr, configuration.operating?.logLevel);
      const given = { configuration, environment: process.env, version: version(), demo: false, report };
      const workers = configuration.distribution?.workers ?? 1;
      const serving = workers > 1 ? await serveWithWorkers(given, workers) : await serve(given);
      process.on("SIGHUP", serving.reload);
      context.write(options.json === true ? `${JSON.stringify(readyView(serving))}\n` : readyText(serving));
      await stopped();
      await serving.close();
    });
};

type Ready = Pick<Serving, "dataPlane" | "controlPlane" | "control" | "feedPort">;

function readyView({ dataPlane, controlPlane, control, feedPort }: Ready): object {
  const { deployment } = control;
  return { ready: true, dataPlane, controlPlane, feedPort, deployment, codeFile: control.codeFile() ?? null };
}

export function readyText({ dataPlane, controlPlane, control }: Ready): string {
  const code = control.codeFile();
  const lines = [
    `Data plane     ${dataPlane}`,
    `Control plane  ${controlPlane}`,
    `Transparency   ${dataPlane}/transparency`,
  ];
  if (code !== undefined) {
    lines.push(
      "",
      "Nobody owns this deployment yet. In another terminal on this machine:",
      "  headgate init --name YOU --profile you.json",
    );
    lines.push(`(it reads the one-time code from ${code}; from another machine, pass it with --code)`);
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Until SIGINT or SIGTERM; a second one ends the process at once. Not so where `isPatient`: a worker may hear it from the
 * terminal or the service manager and from its starter, who cuts it in the end.
 */
export async function stopped(isPatient = false): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      for (const [signal, code] of [
        ["SIGINT", 130],
        ["SIGTERM", 143],
      ] as const) {
        process.on(signal, () => {
          if (!isPatient) process.exit(code);
        });
      }
      resolve();
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  });
}
