// Rows of a table as a file: CSV (RFC 4180) or JSONL, exactly the rows given.
export type SavedFormat = "csv" | "jsonl";

interface SavedColumn<Row> {
  readonly id: string;
  readonly value: (row: Row) => string | number | null;
}

export interface Saving<Row> {
  readonly columns: readonly SavedColumn<Row>[];
  /** Of the file, without its ending. */
  readonly name: string;
  readonly format: SavedFormat;
}

export function saveRows<Row>(rows: readonly Row[], saving: Saving<Row>): void {
  const { name, format } = saving;
  const type = { csv: "text/csv", jsonl: "application/jsonl" }[format];
  saveText(format === "csv" ? csvOf(rows, saving.columns) : jsonlOf(rows, saving.columns), `${name}.${format}`, type);
}

export function saveText(text: string | Uint8Array<ArrayBuffer>, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

export function csvOf<Row>(rows: readonly Row[], columns: readonly SavedColumn<Row>[]): string {
  const lines = rows.map((row) => columns.map(({ value }) => fieldOf(value(row))).join(","));
  return [columns.map(({ id }) => fieldOf(id)).join(","), ...lines, ""].join("\r\n");
}

// A text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises.
function fieldOf(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function jsonlOf<Row>(rows: readonly Row[], columns: readonly SavedColumn<Row>[]): string {
  const lines = rows.map((row) => JSON.stringify(Object.fromEntries(columns.map(({ id, value }) => [id, value(row)]))));
  return lines.map((line) => `${line}\n`).join("");
}
