// The seats people fill. One person fills one seat; src/acts/authority.ts says what each seat may do.
import { z } from "zod";

export const Role = z.enum(["owner", "safety", "assurance", "policy", "access", "evaluator", "reviewer", "auditor"]);
export type Role = z.infer<typeof Role>;

/** `count` distinct persons holding `role`. A quorum is a list of seats, each filled by another person. */
export const Seat = z.strictObject({ role: Role, count: z.number().int().min(1).max(20) });
export type Seat = z.infer<typeof Seat>;

export const Quorum = z.array(Seat).min(1).max(8);
export type Quorum = z.infer<typeof Quorum>;
