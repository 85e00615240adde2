// Writes formats/bundles: what verifiers of bundles are held against. Run it where the format changes: node scripts/make-bundle-vectors.ts
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeVectors } from "../test/bundle-vectors.ts";

const folder = join(import.meta.dirname, "..", "formats", "bundles");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const { bundles, forged } = await makeVectors();
for (const [name, bundle] of Object.entries(bundles))
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(bundle, undefined, 1)}\n`);
writeFileSync(join(folder, "forged.json"), `${JSON.stringify(forged, undefined, 1)}\n`);
