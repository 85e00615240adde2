// What the page says: statements that wait for signatures.
export const waiting = {
  title: "Waiting for signatures",
  lead: "What others signed and what counts only once another person signs it too. Read it in words, then add your signature or leave it.",
  empty: "Nothing waits for signatures",
  next: "Invitations and changes that take two persons stand here until the second has signed.",
  kind: (verb: string) => `Statement: ${verb}`,
  lacks: (needs: readonly string[]) => `Still missing: ${needs.join(", ")}.`,
  sign: "Read and sign",
} as const;
