// What the page says: Release.
export const release = {
  title: "Release",
  lead: "Where each model stands, why not further, and what is still to be shown.",
  empty: "Nothing is shown here yet",
  next: "headgate release status MODEL shows the same on the command line.",
} as const;
