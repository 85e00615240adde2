// What outsiders see of signing in to the console. A session reads, and holds; every other act is a statement signed by a person's key,
// with a session or without. It lives in the cookie `headgate_session`, which no script can read. A request that changes something and
// bears that cookie also bears `x-headgate-console: 1` and an Origin of its own.
import { z } from "zod";
import { HoldScope } from "../acts/bodies.ts";
import { Digest, HoldId, KeyId, Name, PersonId, PublicKey, SessionId, Timestamp } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";

export const sessionRoutes = {
  /** POST with `authorization: Headgate <pass>` (a person's key) or `Bearer hg_…` (an organisation's key); GET; DELETE. */
  session: "/api/v1/session",
  sessionHold: "/api/v1/session/hold",
  /** GET: one's own; an owner's answer has everybody's. */
  sessions: "/api/v1/sessions",
  /** DELETE. */
  sessionOne: "/api/v1/sessions/:session",
} as const;

export const sessionCookie = "headgate_session";
/** On every request of the console that is no GET. */
export const consoleHeader = "x-headgate-console";
/** With the value 1 on reads that a page repeats by itself: they do not keep a session from ending for idleness. */
export const backgroundHeader = "x-headgate-background";

const times = {
  at: Timestamp,
  /** To the minute. */
  seen: Timestamp,
  /** Where nothing more is asked with it. */
  idleEnd: Timestamp,
  /** Whatever is asked with it. */
  ends: Timestamp,
};

/** A session, as its holder and an owner see it. `current`: the one that asks. */
export const SessionView = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("person"),
    session: SessionId,
    person: PersonId,
    role: Role,
    /** Null where it was erased. */
    name: z.string().nullable(),
    by: z.enum(["key", "passkey"]),
    /** The key that signed in; null for a passkey. */
    key: PublicKey.nullable(),
    current: z.boolean(),
    ...times,
  }),
  z.object({
    kind: z.literal("partner"),
    session: SessionId,
    organisation: Name,
    key: KeyId,
    current: z.boolean(),
    ...times,
  }),
]);
export type SessionView = z.infer<typeof SessionView>;

/** `GET sessions`: newest first, 200 at the most. */
export const SessionsView = z.object({ sessions: z.array(SessionView) });
export type SessionsView = z.infer<typeof SessionsView>;

/** `DELETE`: whether there was one to end. */
export const EndedView = z.object({ ended: z.boolean() });

/** `POST sessionHold`: recorded under the control plane's key, which names session and person. */
export const SessionHoldRequest = z.strictObject({ scope: HoldScope, reason: z.string().trim().min(1).max(4000) });

export const SessionHoldView = z.object({
  hold: HoldId,
  act: Digest,
  at: Timestamp,
  /** False where the store did not take it: the gateways were told, and hand it over when it does. */
  recorded: z.boolean(),
  index: z.number().int().nullable(),
});
export type SessionHoldView = z.infer<typeof SessionHoldView>;
