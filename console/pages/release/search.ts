// What else a model's page shows, as its address says it: another gate than the next one's, and the proposal whose details are open.
// What is wrong is left out.
import { z } from "zod";
import { ProposalId } from "../../../src/terms/ids.ts";
import { OpenStage } from "../../../src/terms/stage.ts";

export const Search = z.object({
  gate: OpenStage.optional().catch(undefined),
  proposal: ProposalId.optional().catch(undefined),
});
