// Lines of tables in Markdown.

export function lineOf(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}
