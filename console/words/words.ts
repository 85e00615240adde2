// Everything that the console says, in one place: one file a page. No part or page holds a sentence of its own.
import { acts } from "./acts.ts";
import { evidence } from "./evidence.ts";
import { hold } from "./hold.ts";
import { home } from "./home.ts";
import { ledger } from "./ledger.ts";
import { live } from "./live.ts";
import { organisations } from "./organisations.ts";
import { partner } from "./partner.ts";
import { parts } from "./parts.ts";
import { policy } from "./policy.ts";
import { release } from "./release.ts";
import { settings } from "./settings.ts";
import { shell } from "./shell.ts";
import { signIn } from "./sign-in.ts";
import { waiting } from "./waiting.ts";
import { tryText } from "./try-text.ts";

export const words = {
  acts,
  parts,
  shell,
  hold,
  home,
  release,
  evidence,
  policy,
  tryText,
  organisations,
  live,
  ledger,
  settings,
  signIn,
  partner,
  waiting,
} as const;
