// Products of integer matrices on the processor's vector unit: one small WebAssembly function, written here by hand, since
// plain JavaScript needs ten times as long. Integers make the result the same on every machine.

/** What is used of the runtime's WebAssembly, which neither the language's library nor Node's types declare. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly f: (...numbers: readonly number[]) => void } };
};

/** Multiplies rows of `left` by rows of `right`; places are bytes in `memory`. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  /**
   * result[i][j] = factors[i] · scales[j] · Σ left[i][p] · right[j][p] + biases[j]: 16-bit numbers on both sides, a 32-bit
   * sum, everything else in single precision.
   */
  readonly multiply: (places: Places, sizes: Sizes) => void;
}

interface Places {
  readonly left: number;
  readonly right: number;
  readonly result: number;
  readonly factors: number;
  readonly scales: number;
  readonly biases: number;
}

/** `rows` is even, `columns` a multiple of 4, `depth` of 8. */
interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** Instantiates the function over `bytes` of memory. */
export function createKernel(bytes: number): Kernel {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()), { e: { m: memory } });
  const multiply = instance.exports.f;
  return {
    memory,
    multiply: ({ left, right, result, factors, scales, biases }, { rows, columns, depth }) => {
      if (rows % 2 !== 0 || columns % 4 !== 0 || depth % 8 !== 0) throw new RangeError("The kernel needs other sizes.");
      multiply(left, right, result, rows, columns, 2 * depth, factors, scales, biases);
    },
  };
}

const i32 = 0x7f;
const v128 = 0x7b;

/** Parameters and locals by number. */
const [left, right, result, rows, columns, step, factors, scales, biases] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const [i, j, p, left0, left1, out, column, row] = [9, 10, 11, 12, 13, 14, 15, 16];
const rights = [17, 18, 19, 20] as const;
const lastNumber = rights[3];
const sums = [21, 22, 23, 24, 25, 26, 27, 28] as const;
const [a0, a1, b] = [29, 30, 31];

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const constant = (value: number): number[] => [0x41, ...signed(value)];
const add = [0x6a];
const multiplied = [0x6c];
const load = [0xfd, 0x00, 0x00, 0x00];
const loadSingle = (offset: number): number[] => [0x2a, 0x02, ...unsigned(offset)];
const storeSingle = (offset: number): number[] => [0x38, 0x02, ...unsigned(offset)];
const toSingle = [0xb2];
const timesSingle = [0x94];
const addSingle = [0x92];
const dot = [0xfd, ...unsigned(0xba)];
const addLanes = [0xfd, ...unsigned(0xae)];
const zero = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)];
const lane = (index: number): number[] => [0xfd, 0x1b, index];

interface Count {
  readonly counter: number;
  readonly by: number;
  readonly limit: number;
}

/** A loop over `counter` from 0 in steps of `by` while it is below `limit`; the limit is more than 0. */
function loop({ counter, by, limit }: Count, inside: readonly number[]): number[] {
  const count = [...get(counter), ...constant(by), ...add, 0x22, counter];
  return [...constant(0), ...set(counter), 0x03, 0x40, ...inside, ...count, ...get(limit), 0x48, 0x0d, 0x00, 0x0b];
}

/** Two rows of the left by four of the right, eight products of 16-bit numbers at a time. */
function innermost(): number[] {
  const code = [...at(left0), ...load, ...set(a0), ...at(left1), ...load, ...set(a1)];
  for (const [of, pointer] of rights.entries()) {
    code.push(...at(pointer), ...load, ...set(b));
    code.push(...accumulate(a0, of), ...accumulate(a1, of + 4));
  }
  return code;
}

/** Adds the products of a left row and the right row in hand to one of the sums. */
function accumulate(from: number, index: number): number[] {
  const sum = sums[index] ?? sums[0];
  return [...get(from), ...get(b), ...dot, ...get(sum), ...addLanes, ...set(sum)];
}

/** The place that a row pointer and the running offset make. */
function at(pointer: number): number[] {
  return [...get(pointer), ...get(p), ...add];
}

function block(): number[] {
  const code: number[] = [];
  for (const sum of sums) code.push(...zero, ...set(sum));
  code.push(...loop({ counter: p, by: 16, limit: step }, innermost()));
  // out = result + 4 · (i · columns + j), column = 4 · j, row = factors + 4 · i
  code.push(...get(i), ...get(columns), ...multiplied, ...get(j), ...add, ...constant(4), ...multiplied);
  code.push(...get(result), ...add, ...set(out), ...get(j), ...constant(4), ...multiplied, ...set(column));
  code.push(...get(factors), ...get(i), ...constant(4), ...multiplied, ...add, ...set(row));
  sums.forEach((sum, index) => {
    if (index === 4) code.push(...get(out), ...get(columns), ...constant(4), ...multiplied, ...add, ...set(out));
    const place = 4 * (index % 4);
    code.push(...get(out), ...get(sum), ...lane(0));
    for (const other of [1, 2, 3]) code.push(...get(sum), ...lane(other), ...add);
    code.push(...toSingle, ...get(row), ...loadSingle(index < 4 ? 0 : 4), ...timesSingle);
    code.push(...get(scales), ...get(column), ...add, ...loadSingle(place), ...timesSingle);
    code.push(...get(biases), ...get(column), ...add, ...loadSingle(place), ...addSingle, ...storeSingle(place));
  });
  return code;
}

/** Four rows of the right stay near while all rows of the left pass by. */
function body(): number[] {
  const toRights = [...get(right), ...get(j), ...get(step), ...multiplied, ...add, ...set(rights[0])];
  rights.slice(1).forEach((pointer, before) => {
    toRights.push(...get(rights[before] ?? rights[0]), ...get(step), ...add, ...set(pointer));
  });
  const toLefts = [...get(left), ...get(i), ...get(step), ...multiplied, ...add, ...set(left0)];
  toLefts.push(...get(left0), ...get(step), ...add, ...set(left1));
  const blocks = loop({ counter: i, by: 2, limit: rows }, [...toLefts, ...block()]);
  const locals = [2, ...unsigned(lastNumber - biases), i32, ...unsigned(b - lastNumber), v128];
  return [...locals, ...loop({ counter: j, by: 4, limit: columns }, [...toRights, ...blocks]), 0x0b];
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
  const code = body();
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...section(1, [1, 0x60, 9, ...Array.from({ length: 9 }, () => i32), 0]),
    ...section(2, [1, 1, 0x65, 1, 0x6d, 0x02, 0x00, 0x01]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 0x66, 0x00, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)];
}
