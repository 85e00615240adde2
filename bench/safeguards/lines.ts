// Lines of tables in Markdown.

/** A figure without a sign before nothing. */
export function fixed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/^-(0\.0+)$/, "$1");
}

export function lineOf(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}
