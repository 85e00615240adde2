// What the page says: Ledger.
export const ledger = {
  title: "Ledger",
  lead: "Every act, in the order in which it counted.",
  empty: "Nothing is shown here yet",
  next: "headgate ledger verify checks all of it.",
} as const;
