// Both planes speak TLS by files, and take a renewed pair while they run. The pairs in test/data/tls are for tests only.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { readConfiguration } from "../../src/main/configuration.ts";
import { type Serving, serve } from "../../src/main/serve.ts";

const pairs = join(dirname(import.meta.dirname), "data", "tls");
const folder = mkdtempSync(join(tmpdir(), "headgate-tls-"));
const [cert, key] = [join(folder, "server.crt"), join(folder, "server.key")];
const environment = {
  HEADGATE_DATA: join(folder, "data"),
  HEADGATE_PORT: "0",
  HEADGATE_CONTROL_PORT: "0",
  HEADGATE_TLS_CERT: cert,
  HEADGATE_TLS_KEY: key,
};
const reports: string[] = [];
let serving: Serving;

function use(name: "one" | "two"): void {
  copyFileSync(join(pairs, `${name}.crt`), cert);
  copyFileSync(join(pairs, `${name}.key`), key);
}

function ca(name: "one" | "two"): string {
  return readFileSync(join(pairs, `${name}.crt`), "utf8");
}

interface Got {
  readonly status: number;
  readonly body: string;
}

async function get(url: string, trusted: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca: trusted, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        body += piece;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

before(async () => {
  use("one");
  serving = await serve({
    configuration: readConfiguration(environment),
    environment,
    version: "0.0.0-test",
    demo: false,
    report: (event, detail) => void reports.push(`${event} ${JSON.stringify(detail)}`),
  });
});

after(async () => {
  await serving.close();
  rmSync(folder, { recursive: true, force: true });
});

test("both planes answer over TLS, to whoever trusts the certificate, and not in plain text", async () => {
  assert.match(serving.dataPlane, /^https:/);
  for (const plane of [serving.dataPlane, serving.controlPlane]) {
    assert.equal((await get(`${plane}/healthz`, ca("one"))).status, 200);
    await assert.rejects(get(`${plane}/healthz`, ca("two")), /self-signed|unable to verify/);
    await assert.rejects(fetch(`${plane.replace("https", "http")}/healthz`));
  }
});

test("TLS before 1.2 is not spoken", async () => {
  const { port } = new URL(serving.dataPlane);
  await assert.rejects(
    new Promise((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port: Number(port),
        ca: ca("one"),
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1",
      } as const;
      const socket = connect(options, () => {
        resolve(undefined);
      });
      socket.on("error", reject);
    }),
  );
});

test("a renewed pair is served after a reload; a broken one is told and the pair in use stays", async () => {
  use("two");
  serving.reload();
  for (const plane of [serving.dataPlane, serving.controlPlane]) {
    assert.equal((await get(`${plane}/healthz`, ca("two"))).status, 200);
    await assert.rejects(get(`${plane}/healthz`, ca("one")));
  }
  copyFileSync(join(pairs, "one.key"), key);
  serving.reload();
  assert.match(reports.at(-1) ?? "", /^tls .*the key is another certificate's/);
  assert.equal((await get(`${serving.dataPlane}/healthz`, ca("two"))).status, 200);
  const { body } = await get(`${serving.controlPlane}/metrics`, ca("two"));
  assert.match(body, /^headgate_tls_expiry_seconds \d+/m);
});

test("a start with files that are no pair is refused by name", async () => {
  writeFileSync(cert, "not a certificate");
  const wrong = { ...environment, HEADGATE_DATA: join(folder, "other") };
  const configuration = readConfiguration(wrong);
  const options = { configuration, environment: wrong, version: "0", demo: false, report: () => undefined };
  await assert.rejects(serve(options), { code: "configuration_invalid" });
  assert.throws(() => readConfiguration({ HEADGATE_TLS_CERT: cert }), { code: "configuration_invalid" });
});
