// What is sought in the ledger, as its address says it: it can be sent to somebody else, and shows the same again.
import { z } from "zod";

const Text = z.coerce.string().max(4_200).optional().catch(undefined);

export const LedgerSearch = z.object({
  q: Text,
  verb: Text,
  since: Text,
  until: Text,
  /** Where each page begins that was gone through so far, with commas between. */
  pages: Text,
  /** A receipt to be checked. */
  receipt: Text,
});
export type LedgerSearch = z.infer<typeof LedgerSearch>;
