// What a caller is told of what was flagged and stopped nothing, where the usage policy says so: which categories, on which side,
// as a structured list (RFC 9651), in a header and, once a stream has come to its end, in a comment, which clients read over.
import type { UsagePolicy } from "../policy/policy-document.ts";
import type { Category, Surface } from "../terms/finding.ts";

/** Of one exchange; each once, in the order in which they were found. */
export type Notices = Set<string>;

export const noticeHeader = "x-headgate-notice";

/** Nothing yet; undefined where nobody is told. */
export function noticesBy({ tell }: UsagePolicy): Notices | undefined {
  return tell === "caller" ? new Set() : undefined;
}

export function takeNotices(notices: Notices, flagged: readonly Category[], side: Surface): void {
  for (const category of flagged) notices.add(`${category};side=${side}`);
}

/** Undefined where there is nothing to tell. */
export function noticeText(notices: Notices | undefined): string | undefined {
  return notices === undefined || notices.size === 0 ? undefined : [...notices].join(", ");
}

/** A line of a stream, or nothing. */
export function noticeComment(notices: Notices | undefined): string {
  const text = noticeText(notices);
  return text === undefined ? "" : `: ${noticeHeader} ${text}\n\n`;
}
