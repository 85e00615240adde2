// The number of a tier. Apart, because requirements name tiers and tiers are judged as requirements are.
import { z } from "zod";

/** Tier 0 is what every model is of. */
export const TierNumber = z.number().int().min(1).max(9);
