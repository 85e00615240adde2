// What a partner's page shows besides itself: the id that is explained.
import { z } from "zod";

export const PartnerSearch = z.object({ id: z.coerce.string().max(100).optional().catch(undefined) });
