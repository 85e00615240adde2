// A page that needs nothing but itself: figures as pictures within it, each beside the table of what it shows. No scripts, both
// colour schemes, and everything that comes from elsewhere escaped.
import { escaped } from "../terms/markup.ts";

/** Markup; made only by the functions here, which escape what they are given. */
export interface Markup {
  readonly html: string;
}

const style = `
:root{color-scheme:light dark;--edge:#8886;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}
figure{margin:1rem 0}img{max-width:100%;height:auto;background:Canvas}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.5rem 0}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border:1px solid var(--edge)}
td,tbody th{overflow-wrap:anywhere}
td.s,tbody th.s{overflow-wrap:normal}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead th{background:var(--soft)}
`;

export function pageOf(title: string, parts: readonly Markup[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${parts.map(({ html }) => html).join("\n")}
</main>
</body>
</html>
`;
}

export function section(title: string, parts: readonly Markup[]): Markup {
  return { html: `<section>\n<h2>${escaped(title)}</h2>\n${parts.map(({ html }) => html).join("\n")}\n</section>` };
}

export function paragraph(text: string): Markup {
  return { html: `<p>${escaped(text)}</p>` };
}

/** A drawing of src/plots as a picture. What it shows stands in a table beside it. */
export function figure(svg: string, title: string): Markup {
  const data = Buffer.from(svg).toString("base64");
  return {
    html: `<figure><img src="data:image/svg+xml;base64,${data}" alt="${escaped(title)}; the table has its figures"></figure>`,
  };
}

/** What is said in words beside a name; without a row of headings. */
export function facts(caption: string, rows: readonly (readonly string[])[]): Markup {
  return table(caption, [], rows);
}

/** Numbers are set to the right. A first column of words is the row's heading. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Markup {
  const headings = head.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const top = head.length === 0 ? "" : `\n<thead><tr>${headings}</tr></thead>`;
  const lines = rows.map((row) => `<tr>${row.map((cell, at) => cellOf(cell, at)).join("")}</tr>`);
  return {
    html: `<div class="wide" tabindex="0" role="region" aria-label="${escaped(caption)}"><table><caption>${escaped(caption)}</caption>${top}\n<tbody>\n${lines.join("\n")}\n</tbody></table></div>`,
  };
}

function cellOf(cell: string | number, at: number): string {
  if (typeof cell === "number") return `<td class="n">${cell}</td>`;
  const short = cell.length <= unbrokenChars ? ' class="s"' : "";
  return at === 0 ? `<th scope="row"${short}>${escaped(cell)}</th>` : `<td${short}>${escaped(cell)}</td>`;
}

/** Words up to here are not broken: categories, attacks. What is longer is an id or a digest, and may be. */
const unbrokenChars = 24;
