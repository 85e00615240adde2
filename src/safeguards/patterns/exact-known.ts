// Secrets and personal data that are told by their form, and where there is one by their checksum, so that a number of the
// same length is not taken for one. The expressions are ours: none of them repeats what repeats.
import { z } from "zod";

export const KnownPattern = z.enum([
  "payment-card",
  "iban",
  "us-social-security",
  "email",
  "private-key",
  "access-token",
]);
export type KnownPattern = z.infer<typeof KnownPattern>;

export interface Known {
  /** With the flag `g`. */
  readonly expression: RegExp;
  /** Longest text that it finds, in UTF-16 units. */
  readonly charsMax: number;
  /** Asked about what the expression finds, and about its beginnings that end where a group does. */
  readonly isGenuine: (found: string) => boolean;
  /** What goes on behind a find and is a part of it, where finds are longer than is needed to know them. With the flag `y`. */
  readonly tail?: RegExp;
}

const always = (): boolean => true;

/** Between the groups of a number: what looks like a space or a hyphen, is drawn like one, or cannot be seen. No line's end. */
export const gap = "[ _\\t\\u00a0\\u00ad\\u2000-\\u200d\\u2010-\\u2015\\u202f\\u205f\\u2060\\u2212\\u3000\\ufeff-]";
/** What a number is written in does not go on here. `\\b` would take what stands between underscores for a part of it. */
const [begins, ends] = ["(?<![A-Za-z0-9])", "(?![A-Za-z0-9])"];

/** The sign of an address and its points, as people write them out: in brackets, or both as words. */
const [writtenAt, writtenDot] = [" ?[([{<]at[)\\]}>] ?", " ?[([{<](?:dot|\\.)[)\\]}>] ?"];
const label = "[a-z0-9][a-z0-9-]";

export const knownPatterns: Readonly<Record<KnownPattern, Known>> = {
  /** ISO/IEC 7812: 13 to 19 digits, in groups or not, the last of which checks the others. With points only in fours: else it is a fraction. */
  "payment-card": {
    expression: new RegExp(
      `${begins}(?:[2-6](?:${gap}?[0-9]){12,18}|[2-6][0-9]{3}(?:\\.[0-9]{4}){3}(?!\\.[0-9]))${ends}`,
      "g",
    ),
    charsMax: 37,
    isGenuine: isLuhn,
  },
  /** ISO 13616: two letters, two check digits, 11 to 30 letters and digits, in groups or not. */
  iban: {
    expression: new RegExp(`${begins}[A-Z]{2}[0-9]{2}(?:${gap}?[A-Z0-9]){11,30}${ends}`, "gi"),
    charsMax: 64,
    isGenuine: (found) => isIban(found.replaceAll(/[^A-Za-z0-9]/g, "")),
  },
  /** Numbers that the Social Security Administration gives out: never 000, 666 or 9xx, 00, 0000 in the three groups. */
  "us-social-security": {
    expression: new RegExp(`${begins}(?!000|666|9)[0-9]{3}(${gap})(?!00)[0-9]{2}\\1(?!0000)[0-9]{4}${ends}`, "g"),
    charsMax: 11,
    isGenuine: always,
  },
  /** Of a longer name before the sign, the last 41 characters are found. */
  email: {
    expression: new RegExp(
      [
        "[a-z0-9][a-z0-9._%+-]{0,40}(?:@[a-z0-9][a-z0-9.-]{0,62}\\.[a-z]{2,12}",
        `(?:@|${writtenAt})${label}{0,22}(?:(?:\\.|${writtenDot})${label}{0,10})?(?:\\.|${writtenDot})[a-z]{2,12}`,
        ` at ${label}{0,22}(?: dot ${label}{0,10})? dot (?:com|org|net|edu|gov|info|io|co))\\b`,
      ].join("|"),
      "gi",
    ),
    charsMax: 118,
    isGenuine: always,
  },
  /** RFC 7468 and what OpenSSL, OpenSSH, OpenPGP, PuTTY and age write: how a private key begins, whatever its lines end with. */
  "private-key": {
    expression: new RegExp(
      [
        "[-\u2010-\u2015]{2,5} ?BEGIN (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)? ?[-\u2010-\u2015]{2,5}",
        "PuTTY-User-Key-File-[0-9]",
        "AGE-SECRET-KEY-1[0-9A-Z]{20}",
      ].join("|"),
      "g",
    ),
    charsMax: 57,
    isGenuine: always,
  },
  /** Keys whose makers gave them a beginning of their own, so that they can be found: also those of Headgate. */
  "access-token": {
    expression: new RegExp(
      [
        "(?:AKIA|ASIA)[0-9A-Z]{16}",
        "AIza[0-9A-Za-z_-]{35}",
        "ya29\\.[A-Za-z0-9_-]{20,80}",
        "GOCSPX-[A-Za-z0-9_-]{24,40}",
        "AccountKey=[A-Za-z0-9+/]{40,80}",
        "[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{31,36}",
        "gh[pousr]_[A-Za-z0-9]{36,80}",
        "github_pat_[A-Za-z0-9_]{40,80}",
        "gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent)-[A-Za-z0-9_-]{20,80}",
        "(?:xox[abeprs]|xapp)-[A-Za-z0-9-]{20,80}",
        "hooks\\.slack\\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{16,30}",
        "sk-[A-Za-z0-9_-]{24,85}",
        "[rs]k_live_[A-Za-z0-9]{20,80}",
        "whsec_[A-Za-z0-9+/]{24,80}",
        "(?:gsk|npm|hf|r8|ntn|lin_api)_[A-Za-z0-9]{30,80}",
        "(?:xai|pplx)-[A-Za-z0-9]{30,80}",
        "(?:dckr_pat|hg)_[A-Za-z0-9_-]{24,80}",
        "pypi-AgE[A-Za-z0-9_-]{40,80}",
        "hvs\\.[A-Za-z0-9_-]{24,85}",
        "SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,50}",
        "(?:SK|key-|dapi|sbp_|shp(?:at|ca|pa|ss)_|do[opr]_v1_)[0-9a-f]{32,64}",
        "ATATT3[A-Za-z0-9_=-]{40,80}",
        "[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        "eyJ[A-Za-z0-9_-]{10,50}\\.eyJ[A-Za-z0-9_-]{10,30}",
        // A header that begins with its algorithm, type, key or content, which is longer in many.
        "eyJ(?:hbGciOi|0eXAiOi|raWQiOi|jdHkiOi)[A-Za-z0-9_-]{10,60}",
      ]
        .map((form) => `(?<![A-Za-z0-9_-])${form}`)
        .join("|"),
      "g",
    ),
    charsMax: 92,
    isGenuine: always,
    tail: /[A-Za-z0-9_.~+/=-]*/y,
  },
};

