// How OTLP's JSON writes values: attributes with their type, 64-bit numbers as text.

type Value = string | number | boolean;

export interface Attribute {
  readonly key: string;
  readonly value: object;
}

export function attributesOf(values: Readonly<Record<string, Value | undefined>>): readonly Attribute[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueOf(value) }],
  );
}

function valueOf(value: Value): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Milliseconds as nanoseconds in text, as OTLP's JSON writes 64-bit numbers. */
export function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}
