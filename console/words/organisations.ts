// What the page says: Organisations.
export const organisations = {
  title: "Organisations",
  lead: "Who may use which model, with which keys, until when.",
  empty: "Nothing is shown here yet",
  next: "headgate get Organisation shows them on the command line.",
} as const;
