// What the page says: Ledger.
import { numberInWords } from "./format.ts";

/** What a verb's statement is, as people say it. */
const verbs: Readonly<Record<string, string>> = {
  root: "Trust root",
  invite: "Invitation",
  admit: "Admission",
  suspend: "Suspension",
  organisation: "Organisation",
  key: "Key",
  document: "Documents",
  mandate: "Mandate",
  permit: "Permit",
  evidence: "Evidence",
  proposal: "Proposal",
  "sign-off": "Sign-off",
  certificate: "Certificate",
  hold: "Hold",
  restriction: "Restriction",
  "break-glass": "Break-glass",
  widen: "Step up",
  narrow: "Step back",
  lapse: "Lapse",
  fact: "Fact",
  withdrawal: "Withdrawal",
  receipts: "Receipts",
  lost: "Lost receipts",
  reading: "Reading",
  review: "Review",
};

/** Members of statements, where their names do not say it. */
const fields: Readonly<Record<string, string>> = {
  notBefore: "from",
  notAfter: "until",
  decideBy: "to be decided by",
  personsForChange: "persons for a change of it",
  firstOwner: "first owner",
  previous: "the one before",
  oneSigner: "one signer was enough",
  identityBasis: "the model's identity is",
  trustVersion: "version of the trust root",
  requestsPerMinute: "requests a minute",
  tokensPerMinute: "tokens a minute",
  tokensPerDay: "tokens a day",
  answers: "answers the holds",
  lifts: "lifts the restrictions",
  hash: "hash of the secret",
};

