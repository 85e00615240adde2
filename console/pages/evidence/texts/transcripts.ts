// What was said in each attempt of a report, by the item's leaf and the attempt.
export interface Turn {
  readonly role: string;
  readonly text: string;
  /** Tools that it wants called. */
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
}

export interface Transcripts {
  readonly name: string;
  readonly turns: ReadonlyMap<string, readonly Turn[]>;
}

export function placeOf(leaf: string, attempt: number): string {
  return `${leaf} ${attempt}`;
}
