// The words that pages use and a newcomer does not know, each in a sentence. All of them stand in GLOSSARY.md, which says more.
export const glossary: readonly { readonly word: string; readonly what: string }[] = [
  {
    word: "stage",
    what: "How far a model is out: withheld (nobody), internal, evaluators, trusted, limited, general. A plan may leave some out.",
  },
  {
    word: "release plan",
    what: "For one model: its stages, for whom each is, and what has to be shown before it opens.",
  },
  {
    word: "requirement",
    what: "One thing that has to hold before a stage opens: a measured limit, signatures, time, a fact.",
  },
  {
    word: "gate",
    what: "All requirements of one stage. Each has to hold by itself; what is missing counts as not shown.",
  },
  { word: "suite", what: "The questions of an evaluation, and what counts as a failure." },
  {
    word: "run",
    what: "One evaluation by one suite. It is sealed once every attempt is accounted for; until then no gate counts it.",
  },
  {
    word: "permit",
    what: "The entry that announces a run before its first question, so that a bad run cannot be left out.",
  },
  { word: "evidence", what: "A sealed run, or a report made elsewhere, which stays marked as declared." },
  {
    word: "confidence",
    what: "How often a method of this kind is right. “At most 5 % with 95 % confidence”: a true rate above 5 % would look this good in one of 20 evaluations at the most, for prompts like these.",
  },
  {
    word: "cluster",
    what: "Attempts that belong together, such as wordings of one question. They count as one unit, since they are not independent.",
  },
  { word: "unknown", what: "An attempt whose outcome nobody can tell. It counts as a failure." },
  {
    word: "watch",
    what: "What is counted of a stage while it opens by steps (a canary). Where a limit is exceeded, the server steps back by itself.",
  },
  {
    word: "e-value",
    what: "How strongly live counts speak against a limit. It may be looked at any time without being wrong more often (an e-process).",
  },
  { word: "proposal", what: "A release before it is signed: everything that signers say yes or no to." },
  {
    word: "sign-off",
    what: "A person's signed word on a proposal: for, against, or that they step back from deciding.",
  },
  { word: "quorum", what: "How many distinct people, in which roles, have to sign." },
  {
    word: "certificate",
    what: "A proposal that was signed and recorded. It opens a stage until a date; without one nobody is served.",
  },
  {
    word: "hold",
    what: "One person stops a model, callers or everything, at once. It ends when a later certificate answers it.",
  },
  { word: "restriction", what: "What one person makes stricter, without stopping it." },
  { word: "safeguard", what: "What looks at requests and answers, and finds what the usage policy stops." },
  { word: "grant", what: "What an organisation may use: a model, from a stage on, with a quota, until a date." },
  {
    word: "gateway",
    what: "The program that callers reach. It checks the certificate on every request and signs receipts.",
  },
  {
    word: "ledger",
    what: "The public record: acts in order, each hashed with all before it (a Merkle tree), so that none can be changed or taken out unseen.",
  },
  { word: "statement", what: "An act as it was signed: by a person's or a server's own key." },
  { word: "receipt", what: "The signed record of one request and its answer: digests and outcomes, no text." },
  { word: "digest", what: "A fingerprint of bytes, sha256:…. Other bytes have another one." },
  {
    word: "commitment",
    what: "A digest that stands for a text kept aside: nobody can read it there, and nobody can change it later.",
  },
  {
    word: "checkpoint",
    what: "The ledger's size and fingerprint, signed: its head at a moment. A proof compares with it.",
  },
  {
    word: "trust root",
    what: "The keys that everything is checked against. Get its digest from somebody you trust, by another way.",
  },
  {
    word: "witness",
    what: "Somebody outside who countersigns the ledger, so that all are shown the same. So far there is none.",
  },
];
