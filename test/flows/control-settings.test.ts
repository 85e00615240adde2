// The deployment as the control plane shows it: people with roles and names, the trust root, what stands against models, where
// settings come from without one secret, and what the server sees of its own health.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DoctorView, doctorRoutes } from "../../src/control/contract-doctor.ts";
import {
  PeopleView,
  SettingsView,
  StandingView,
  TrustView,
  settingsRoutes,
} from "../../src/control/contract-settings.ts";
import { readConfiguration } from "../../src/main/configuration.ts";
import { machineChecksOf, settingsOf } from "../../src/main/settings.ts";
import {
  type Desk,
  type Member,
  dropFolder,
  enrol,
  get,
  hold,
  invite,
  model,
  openDesk,
  released,
} from "./control-desk.ts";

let desk: Desk;
let owner: Member;
let safety: Member;
let auditor: Member;

const environment = {
  HEADGATE_STORE: "postgres://gate:hunter2@db.example/ledger?sslmode=disable",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://user:hunter2@otel.example",
  OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20hunter2",
  UPSTREAM_KEY: "hunter2",
  HEADGATE_CONTACT: "ada@example.org",
};

before(async () => {
  const configuration = readConfiguration(environment, "/nowhere/data");
  desk = await openDesk({
    control: { settings: settingsOf(environment, configuration), machineChecks: machineChecksOf(configuration) },
  });
  ({ owner, safety } = await released(desk));
  auditor = await enrol(desk, "auditor", [owner, safety]);
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

async function read(path: string, by: Member = auditor): Promise<unknown> {
  const { status, json } = await get(desk, path, by);
  assert.equal(status, 200, JSON.stringify(json));
  return json;
}

describe("settings", () => {
  test("say where each comes from, and never a secret", async () => {
    const json = await read(settingsRoutes.settings);
    assert.ok(!JSON.stringify(json).includes("hunter2"));
    const view = SettingsView.parse(json);
    const of = (name: string): unknown => view.settings.find((one) => one.name === name);
    assert.deepEqual(of("HEADGATE_CONTACT"), {
      name: "HEADGATE_CONTACT",
      value: "ada@example.org",
      isSecret: false,
      source: "environment",
    });
    assert.deepEqual(of("HEADGATE_STORE"), {
      name: "HEADGATE_STORE",
      value: null,
      isSecret: true,
      source: "environment",
    });
    assert.deepEqual(of("HEADGATE_PORT"), { name: "HEADGATE_PORT", value: "8700", isSecret: false, source: "usual" });
    assert.equal(of("UPSTREAM_KEY"), undefined);
    assert.equal(view.kept.find(({ what }) => what === "refusals")?.days, 92);
  });

  test("are for admitted people only, as all of these routes are", async () => {
    for (const path of [...Object.values(settingsRoutes), doctorRoutes.doctor])
      assert.equal((await get(desk, path)).status, 401, path);
  });
});

test("people have names and roles, and who is invited is named until they join", async () => {
  const { seat: _, person } = await invite(desk, "policy", [owner, safety]);
  const view = PeopleView.parse(await read(settingsRoutes.people));
  assert.deepEqual(
    view.people.map(({ role, name }) => [role, name]),
    [
      ["owner", "Ada"],
      ["safety", "a safety"],
      ["auditor", "a auditor"],
    ],
  );
  assert.deepEqual(
    view.invited.map((one) => [one.person, one.role, one.name]),
    [[person, "policy", "a policy"]],
  );
  assert.equal(view.takesTwo, true);
});

test("the trust root has its version, digest, floors and keys", async () => {
  const view = TrustView.parse(await read(settingsRoutes.trust));
  assert.equal(view.root.version, 1);
  assert.equal(view.digest, view.firstRoot);
  assert.deepEqual(
    view.root.floors.general.map(({ role }) => role),
    ["owner", "safety"],
  );
});

test("the server names its machine's trouble first, with what to do", async () => {
  const view = DoctorView.parse(await read(doctorRoutes.doctor));
  const names = new Set(view.checks.map(({ name }) => name));
  assert.ok(names.has("node") && names.has("ledger"));
  assert.deepEqual(view.checks.find(({ name }) => name === "ledger")?.verdict, "well");
});

test("a hold is named with the models that it holds", async () => {
  assert.deepEqual(StandingView.parse(await read(settingsRoutes.standing)).holds, []);
  const id = await hold(desk, owner, { kind: "everything" });
  const { holds } = StandingView.parse(await read(settingsRoutes.standing));
  assert.deepEqual(
    holds.map(({ hold: one, models }) => [one, models]),
    [[id, [model]]],
  );
});
