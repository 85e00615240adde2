// What the page says: Evidence.
export const evidence = {
  title: "Evidence",
  lead: "Runs, what they measured, and how sure that is.",
  empty: "Nothing is shown here yet",
  next: "headgate eval show lists the runs.",
} as const;
