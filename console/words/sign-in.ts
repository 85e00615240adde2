// What the page says: Sign in.
export const signIn = {
  title: "Sign in",
  lead: "A session lets you read and hold. Everything else you sign with your own key.",
  empty: "There are no sessions here yet",
  next: "Work through the command headgate until then.",
} as const;
