// What the page says: Live.
export const live = {
  title: "Live",
  lead: "What is decided now, how fast, and what it costs.",
  empty: "Nothing is shown here yet",
  next: "The numbers are at /metrics.",
} as const;
