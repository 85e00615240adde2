// A release card: one HTML file with a decision in plain words, its bundle, and the program that verifies it, which runs when the
// page is opened. It asks for nothing outside itself, and the policy in its head lets it ask for nothing. Without scripts it can be
// read and printed, and says that nothing was checked.
import { gzipSync } from "node:zlib";
import type { Card } from "./release-card.ts";
import { escaped } from "../terms/markup.ts";
import type { Modules } from "./card-modules.ts";

interface Page {
  readonly card: Card;
  readonly bundle: Uint8Array;
  readonly modules: Modules;
  /** Marks the scripts that are the page's own. */
  readonly nonce: string;
}

export function pageOfCard({ card, bundle, modules, nonce }: Page): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}' blob:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(card.title)}</title>
<style>${style}</style>
</head>
<body>
<aside id="check" aria-label="Check of this page">
<p id="outcome" role="status" aria-live="polite"><strong>Not checked.</strong> This page checks its data when it is opened in a browser that runs its scripts. Elsewhere: <code>headgate verify</code>.</p>
<div id="steps" hidden></div>
<p id="root" hidden><label for="known">The first trust root that you know from elsewhere:</label> <input id="known" spellcheck="false" autocomplete="off" placeholder="sha256:…"> <output id="same" for="known">Paste it here: without it, anyone could have made this page.</output></p>
<p id="save" hidden><a id="file" download="bundle.json">Save the bundle in this page</a>, for <code>headgate verify</code> or a program of your own.</p>
</aside>
<main id="card">
${card.html}
</main>
<script type="application/octet-stream" id="bundle">${packed(bundle)}</script>
<script type="application/octet-stream" id="modules">${packed(Buffer.from(JSON.stringify(Object.fromEntries(modules))))}</script>
<script nonce="${nonce}">${boot(nonce)}</script>
</body>
</html>
`;
}

function packed(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9 }).toString("base64");
}

/** Plain JavaScript: it unpacks the modules, calls the one that checks, and shows what it says. Whatever goes wrong is shown as such. */
function boot(nonce: string): string {
  return `
const at = (id) => document.getElementById(id);
const unpacked = async (id) => {
  const bytes = Uint8Array.from(atob(at(id).textContent), (char) => char.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
};
const show = (state, strong, text) => {
  at("check").className = state;
  at("outcome").replaceChildren(Object.assign(document.createElement("strong"), { textContent: strong }), " " + text);
};
(async () => {
  show("waiting", "Checking …", "");
  const modules = JSON.parse(new TextDecoder().decode(await unpacked("modules")));
  const imports = {};
  for (const [name, text] of Object.entries(modules)) imports[name] = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  document.head.append(Object.assign(document.createElement("script"), { type: "importmap", nonce: ${JSON.stringify(nonce)}, textContent: JSON.stringify({ imports }) }));
  const { recheck } = await import("report/card-recheck");
  const bytes = await unpacked("bundle");
  const { html, title, checks, firstDifference, certified } = await recheck(bytes);
  const same = Object.assign(document.createElement("template"), { innerHTML: "\\n" + html + "\\n" }).innerHTML === at("card").innerHTML && document.title === title;
  const all = [...checks, { name: "page", ok: same, detail: same ? "says what its data comes to, word for word" : "does NOT say what its data comes to: its text was changed" }];
  const items = all.map(({ name, ok, detail }) => Object.assign(document.createElement("li"), { textContent: (ok ? "✓ " : "✗ ") + name + ": " + detail, className: ok ? "" : "wrong" }));
  const list = document.createElement("ul");
  list.append(...items);
  const details = document.createElement("details");
  details.open = !same || firstDifference !== null;
  details.append(Object.assign(document.createElement("summary"), { textContent: "Each step" }), list);
  at("steps").replaceChildren(details);
  for (const id of ["steps", "root", "save"]) at(id).hidden = false;
  at("file").href = URL.createObjectURL(new Blob([bytes], { type: "application/json" }));
  const root = JSON.parse(new TextDecoder().decode(bytes)).firstRoot;
  at("known").addEventListener("input", () => {
    const known = at("known").value.trim();
    const fits = known === root;
    at("same").textContent = known === "" ? "Paste it here: without it, anyone could have made this page." : fits ? "✓ The same." : "✗ ANOTHER ONE: do not believe this page.";
    at("same").className = known === "" || fits ? "" : "wrong";
  });
  const difference = firstDifference ?? (same ? null : "page: its text is not what its data comes to");
  if (difference !== null) show("wrong", "DOES NOT VERIFY.", "First difference: " + difference);
  else show(certified ? "right" : "waiting", "Checked in this browser:", (certified ? "" : "consistent, and nothing was let out. ") + checks.find(({ name }) => name === "ledger").detail + "; every document, receipt and text by its digest or signature; the gate judged again, and the same.");
})().catch((error) => show("wrong", "COULD NOT BE CHECKED.", "Take nothing on this page as checked. " + (error instanceof Error ? error.message : String(error))));
`;
}

const style = `
:root{color-scheme:light dark;--edge:#8886;--soft:#8882;--right:#13783d;--wrong:#b3261e;--wait:#8a5a00}
@media screen and (prefers-color-scheme:dark){:root{--right:#74d39a;--wrong:#ff8a80;--wait:#f7b267}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25;margin:1.2rem 0 .4rem}h2{font-size:1.15rem;margin:1.6rem 0 .4rem}
section{border-top:1px solid var(--edge)}
ul{padding-left:1.2rem;margin:.4rem 0}li{margin:.15rem 0}li,td,th{overflow-wrap:anywhere}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border:1px solid var(--edge);min-width:4.5rem}
thead th{background:var(--soft);overflow-wrap:normal}
figure{margin:1rem 0;overflow-x:auto}figure svg{width:100%;min-width:38rem;height:auto}figcaption{font-size:.9rem}
#check{border:1px solid var(--edge);border-left:.4rem solid var(--wait);padding:.2rem 1rem;border-radius:.3rem}
#check.right{border-left-color:var(--right)}#check.wrong{border-color:var(--wrong);border-left-color:var(--wrong)}
#check.right #outcome strong{color:var(--right)}#check.wrong #outcome,#check .wrong,output.wrong{color:var(--wrong)}
#check p{margin:.4rem 0}#check li{font-size:.9rem}
input{font:inherit;width:100%;max-width:40rem;box-sizing:border-box}
code{font-size:.95em}
:focus-visible{outline:3px solid #4c8bf5;outline-offset:2px}
@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:10.5pt}#root,#save,#steps{display:none!important}
section,figure,tr{break-inside:avoid}h2{break-after:avoid}.wide,figure{overflow:visible}figure svg{min-width:0}thead{display:table-header-group}
table{font-size:9pt}th,td{min-width:0;padding:.2rem .35rem}}
`;
