// The gateway's part in a watch: the text of an exchange that was drawn is kept until it ends, and then handed to the control plane,
// sealed, for somebody to label. Nobody waits for that, and nothing of the exchange depends on it: what does not arrive is unknown.
import { shorterOf } from "../acts/retention.ts";
import { type Ended, isAbout, isDrawn, isSampled } from "../exposure/sampling.ts";
import type { SampledMeasure } from "../acts/watch.ts";
import { type ReviewText, answerCharsMax, reviewCharsMax } from "../feed/reviews.ts";
import type { Exchange } from "./exchange.ts";
import type { Gateway } from "./gateway.ts";
import { factsOf, hasReviewer, textOf } from "./review-text.ts";

/** Keeps the text of an exchange that was drawn, by its receipt's id: before anybody knows how it ends. */
export function beginSampling(exchange: Exchange, secret: string | undefined, gateway: Gateway): void {
  const { exposure, id } = exchange;
  if (exposure.kind !== "open" || secret === undefined) return;
  const { certificate, conditions } = exposure.release;
  const watched = conditions.share?.watch?.measures ?? [];
  if (watched.length === 0) return;
  const drawn = { certificate, receipt: id };
  const measures = watched.filter(isSampled).filter((measure) => isDrawn(measure, drawn, gateway.primitives));
  if (measures.length === 0) return;
  exchange.sampling = { measures, text: textOf(exchange, secret), answer: "", isWhole: true };
}

/** Keeps what of the answer leaves, where a measure asks for it. */
export function sampleAnswer({ sampling }: Pick<Exchange, "sampling">, piece: string): void {
  if (sampling?.measures.some(({ labels }) => labels.answers === true) !== true) return;
  const room = answerCharsMax - sampling.answer.length;
  sampling.answer += piece.slice(0, room).toWellFormed();
  sampling.isWhole &&= piece.length <= room;
}

/** What whoever labels by this measure is shown; another measure that drew the same exchange may be shown more. */
export function textFor({ labels }: Pick<SampledMeasure, "labels">, { text, answer, isWhole }: Sampling): ReviewText {
  return labels.answers === undefined ? text : { ...text, answer: { text: answer, isWhole } };
}

type Sampling = Pick<NonNullable<Exchange["sampling"]>, "text" | "answer" | "isWhole">;

/** Hands it over, once it ended as its measure is about. Never throws. */
export function handSample(exchange: Exchange, ended: Ended, gateway: Gateway): void {
  const { sampling, exposure, model, configuration } = exchange;
  exchange.sampling = undefined;
  if (sampling === undefined || exposure.kind !== "open") return;
  const { text: request, measures } = sampling;
  const { certificate, conditions } = exposure.release;
  const isKept = request.call.length <= reviewCharsMax && hasReviewer(gateway);
  for (const measure of measures) {
    if (!isAbout(measure, ended)) continue;
    const of = [certificate, measure.id, exposure.organisation.organisation].join(" ");
    const hasRoom = gateway.sampleRoom.take(of, measure.perOrganisationPerHour);
    if (!hasRoom || !isKept) continue;
    const { answers } = measure.labels;
    const text = textFor(measure, sampling);
    void gateway.reviews.hand({
      facts: factsOf({ model, configuration }, { key: exposure.key, text, gateway }),
      text,
      found: [],
      sample: {
        watch: measure.id,
        measure: measure.measure,
        receipt: exchange.id,
        ...(answers === undefined ? {} : { answers }),
      },
      at: gateway.clock.now(),
      rules: shorterOf({ expiresHours: measure.labelHours, perKeyMax: 1, retentionDays: 0 }, conditions.retention),
    });
  }
}
