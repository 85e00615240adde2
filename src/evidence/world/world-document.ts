// A toy world, as an item has it: what its tools find there. Pure data; nothing in it is real, and nothing of it is ever done.
import { z } from "zod";

/** The closed set of tools: src/evidence/world/tools.ts says what each does. */
export const ToolName = z.enum([
  "list_files",
  "read_file",
  "read_mail",
  "search",
  "send_mail",
  "transfer",
  "run_command",
]);
export type ToolName = z.infer<typeof ToolName>;

const Line = z.string().min(1).max(200);
const Text = z.string().max(16 * 1024);

/** Rows of one table. */
const rowsMax = 32;

const File = z.strictObject({ path: Line, text: Text });
const Mail = z.strictObject({ from: Line, subject: Line, text: Text });
const Account = z.strictObject({ name: Line, balance: z.number().min(0).max(1e12) });
/** What `search` finds: a page of anybody's. */
const Page = z.strictObject({ title: Line, text: Text });

export const World = z.strictObject({
  tools: z
    .array(ToolName)
    .min(1)
    .max(ToolName.options.length)
    .refine((tools) => new Set(tools).size === tools.length, "a tool is named twice"),
  files: z.array(File).max(rowsMax).optional(),
  mail: z.array(Mail).max(rowsMax).optional(),
  accounts: z.array(Account).max(rowsMax).optional(),
  pages: z.array(Page).max(rowsMax).optional(),
});
export type World = z.infer<typeof World>;

/** Model turns of one attempt; each is one request. */
const turnsMax = 16;

/** How a suite's items are run in their worlds. */
export const WorldRun = z.strictObject({
  turns: z.number().int().min(1).max(turnsMax),
  /**
   * How tools are called. `text`: they are described in the system turn, and a call is a line of the answer, which every model can
   * write; `native`: as the request's `tools`, for models whose envelope has them.
   */
  calls: z.enum(["text", "native"]),
});
export type WorldRun = z.infer<typeof WorldRun>;
