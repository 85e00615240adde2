// What the page says: Sign in.
export const signIn = {
  title: "Sign in",
  lead: "A session lets you read and hold. Everything else you sign with your own key.",
  busy: "One moment…",
  here: {
    title: "You are signed in",
    person: (name: string, role: string) => `As ${name}, ${role}.`,
    partner: (organisation: string) => `As organisation ${organisation}, by a key of it.`,
    home: "Go to Home",
    own: "Go to your organisation's page",
    out: "Sign out",
  },
  invited: {
    title: "You were sent a link",
    lead: "It makes you a key in this browser. The key never leaves it: with it you sign, and nobody else can.",
    role: "Your role",
    person: "You are known here as",
    deployment: "Deployment",
    root: "Its trust root",
    rootHelp: "This browser will trust the ledger that begins with this root, and no other.",
    until: "The link works until",
    demo: "This is a demo: what it opens is on this machine only.",
    button: "Make a key here and sign in",
    replaces: (person: string) =>
      `This browser has a key of ${person} for this deployment already. It will be replaced; what it signed stays signed.`,
    already: "This browser already signs as you. You need no further key: sign in with it below.",
    over: "This link has expired. Ask for a new one, or run headgate person link again.",
  },
  key: {
    title: "With the key of this browser",
    text: (person: string, role: string) => `This browser has the key of ${person}, ${role}.`,
    button: "Sign in with this key",
  },
  link: {
    title: "With a link or a code",
    lead: "Somebody who invited you gave you one, or you make it where your profile lies:",
    command: "headgate person link --profile FILE",
    field: "Link or code",
    button: "Look at it",
  },
  secret: {
    title: "With an API key",
    lead: "An organisation that calls models here sees its own page with a key of its own. It reads that page, and nothing else.",
    field: "API key",
    help: "It begins with hg_. It is sent to this server only, and kept nowhere.",
    button: "Sign in as the organisation",
  },
} as const;
