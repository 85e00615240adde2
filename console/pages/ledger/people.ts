// Ids in a sentence as the people who have them, and digests short enough to read.
import type { LedgerRow, LedgerView } from "../../../src/control/contract-ledger.ts";
import { words } from "../../words/words.ts";

export type People = LedgerView["people"];

export function withNames(sentence: string, people: People): string {
  return sentence
    .replaceAll(/person_[0-9a-f]{16}/g, (id) => people.find(({ person }) => person === id)?.name ?? id)
    .replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, "$1…")
    .replaceAll(/([A-Za-z0-9+/]{12})[A-Za-z0-9+/]{31}=/g, "$1…")
    .replaceAll(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\.\d{3}Z/g, "$1 $2 UTC");
}

export function signerName(signer: LedgerRow["signers"][number], people: People, verb: string): string {
  const { person, role, server } = signer;
  if (server !== null) return words.ledger.servers[server];
  // Whoever answers an invitation signs with its one-time key, too.
  if (person === null) return verb === "admit" ? words.ledger.oneTimeSigner : words.ledger.unknownSigner;
  const name = people.find((one) => one.person === person)?.name ?? person;
  return role === null ? name : words.ledger.withRole(name, role);
}
