// What is said where somebody signs.
export const acts = {
  confirm: {
    title: "Sign this?",
    lead: (who: string) => `With the key of this browser you sign, as ${who}:`,
    sign: "Sign",
    cancel: "Do not sign",
  },
  bringing: "Bringing the ledger up to date …",
  checked: (entries: string) => `${entries} entries checked`,
  signing: "Signing …",
  recorded: (entry: string) => `Recorded as entry ${entry}`,
  pending: (needs: string) => `Kept until the other signatures come: ${needs}.`,
  noKey: {
    title: "This browser has no key to sign with",
    text: "Acts are signed by a key that is made here and never leaves this browser. Sign in, and make one under Settings; an owner admits it.",
  },
} as const;
