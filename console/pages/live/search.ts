// Whether the page of what goes on now stands still, as its address says it; where it says nothing, it moves unless the system asks
// for less motion.
import { z } from "zod";

export const LiveSearch = z.object({ paused: z.enum(["yes", "no"]).optional().catch(undefined) });
export type LiveSearch = z.infer<typeof LiveSearch>;
