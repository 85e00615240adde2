// What needs somebody's eyes now, as sentences: made from what is shown, so that nothing is said that cannot be seen.
import { gatewayName } from "../../../src/control/contract-doctor.ts";
import type { LiveView } from "../../../src/control/contract-live.ts";
import { words } from "../../words/words.ts";
import { type Seconds, countsOf } from "./windows.ts";

const said = words.live.alerts;
/** Receipts that wait in a gateway before it is said. */
const receiptsWaitingMany = 5_000;

export function alertsIn(view: LiveView, seconds: Seconds): readonly string[] {
  return [
    ...gatewayAlerts(view),
    ...[...seconds].flatMap(([gateway, all]) => {
      const now = all.at(-1)?.now;
      if (now === undefined) return [];
      return [
        ...(now.closed === null ? [] : [said.closed(gateway, now.closed)]),
        ...(now.receiptsWaiting < receiptsWaitingMany ? [] : [said.receipts(gateway, now.receiptsWaiting)]),
      ];
    }),
    ...view.reports.flatMap(({ gateway, isCurrent, report: { now } }) => {
      if (view.withFigures.includes(gateway)) return [];
      const who = gateway.slice(0, 12);
      if (!isCurrent) return [said.silent(who)];
      return now.closed === null ? [] : [said.closed(who, now.closed)];
    }),
    ...countsOf(seconds, (sample) => sample.unjudged).map(([name, count]) => said.unjudged(name, count)),
    ...upstreamAlerts(seconds),
    ...view.queues.flatMap(({ queue, waiting, max }) =>
      max !== null && waiting >= max * 0.8 ? [said.queue(queue, waiting, max)] : [],
    ),
    ...view.usage.flatMap(({ organisation, model, tokens, tokensPerDay }) =>
      tokensPerDay !== null && tokens >= tokensPerDay * 0.9
        ? [said.usage(organisation, model, tokens / tokensPerDay)]
        : [],
    ),
  ];
}

function gatewayAlerts({ gateways: { gateways } }: LiveView): readonly string[] {
  return gateways.flatMap((gateway) => {
    const { connected, behind } = gateway;
    const who = gatewayName(gateway);
    if (!connected) return [said.gone(who)];
    return behind !== null && behind > 1 ? [said.behind(who, behind)] : [];
  });
}

function upstreamAlerts(seconds: Seconds): readonly string[] {
  const failed = countsOf(seconds, ({ upstream }) =>
    Object.fromEntries(Object.entries(upstream ?? {}).map(([model, one]) => [model, one.failed])),
  );
  return failed.flatMap(([model, count]) => (count > 0 ? [said.upstream(model, count)] : []));
}
