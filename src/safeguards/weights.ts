// The file format of detector weights: a JSON header that names tensors and holds the tables of thresholds, then the
// numbers. Everything a decision depends on is inside, so the SHA-256 of the file names the safeguard exactly.
// Layout: "HGW1", header length (uint32, little endian), header, padding to 8 bytes, data.
import { z } from "zod";
import { Failure } from "../terms/failure.ts";

const Tensor = z.strictObject({
  name: z.string().max(64),
  type: z.enum(["i8", "u8", "f32"]),
  shape: z.array(z.number().int().positive()).min(1).max(3),
  /** Where the tensor starts, in bytes from the start of the data. */
  offset: z.number().int().nonnegative(),
});

/** Thresholds of one head: the score that the stated share of the benign reference stream exceeds. */
const ThresholdTable = z.array(z.strictObject({ benignRate: z.number().positive().max(1), score: z.number() })).min(2);
export type ThresholdTable = z.infer<typeof ThresholdTable>;

const Header = z.strictObject({
  detector: z.string().max(64),
  tensors: z.array(Tensor).max(64),
  numbers: z.record(z.string(), z.number()),
  thresholds: z.record(z.string(), ThresholdTable),
});

export interface Weights {
  readonly detector: string;
  readonly thresholds: Readonly<Record<string, ThresholdTable>>;
  readonly number: (name: string) => number;
  readonly bytes: (name: string) => Uint8Array;
  readonly int8: (name: string) => Int8Array;
  readonly float32: (name: string) => Float32Array;
  readonly has: (name: string) => boolean;
}

/** Weight files are read whole into memory; a larger one is refused. */
export const weightBytesMax = 32 * 1024 * 1024;

/** Reads a weight file. Failure artefact_missing when it is damaged. */
export function readWeights(file: Uint8Array): Weights {
  const { header, dataStart } = readHeader(file);
  const buffer = file.buffer.slice(file.byteOffset + dataStart, file.byteOffset + file.byteLength);
  const tensors = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, type, shape, offset } of header.tensors)
    if (offset + bytesOf(type, shape) > buffer.byteLength) throw damaged(`tensor ${name} runs past the end`);
  const region = (name: string, type: string): { offset: number; count: number } => {
    const tensor = tensors.get(name);
    if (tensor === undefined || tensor.type !== type) throw damaged(`there is no ${type} tensor ${name}`);
    const count = tensor.shape.reduce((product, size) => product * size, 1);
    return { offset: tensor.offset, count };
  };
  return {
    detector: header.detector,
    thresholds: header.thresholds,
    number: (name) => {
      const value = header.numbers[name];
      if (value === undefined) throw damaged(`there is no number ${name}`);
      return value;
    },
    bytes: (name) => {
      const { offset, count } = region(name, "u8");
      return new Uint8Array(buffer, offset, count);
    },
    int8: (name) => {
      const { offset, count } = region(name, "i8");
      return new Int8Array(buffer, offset, count);
    },
    float32: (name) => {
      const { offset, count } = region(name, "f32");
      return new Float32Array(buffer, offset, count);
    },
    has: (name) => tensors.has(name),
  };
}

function bytesOf(type: string, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, type === "f32" ? 4 : 1);
}

function readHeader(file: Uint8Array): { header: z.infer<typeof Header>; dataStart: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < 8 || file.byteLength > weightBytesMax) throw damaged("its size is out of bounds");
  if (new TextDecoder().decode(file.subarray(0, 4)) !== "HGW1") throw damaged("it does not start with HGW1");
  const length = view.getUint32(4, true);
  if (8 + length > file.byteLength) throw damaged("its header runs past the end");
  try {
    const header = Header.parse(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))));
    return { header, dataStart: Math.ceil((8 + length) / 8) * 8 };
  } catch (cause) {
    throw damaged("its header cannot be read", cause);
  }
}

function damaged(why: string, cause?: unknown): Failure {
  return new Failure("artefact_missing", `The weight file of a safeguard is damaged: ${why}. Restore it.`, { cause });
}