/** Signs of full width and the digits of Arabic and Persian, which read like those of ASCII. */
const drawnAlike = /[\uff01-\uff5e\u0660-\u0669\u06f0-\u06f9]/;

/** The text as known kinds are looked for in it: as long, and with ASCII for what reads like it. */
export function inAscii(text: string): string {
  if (!drawnAlike.test(text)) return text;
  return text.replaceAll(new RegExp(drawnAlike, "g"), (sign) => {
    const unit = sign.charCodeAt(0);
    return String.fromCharCode(unit >= 0xff01 ? unit - 0xfee0 : 0x30 + (unit & 0xf));
  });
}

/**
 * Whether the last digit checks the others, and they are 13 to 19 and not all the same: the formula of H. P. Luhn, ISO/IEC
 * 7812-1 annex B. What is no digit is read over. Without a string of its own: it is asked of every place in rows of figures.
 */
function isLuhn(written: string): boolean {
  let [sum, count, same] = [0, 0, 0];
  let before = -1;
  for (let at = written.length - 1; at >= 0; at -= 1) {
    const digit = written.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) continue;
    const weighed = count % 2 === 1 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
    count += 1;
    if (digit === before) same += 1;
    before = digit;
  }
  return count >= 13 && count <= 19 && same < count - 1 && sum % 10 === 0;
}

/**
 * Whether the number is 1 modulo 97 with its first four characters at the end and letters as 10 to 35 (ISO 7064), and as long
 * as its country's are. In small letters only where the country is known: words are written so, too.
 */
function isIban(written: string): boolean {
  const country = written.slice(0, 2).toUpperCase();
  const length = ibanLengths.get(country);
  const isLong = length === undefined ? written.length >= 15 && written.length <= 34 : written.length === length;
  if (!isLong || (length === undefined && /[a-z]/.test(written))) return false;
  let rest = 0;
  for (const sign of written.slice(4) + written.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** Characters of an account's number by country, as SWIFT registers them for ISO 13616. */
const ibanLengths: ReadonlyMap<string, number> = new Map(
  Object.entries({
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
  }).flatMap(([length, countries]) => countries.split(" ").map((country) => [country, Number(length)] as const)),
);
