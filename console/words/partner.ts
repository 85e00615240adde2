// What the page says: Your access.
export const partner = {
  title: "Your access",
  lead: "Your stage, its conditions, your keys and what was refused.",
  empty: "Nothing is shown here yet",
  next: "Ask the operator of this deployment.",
} as const;
