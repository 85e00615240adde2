// The lines of a file, one after another, however many there are: memory holds a piece of the file and one line. A last
// line without its line break is no line: whoever wrote it was cut off.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Failure } from "../terms/failure.ts";

export interface TextLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** Bytes of one line, and of what is read at once. */
const lineBytesMax = 64 * 1024 * 1024;
const pieceBytes = 256 * 1024;

const lineBreak = 0x0a;

/** Fails with request_invalid where a line is longer than any that was written. */
export function* textLines(path: string): Generator<TextLine, void> {
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(pieceBytes);
    let parts: Buffer[] = [];
    let held = 0;
    let number = 0;
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      let start = 0;
      for (let end = piece.indexOf(lineBreak); end >= 0 && end < read; end = piece.indexOf(lineBreak, start)) {
        number += 1;
        const text = Buffer.concat([...parts, piece.subarray(start, end)]).toString("utf8");
        [parts, held, start] = [[], 0, end + 1];
        yield { text, number };
      }
      held += read - start;
      if (held > lineBytesMax)
        throw new Failure("request_invalid", `${path} has a line of more than ${lineBytesMax} bytes.`);
      parts.push(Buffer.from(piece.subarray(start, read)));
    }
  } finally {
    closeSync(file);
  }
}

/** How many bytes its whole lines take. */
export function wholeBytes(path: string): number {
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(pieceBytes);
    for (let end = fstatSync(file).size; end > 0;) {
      const start = Math.max(0, end - pieceBytes);
      const read = readSync(file, piece, { position: start, length: end - start });
      const found = piece.subarray(0, read).lastIndexOf(lineBreak);
      if (found >= 0) return start + found + 1;
      end = start;
    }
    return 0;
  } finally {
    closeSync(file);
  }
}
