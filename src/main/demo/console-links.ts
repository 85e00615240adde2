// Links into the console, for the reader, who is the safety lead, and for the owner: each makes a key in the browser that opens it
// first, once, within the hour.
import path from "node:path";
import { z } from "zod";
import { linkOf } from "../../acts/invitation.ts";
import type { Cast } from "./cast.ts";

const Link = z.object({ link: z.string() });

/** Both links, and how to get a fresh one. Whoever has as many keys as one may have gets the address alone. */
export async function showLinks(cast: Cast): Promise<void> {
  const { screen, folder, serving } = cast;
  const address = linkOf("", serving.controlPlane).replace("#", "");
  screen.exact(`console (you)  ${(await linkFor(cast, folder.safety)) ?? address}`);
  screen.exact(`console (Ada)  ${(await linkFor(cast, folder.owner)) ?? address}`);
  screen.say(
    "Open yours to see and sign in the browser, and Ada's in a window of its own. Each works once, within the hour; a fresh one:",
  );
  screen.exact(`  ${freshLink(cast)}`);
}

/** The reader's own, where they are asked to sign: nothing where the demo signs for them. */
export async function showSigningLink(cast: Cast): Promise<void> {
  if (!cast.keys.areThere) return;
  const link = await linkFor(cast, cast.folder.safety);
  if (link === undefined) return;
  cast.screen.say("Or read it and sign in your browser:");
  cast.screen.exact(`console (you)  ${link}`);
}

async function linkFor({ desk }: Cast, profile: string): Promise<string | undefined> {
  return Link.safeParse((await desk.run(["person", "link", "--profile", profile])).json).data?.link;
}

function freshLink({ folder }: Cast): string {
  return `./bin/headgate person link --profile ${path.relative(".", folder.safety)}`;
}
