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
}

const always = (): boolean => true;

const hyphen = "[\\u2010-\\u2012-]";
/** Between the groups of a number: spaces and hyphens, also those at which no line ends, which models like to write. */
export const gap = "[ \\u00a0\\u2007\\u2009\\u202f\\u2010-\\u2012-]";
/** What a number is written in does not go on here. `\\b` would take what stands between underscores for a part of it. */
const [begins, ends] = ["(?<![A-Za-z0-9])", "(?![A-Za-z0-9])"];

export const knownPatterns: Readonly<Record<KnownPattern, Known>> = {
  /** ISO/IEC 7812: 13 to 19 digits, in groups or not, the last of which checks the others. */
  "payment-card": {
    expression: new RegExp(`${begins}[2-6](?:${gap}?[0-9]){12,18}${ends}`, "g"),
    charsMax: 37,
    isGenuine: (found) => isLuhn(found.replaceAll(/\D/g, "")),
  },
  /** ISO 13616: two letters, two check digits, 11 to 30 letters and digits, in groups or not. */
  iban: {
    expression: new RegExp(`${begins}[A-Z]{2}[0-9]{2}(?:${gap}?[A-Z0-9]){11,30}${ends}`, "g"),
    charsMax: 64,
    isGenuine: (found) => isIban(found.replaceAll(/[^A-Z0-9]/g, "")),
  },
  /** Numbers that the Social Security Administration gives out: never 000, 666 or 9xx, 00, 0000 in the three groups. */
  "us-social-security": {
    expression: new RegExp(
      `${begins}(?!000|666|9)[0-9]{3}${hyphen}(?!00)[0-9]{2}${hyphen}(?!0000)[0-9]{4}${ends}`,
      "g",
    ),
    charsMax: 11,
    isGenuine: always,
  },
  /** Of a longer name before the sign, the last 41 characters are found. */
  email: {
    expression: /[A-Za-z0-9][A-Za-z0-9._%+-]{0,40}@[A-Za-z0-9][A-Za-z0-9.-]{0,62}\.[A-Za-z]{2,12}\b/g,
    charsMax: 118,
    isGenuine: always,
  },
  /** RFC 7468 and what OpenSSL, OpenSSH and OpenPGP write: the line that begins a private key. */
  "private-key": {
    expression: /-----BEGIN (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----/g,
    charsMax: 55,
    isGenuine: always,
  },
  /** Keys whose makers gave them a beginning of their own, so that they can be found: also those of Headgate. */
  "access-token": {
    expression: new RegExp(
      [
        "(?:AKIA|ASIA)[0-9A-Z]{16}",
        "gh[pousr]_[A-Za-z0-9]{36,80}",
        "github_pat_[A-Za-z0-9_]{40,80}",
        "glpat-[A-Za-z0-9_-]{20,80}",
        "xox[abeprs]-[A-Za-z0-9-]{20,80}",
        "sk-(?:ant-|proj-)?[A-Za-z0-9_-]{24,80}",
        "[rs]k_live_[A-Za-z0-9]{20,80}",
        "AIza[0-9A-Za-z_-]{35}",
        "npm_[A-Za-z0-9]{36,80}",
        "hf_[A-Za-z0-9]{30,80}",
        "hg_[A-Za-z0-9_-]{24,80}",
        "eyJ[A-Za-z0-9_-]{10,50}\\.eyJ[A-Za-z0-9_-]{10,30}",
      ]
        .map((form) => `(?<![A-Za-z0-9_-])${form}`)
        .join("|"),
      "g",
    ),
    charsMax: 92,
    isGenuine: always,
  },
};

/** Whether the last digit checks the others: the formula of H. P. Luhn, ISO/IEC 7812-1 annex B. */
function isLuhn(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let at = digits.length - 1, isDoubled = false; at >= 0; at -= 1, isDoubled = !isDoubled) {
    const digit = digits.charCodeAt(at) - 48;
    const weighed = isDoubled ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}

/** Whether the number is 1 modulo 97 with its first four characters at the end and letters as 10 to 35 (ISO 7064). */
function isIban(written: string): boolean {
  if (written.length < 15 || written.length > 34) return false;
  let rest = 0;
  for (const sign of written.slice(4) + written.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
