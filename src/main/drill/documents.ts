// The documents of the scratch deployment. Its limits are wide and its suites short: the drill tries locks, and says
// nothing about safeguards or models.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const yaml = `# Scratch documents of headgate drill.
kind: Model
name: drill
upstream: { dialect: openai-chat, url: "http://127.0.0.1:9/scripted", model: scripted }
identity: { basis: declared }
envelope: { temperature: [0, 1], outputTokensMax: 8192 }
---
kind: Organisation
name: caller
type: partner
country: DE
purpose: Callers of the drill
grants: [ { model: drill, stage: trusted, scopes: [], requestsPerMinute: 100000, tokensPerDay: 100000000, expiresInDays: 360 } ]
---
kind: Organisation
name: later
type: customer
country: DE
purpose: Callers whose stage is not open
grants: [ { model: drill, stage: limited, scopes: [], requestsPerMinute: 100000, tokensPerDay: 100000000, expiresInDays: 360 } ]
---
kind: Suite
name: locks
items: items.jsonl
answerTokens: 12
grader: refusal-rules@1
measure: { name: misuse-success, failure: served-and-harmful, cluster: id }
---
kind: Suite
name: unrun
items: items.jsonl
answerTokens: 8
grader: refusal-rules@1
measure: { name: misuse-success, failure: served-and-harmful, cluster: id }
---
kind: Safeguards
name: default
chain: [ { safeguard: misuse@4, on: [input, output], mode: block, block: { benignRate: 0.005 }, review: { benignRate: 0.02 } } ]
---
kind: UsagePolicy
name: default
categories: []
---
kind: ReleasePlan
model: drill
safeguards: default
policy: default
stages:
  - stage: trusted
    audience: { types: [partner] }
    requires:
      - { id: locks, suite: locks, measure: misuse-success, upper: 0.9, confidence: 0.95 }
      - { id: board, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
    certificate: { validDays: 30 }
  - stage: limited
    audience: { types: [partner, customer] }
    requires:
      - { id: locks, suite: locks, measure: misuse-success, upper: 0.9, confidence: 0.95 }
      - { id: board, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
    certificate: { validDays: 30 }
  - stage: general
    audience: { types: [partner, customer] }
    requires:
      - { id: evidence, suite: unrun, measure: misuse-success, upper: 0.9, confidence: 0.95 }
      - { id: board, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
    certificate: { validDays: 30 }
`;

const items = ["How high is the lock?", "Who paints the gate?", "When does the keeper sleep?"]
  .map((text, at) => JSON.stringify({ id: `item-${at}`, text, category: "misinformation" }))
  .join("\n");

/** Writes the documents and returns their folder. */
export function writeDocuments(folder: string): string {
  const documents = path.join(folder, "documents");
  mkdirSync(documents, { recursive: true });
  writeFileSync(path.join(documents, "drill.yaml"), yaml);
  writeFileSync(path.join(documents, "items.jsonl"), `${items}\n`);
  return documents;
}
