// What stands at `/` until the console does: where things are, as one static page.
import { escaped } from "../terms/markup.ts";

export function startPage(dataPlane: string, isInitialised: boolean): string {
  const begin = isInitialised
    ? "<p>This deployment has an owner. Work with it through the command <code>headgate</code>.</p>"
    : "<p>Nobody owns this deployment yet. Run <code>headgate init --name NAME --profile FILE</code>.</p>";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Headgate control plane</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}</style>
</head><body><main><h1>Headgate control plane</h1>${begin}
<p>The console comes later. For everyone: <a href="${escaped(dataPlane)}/transparency">what is released here</a>.
For programs: <a href="/api/openapi.json">the interface</a>.</p></main></body></html>
`;
}
