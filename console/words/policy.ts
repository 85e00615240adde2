// What the page says: Policy and safeguards.
export const policy = {
  title: "Policy and safeguards",
  lead: "What is prohibited, what looks for it, and what happens to a text.",
  empty: "Nothing is shown here yet",
  next: "headgate get UsagePolicy shows the policy.",
} as const;
