// Memory for lines that wait for the ledger, used again once they have gone there. Bytes made anew for every write, some
// megabytes a second, count for the garbage collector as its own: it would go through the whole heap every second.

/** Bytes of a page: the lines of some hundred receipts. */
const pageBytes = 256 * 1024;
/** Pages that are kept for later; more, after a long backlog, are let go. */
const freeMax = 64;

export interface Pages {
  /** The bytes of a text, on pages that are this file's from now on. */
  readonly write: (text: string, file: string) => Buffer;
  /** Nobody looks at what was written for this file any more. */
  readonly release: (file: string) => void;
}

interface Page {
  readonly bytes: Buffer;
  used: number;
}

export function createPages(): Pages {
  const byFile = new Map<string, Page[]>();
  const free: Page[] = [];

  function pageFor(file: string, bytes: number): Page {
    const pages = byFile.get(file) ?? [];
    byFile.set(file, pages);
    const present = pages.at(-1);
    if (present !== undefined && present.used + bytes <= pageBytes) return present;
    const page = free.pop() ?? { bytes: Buffer.allocUnsafeSlow(pageBytes), used: 0 };
    page.used = 0;
    pages.push(page);
    return page;
  }

  return {
    write: (text, file) => {
      const bytes = Buffer.byteLength(text);
      if (bytes > pageBytes) return Buffer.from(text);
      const page = pageFor(file, bytes);
      const start = page.used;
      page.used += page.bytes.write(text, start);
      return page.bytes.subarray(start, page.used);
    },
    release: (file) => {
      free.push(...(byFile.get(file) ?? []));
      byFile.delete(file);
      free.length = Math.min(free.length, freeMax);
    },
  };
}
