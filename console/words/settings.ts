// What the page says: Settings and doctor.
export const settings = {
  title: "Settings and doctor",
  lead: "People, keys, where each setting comes from, and what is wrong with this machine.",
  empty: "Nothing is shown here yet",
  next: "headgate doctor checks this machine.",
} as const;