export const ledger = {
  title: "Ledger",
  lead: "Every act, in the order in which it counted. Each entry's proof is checked in this browser when you open it.",
  verbOf: (verb: string) => verbs[verb] ?? verb,
  verbs: Object.entries(verbs).map(([value, text]) => ({ value, text })),
  anyVerb: "Every kind of act",
  search: {
    label: "Search the ledger",
    help: "An entry's number, a digest, an id, a person or their key, a model, an organisation, a kind of act, or a whole receipt.",
    button: "Search",
    clear: "Show everything",
    verb: "Kind of act",
    since: "From",
    until: "Until",
    day: "A day such as 2026-11-30, in UTC.",
    wrongDay: "Write a day as 2026-11-30.",
  },
  found: (matches: number) => (matches === 1 ? "1 entry names this." : `${numberInWords(matches)} entries name this.`),
  searchedFrom: (entry: number) =>
    `Ids and names are searched from entry ${numberInWords(entry)} on; digests of acts and receipts in all of it.`,
  noneTitle: "Nothing in the ledger fits",
  none: "Ids, digests and keys are found whole; a person by a part of their name. A receipt is logged a second or two after its answer.",
  table: "Entries of the ledger, newest first",
  columns: { entry: "Entry", kind: "Kind", words: "What happened", signers: "Signed by", at: "When" },
  entryOf: (index: number) => numberInWords(index),
  entriesOf: (first: number, last: number) => `${numberInWords(first)}–${numberInWords(last)}`,
  shown: (first: number, last: number, size: number) =>
    `Entries ${numberInWords(first)} to ${numberInWords(last)} of ${numberInWords(size)}`,
  unreadable: "The store no longer gives this entry as it was recorded. Open it to see what does not fit.",
  refused: (why: string) => `The rules refuse it, and it changes nothing: ${why}`,
  servers: { log: "the log", control: "the control plane", gateway: "a gateway" },
  unknownSigner: "a key that no person has now",
  oneTimeSigner: "the one-time key of its invitation",
  withRole: (name: string, role: string) => `${name} (${role})`,

  entry: {
    title: (index: string) => `Entry ${index}`,
    another: (index: number) => `The server gave entry ${index} instead.`,
    notNumber: "An entry is named by its number, counted from 0.",
    loading: "The entry is fetched and checked …",
    unreadable:
      "This entry cannot be shown in words, because what the server gives does not hold. See the steps below.",
    refused: "The rules refuse this entry",
    proof: "Its proof, checked in this browser",
    holds: (index: string, size: string) =>
      `Entry ${index} stands in the ledger of ${size} entries: signed, unchanged, and under a head that the log's key signed.`,
    fails: "DOES NOT HOLD. Take nothing on this page as recorded.",
    failing: (name: string) => `What does not fit: ${name}.`,
    result: { pass: "holds", fail: "does not fit", "not-checked": "not checked" },
    signed: "Who signed",
    signedLead: "The signatures were checked here. Names and roles are as this server gives them today.",
    signedTable: "Signers of this entry",
    signers: { name: "Who", role: "Role", key: "Key" },
    authority: "Who may do this",
    says: "What it says",
    saysLead: "Each part of the signed statement. Texts behind commitments were compared with what was signed.",
    at: "signed at",
    seen: "its signer had seen",
    seenOf: (size: string) => `the ledger of ${size} entries`,
    nothingSeen: "no ledger yet",
    act: "digest of the act",
    reason: (text: string) => `“${text}”`,
    erased: "a commitment; its text is not kept here",
    none: "none",
    yes: "yes",
    no: "no",
    related: "Entries about the same",
    relatedLead: "They name this act, or what it names.",
    relatedTable: "Entries about the same, newest first",
    noneRelated: "Nothing else in the ledger names what this entry names.",
    keep: "To keep, and to check elsewhere",
    keepLead: "Whoever has the proof and the first trust root checks this entry with no server.",
    proofFile: "Save the proof",
    rawFile: "Save the signed bytes",
    checkpointFile: "Save the checkpoint",
    command: (index: number) => `headgate ledger verify --proof entry-${index}.proof.json --trust trust.json`,
    copyCommand: "the command",
    bytes: "Show the signed bytes",
  },

  authorities: {
    persons: "One person",
    pair: "One person, and by a second one as soon as two were ever admitted",
    seats: "One person of each role",
    root: "Whoever the trust root before it names, an owner among them",
    invitation: "The person invited, with the key of the invitation",
    gateway: "A gateway of the trust root, by its own key",
    control: "The control plane, of what was signed to end so",
    roles: (roles: readonly string[]) =>
      roles.length === 1 ? ` in the role ${roles.join()}` : ` in one of the roles ${roles.join(", ")}`,
    loosens: " It counts only once the ledger has it.",
    tightens: " It counts at once.",
  },

  steps: {
    unexpected: "This step met an error of the console's own.",
    restsOnAnother: "It rests on a step that failed.",
    notBase64: "What the server gave is not base64.",
    signatures: {
      name: "Signatures",
      said: (count: number) =>
        count === 1 ? "The signature on the statement verifies." : `All ${count} signatures on the statement verify.`,
    },
    subject: {
      name: "Subject",
      said: (digest: string) =>
        `The statement is canonical, and its body has the digest that its subject names: ${digest}`,
    },
    leaf: {
      name: "Leaf",
      said: (digest: string) =>
        `The entry names this statement, signatures included, by its digest ${digest}, and its kind.`,
      wrong: "The entry names another statement than the one that came with it.",
    },
    root: {
      name: "Trust root",
      said: {
        told: (digest: string) => `The ledger begins with the trust root that you were told: ${digest}`,
        "first-use": (digest: string) =>
          `The ledger begins with the trust root that this browser saw the first time: ${digest} Compare it with one known from elsewhere.`,
      },
      wrong: "This ledger begins with another trust root than the one pinned in this browser.",
    },
    head: {
      name: "Checkpoint",
      said: (size: number, origin: string) =>
        `The head over ${numberInWords(size)} entries is signed by the key of the log ${origin}.`,
      wrong: "The signed head is of another size than the server says.",
    },
    inclusion: {
      name: "Inclusion",
      said: (index: number, size: number, hashes: number) =>
        `Hashing the entry with ${hashes} hashes on its way gives the root of the signed head: entry ${numberInWords(index)} of ${numberInWords(size)}.`,
      wrong: "Hashing the entry upwards does not give the root that the log's key signed.",
    },
    growth: {
      name: "Consistency",
      first: "This browser had seen no checkpoint of this ledger before. From now on it compares.",
      said: (from: number, to: number) =>
        `The ledger of ${numberInWords(from)} entries seen here before is the beginning of this one of ${numberInWords(to)}.`,
      wrong: (from: number) =>
        `This ledger is not the one seen here before at ${numberInWords(from)} entries. Somebody shows two.`,
      shorter: (size: number, before: number) =>
        `This ledger has ${numberInWords(size)} entries, and ${numberInWords(before)} were seen here before. Somebody cut it.`,
    },
    witnesses: {
      name: "Witnesses",
      said: (count: number) =>
        count === 0
          ? "Nobody outside has cosigned this checkpoint."
          : `${count} more signature(s) stand under this checkpoint. Their keys are not known here.`,
    },
    gateway: {
      name: "Gateway",
      said: "The receipt is signed by a gateway that the trust root names.",
    },
    receipt: {
      name: "Receipt",
      said: (digest: string) => `Its signature verifies, over the receipt of digest ${digest}`,
    },
    interval: {
      name: "In the ledger",
      said: (index: number, size: number) =>
        `Its gateway's interval holds it and stands in the ledger as entry ${numberInWords(index)} of ${numberInWords(size)}, under a head that the log's key signed.`,
      pending: "It is not in the ledger yet.",
      another: (size: number) => `The proof is under another ledger than the one seen here before at ${size} entries.`,
    },
  },

  receipt: {
    title: "Check a receipt",
    lead: "What an answer brought in its header x-headgate-receipt: it begins with hgr1.",
    label: "The receipt",
    button: "Check it",
    loading: "The receipt is checked …",
    holds: "This receipt holds: a gateway signed it, and it is in the ledger.",
    pending: "Signed by a gateway, and not in the ledger yet: receipts are logged every second or two.",
    fails: "THIS RECEIPT DOES NOT HOLD.",
    says: "What it says",
    again: "Look again",
    explain: "What happened",
    entry: (index: number) => `Entry ${numberInWords(index)}`,
    command: (id: string) => `headgate receipt verify ${id}.receipt.txt --proof ${id}.proof.json --trust trust.json`,
    receiptFile: "Save the receipt",
    proofFile: "Save the proof",
  },

  field: (name: string) => fields[name] ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
} as const;
