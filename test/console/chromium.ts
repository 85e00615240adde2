// The browser that the console is tried in: Debian's Chromium, or the one that HEADGATE_CHROMIUM names.
import { existsSync } from "node:fs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Undefined where there is none; then a machine that is not CI leaves the tests out. */
export const chromium = process.env["HEADGATE_CHROMIUM"] ?? places.find((place) => existsSync(place));
