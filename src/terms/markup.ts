// Text that stands in HTML or SVG and must stay text, whoever wrote it: one hand for pages and drawings.

/** As text in markup, in attributes too, whichever quotes they have. */
export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
