// What the page says: What needs you.
export const home = {
  title: "What needs you",
  lead: "Sign-offs that wait for you, gates that turned, grants and certificates about to end.",
  empty: "Nothing is shown here yet",
  next: "headgate release status MODEL says what a model waits for.",
} as const;
