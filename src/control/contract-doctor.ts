// Checks of a running deployment, as `headgate doctor` prints and the console shows them, and those of them that are worked out
// from what the control plane says: the same for both. Each says what was seen; where it is not well, also how to mend it.
import { z } from "zod";
import { latestCertificate, type State } from "../acts/state.ts";
import { renewalOf } from "../exposure/renewal.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";
import { type Digest, type Instant, Timestamp } from "../terms/ids.ts";
import type { GatewaysView, WebhooksView } from "./contract.ts";

export const doctorRoutes = { doctor: "/api/v1/doctor" } as const;

const CheckView = z.object({
  name: z.string(),
  /** warning: it works now, and will not for long, or not for all. */
  verdict: z.enum(["well", "warning", "failed"]),
  /** What was seen. */
  seen: z.string(),
  /** What to do; null where it is well. */
  fix: z.string().nullable(),
});
export type CheckView = z.infer<typeof CheckView>;

/** `GET doctor`: what the server can see of itself. Failed ones first. */
export const DoctorView = z.object({ at: Timestamp, checks: z.array(CheckView) });
export type DoctorView = z.infer<typeof DoctorView>;

export function well(name: string, seen: string): CheckView {
  return { name, verdict: "well", seen, fix: null };
}

export function warning(name: string, seen: string, fix: string): CheckView {
  return { name, verdict: "warning", seen, fix };
}

/** Entries that a gateway which follows may lack at the moment of asking: receipts come once a second. */
const behindMax = 10;

/** One check a gateway where there are several; nothing where there is one. */
export function gatewayChecks({ gateways }: Pick<GatewaysView, "gateways">): readonly CheckView[] {
  if (gateways.length <= 1) return [];
  return gateways.map((gateway) => {
    const name = `gateway ${gatewayName(gateway)}`;
    // One that is away serves nobody: nothing is wrong but that its share of every limit lies idle.
    return isFollowing(gateway)
      ? well(name, gatewayInWords(gateway))
      : warning(name, gatewayInWords(gateway), "Look at its machine and at what lies between.");
  });
}

export function isFollowing({ connected, behind }: GatewaysView["gateways"][number]): boolean {
  return connected && (behind ?? 0) <= behindMax;
}

export function gatewayName({ name, key }: GatewaysView["gateways"][number]): string {
  return name ?? `${key.slice(0, 12)}…`;
}

export function gatewayInWords({ connected, behind, lastSeen }: GatewaysView["gateways"][number]): string {
  if (behind === null || lastSeen === null) return "was not seen since the server started";
  if (!connected) return `is not connected; it was last seen at ${lastSeen}`;
  return behind <= behindMax ? "is connected and up to date" : `is connected, ${behind} entries behind`;
}

/** Limits of which some gateway has nothing: who comes to that one is refused, whatever the others have left. */
export function limitChecks({ organisations }: State, gateways: number): readonly CheckView[] {
  const small = [...organisations.values()].flatMap(({ organisation, grants }) =>
    grants
      .filter(({ requestsPerMinute }) => requestsPerMinute < gateways)
      .map(({ model, requestsPerMinute }) => `${organisation} may ask ${model} ${requestsPerMinute} times a minute`),
  );
  if (small.length === 0) return [];
  const seen = `${small.join("; ")}: fewer than there are gateways (${gateways}), so some of them serve it never`;
  return [warning("limits", seen, "Grant at least as many requests a minute as there are gateways.")];
}

/** A warning a certificate that is to be renewed. `profile`: what a command line ends in. */
export function certificateChecks(state: State, at: Instant, profile = ""): readonly CheckView[] {
  return [...state.certificates.keys()].flatMap((model) => {
    const release = latestCertificate(state, model)?.release;
    const renewalDue = release === undefined ? null : renewalOf(release, at).renewalDue;
    if (release === undefined || renewalDue === null) return [];
    const how = `headgate release propose ${model} --stage ${release.stage} --reason "…"${profile}`;
    return [
      warning("certificate", `${model} ends within ${renewalDue} day(s), at ${release.notAfter}`, `Renew it: ${how}`),
    ];
  });
}

export function webhookChecks({ endpoints }: WebhooksView): readonly CheckView[] {
  return endpoints.map(({ name, origin, waiting, waitingSince, givenUp, failing }) => {
    const about = `webhook ${name}`;
    if (failing === null && givenUp === 0) return well(about, `${origin} takes what it is sent`);
    const behind = waiting === 0 ? "" : `; ${waiting} messages wait since ${waitingSince ?? "now"}`;
    const lost = givenUp === 0 ? "" : `; ${givenUp} were given up in 30 days`;
    const seen = `${origin}: ${failing ?? "it takes what it is sent now"}${behind}${lost}`;
    return warning(about, seen, `Run: headgate webhook test ${name}`);
  });
}

/** Whether a policy waits for people that there are not: then what it says of review is enforced as a block. */
export function lacksReviewer({ persons }: State, policies: readonly Pick<UsagePolicy, "review">[]): boolean {
  if (policies.every(({ review }) => review === undefined)) return false;
  return ![...persons.values()].some(({ role, suspended }) => role === "reviewer" && !suspended);
}

const blocked = "Nobody of role reviewer is admitted, so what the policy keeps for a person is blocked";
const inviteReviewer = "Run: headgate person invite --role reviewer";

/** For people who apply such a policy. */
export const noReviewer = `${blocked}. ${inviteReviewer}`;

export function reviewerChecks(state: State, policies: readonly Pick<UsagePolicy, "review">[]): readonly CheckView[] {
  return lacksReviewer(state, policies) ? [warning("reviewers", blocked, inviteReviewer)] : [];
}

/** Digests of the policies that are certified or were applied last, a bounded number of them. */
export function policiesInUse(state: State): readonly Digest[] {
  const applied = [...(state.documents.get("UsagePolicy")?.values() ?? [])].map(({ candidate }) => candidate);
  const certified = [...state.certificates.keys()].flatMap(
    (model) => latestCertificate(state, model)?.release.digests.policy ?? [],
  );
  return [...new Set([...certified, ...applied])].slice(0, policiesMax);
}

const policiesMax = 32;
