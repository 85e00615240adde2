// `headgate serve`: runs both planes until it is told to stop, says where it listens, and, with no owner yet, how to make
// one. It has no demo.
import path from "node:path";
import { consoleAt } from "../acts/invitation.ts";
import type { ExtraVerb } from "../cli/program.ts";
import { quoted } from "../cli/verb.ts";
import { readConfiguration } from "./configuration.ts";
import { keepConsoleBuilt } from "./console-build.ts";
import { urlOf } from "./gateway-here.ts";
import { endOnFault, reportTo } from "./report.ts";
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
      endOnFault(report);
      await keepConsoleBuilt((text) => process.stderr.write(text));
      const given = { configuration, environment: process.env, version: version(), demo: false, report };
      const workers = configuration.distribution?.workers ?? 1;
      const serving = workers > 1 ? await serveWithWorkers(given, workers) : await serve(given);
      process.on("SIGHUP", serving.reload);
      context.write(options.json === true ? `${JSON.stringify(readyView(serving))}\n` : readyText(serving));
      await stopped();
      await serving.close();
    });
};

interface Ready extends Pick<Serving, "dataPlane" | "controlPlane" | "feedPort"> {
  readonly control: Pick<Serving["control"], "deployment" | "codeFile">;
}

function readyView({ dataPlane, controlPlane, control, feedPort }: Ready): object {
  const { deployment } = control;
  return { ready: true, dataPlane, controlPlane, feedPort, deployment, codeFile: control.codeFile() ?? null };
}

export function readyText({ dataPlane, controlPlane, control }: Omit<Ready, "feedPort">): string {
  const code = control.codeFile();
  const lines = [
    `Data plane     ${dataPlane}`,
    `Control plane  ${controlPlane}`,
    `Console        ${consoleAt(controlPlane)}   (open it under this name)`,
    `Transparency   ${dataPlane}/transparency`,
  ];
  if (code !== undefined) {
    lines.push(
      "",
      "Nobody owns this deployment yet. In another terminal on this machine:",
      `  ${initLine(controlPlane, code)}`,
    );
    lines.push(`(it reads the one-time code from ${code}; from another machine, pass it with --code)`);
  }
  return `${lines.join("\n")}\n`;
}

/** What another terminal needs to be told: nothing of what it would take by itself, where nothing is set there. */
function initLine(controlPlane: string, code: string): string {
  const usual = readConfiguration({});
  const folder = path.dirname(path.resolve(code));
  const data = folder === path.resolve(usual.data) ? "" : `HEADGATE_DATA=${quoted(folder)} `;
  const server = controlPlane === urlOf(usual, usual.controlPort) ? "" : ` --server ${controlPlane}`;
  return `${data}headgate init --name YOU --profile you.json${server}`;
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
