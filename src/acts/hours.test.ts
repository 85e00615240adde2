// Hours of the week: the same as a calendar says, minute for minute, also past midnight and over the end of the week.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Instant, toInstant } from "../terms/ids.ts";
import { Conditions } from "./conditions.ts";
import { Hours, hoursInWords, isWithinHours, opensAt } from "./hours.ts";

const office = Hours.parse([{ days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00" }]);
const at = (text: string): Instant => toInstant(Date.parse(text));
const open = (text: string): boolean => isWithinHours(office, at(text));
const next = (text: string): string => new Date(opensAt(office, at(text))).toISOString();

test("a window is open from its first millisecond to before its last minute's end, on its days only", () => {
  assert.equal(open("2026-11-30T07:59:59.999Z"), false, "a Monday");
  assert.equal(open("2026-11-30T08:00:00.000Z"), true);
  assert.equal(open("2026-11-30T17:59:59.999Z"), true);
  assert.equal(open("2026-11-30T18:00:00.000Z"), false);
  assert.equal(open("2026-12-05T12:00:00.000Z"), false, "a Saturday");
  assert.equal(open("1970-01-01T12:00:00.000Z"), true, "a Thursday, before any Monday");
});

test("when it opens next is the next window's beginning, over the weekend too, and now where it is open", () => {
  assert.equal(next("2026-11-30T18:00:00.000Z"), "2026-12-01T08:00:00.000Z");
  assert.equal(next("2026-12-04T18:30:00.000Z"), "2026-12-07T08:00:00.000Z");
  assert.equal(next("2026-12-07T08:00:01.000Z"), "2026-12-07T08:00:01.000Z");
});

test("a window past midnight belongs to the day on which it begins, and one of Sunday reaches into Monday", () => {
  const night = Hours.parse([{ days: ["sun"], from: "22:00", to: "06:00" }]);
  assert.equal(isWithinHours(night, at("2026-11-30T05:59:00.000Z")), true, "Monday morning");
  assert.equal(isWithinHours(night, at("2026-11-30T06:00:00.000Z")), false);
  assert.equal(isWithinHours(night, at("2026-11-29T05:00:00.000Z")), false, "Sunday morning");
  assert.equal(hoursInWords(night), "sun 22:00 to 06:00 of the next day (UTC)");
});

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const minuteOf = (time: string): number => 60 * Number(time.slice(0, 2)) + Number(time.slice(3));

/** As a calendar says it: by the day and minute of `at`, and by those of the day before. */
function isOpenByCalendar(hours: Hours, instant: number): boolean {
  const date = new Date(instant);
  const minute = 60 * date.getUTCHours() + date.getUTCMinutes();
  const today = days[date.getUTCDay()];
  const yesterday = days[(date.getUTCDay() + 6) % 7];
  return hours.some(({ days: named, from, to }) => {
    const [begin, end] = [minuteOf(from), minuteOf(to)];
    const isNight = end < begin;
    const begun = named.some((day) => day === today) && minute >= begin && (isNight || minute < end);
    return begun || (isNight && named.some((day) => day === yesterday) && minute < end);
  });
}

const two = (value: number): string => String(value).padStart(2, "0");
const time = fc.integer({ min: 0, max: 1439 }).map((minute) => {
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
});
const windows = fc.array(
  fc
    .record({ days: fc.uniqueArray(fc.constantFrom(...days), { minLength: 1 }), from: time, to: time })
    .filter(({ from, to }) => from !== to),
  { minLength: 1, maxLength: 4 },
);

test("any hours are open as a calendar says, and open next at the first such minute", () => {
  const minutes = fc.integer({ min: 0, max: 40_000_000 });
  fc.assert(
    fc.property(windows, minutes, (given, minute) => {
      const hours = Hours.parse(given);
      const asked = toInstant(minute * 60_000);
      assert.equal(isWithinHours(hours, asked), isOpenByCalendar(hours, asked));
      let first = minute;
      while (!isOpenByCalendar(hours, first * 60_000)) first += 1;
      assert.equal(opensAt(hours, asked), first * 60_000);
    }),
    { seed: 54, numRuns: 300 },
  );
});

const problem = (given: unknown): string => Conditions.safeParse(given).error?.issues[0]?.message ?? "none";

test("hours, countries and surfaces are bounded, and say in words what is wrong with them", () => {
  const window = { days: ["mon"], from: "08:00", to: "18:00" };
  assert.equal(
    problem({ hours: [{ ...window, from: "00:00", to: "24:00" }], countries: ["DE"], surfaces: ["chat"] }),
    "none",
  );
  assert.match(problem({ hours: [{ ...window, to: "08:00" }] }), /a whole day is 00:00 to 24:00/);
  assert.match(problem({ hours: [{ ...window, from: "24:00" }] }), /00:00 to 23:59/);
  assert.match(problem({ hours: [{ ...window, to: "8:00" }] }), /HH:MM in UTC/);
  assert.match(problem({ hours: [{ ...window, days: ["mon", "mon"] }] }), /same day/);
  assert.match(problem({ countries: ["UK"] }), /ISO 3166-1/);
  assert.match(problem({ countries: ["DE", "DE"] }), /same country/);
  assert.match(problem({ surfaces: ["chat", "chat"] }), /same surface/);
  for (const bad of [
    { hours: [] },
    { hours: Array.from({ length: 15 }, () => window) },
    { hours: [{ ...window, days: [] }] },
    { hours: [{ ...window, zone: "CET" }] },
    { countries: [] },
    { surfaces: [] },
    { surfaces: ["completions"] },
  ])
    assert.notEqual(problem(bad), "none", JSON.stringify(bad));
});
