import { asUsageOf, usageError } from '../../base/usage-error.ts';
import { MAX_PAD_BYTES, MIN_PAD_BYTES } from '../../wire/limits.ts';
import { isSessionName } from '../../wire/session-name.ts';
import { formatDialPlan } from '../format-dial-plan.ts';
import { parseDialPlan } from '../parse-dial-plan.ts';

const MAX_PORT = 65_535;
/** The shortest and longest `--keepalive`, in seconds: below, it is a load; above, networks have long forgotten the connection. */
const KEEPALIVE_SECONDS = { least: 1, most: 3600 };
const HISTORY_BYTES = { least: 65_536, most: 2 ** 40 };
const BYTES_PER: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const SECONDS_PER: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `--port N[-M]`, checked and without leading zeros. */
export function parsePortRange(text: string): string {
  const [, low, high] = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(text) ?? [];
  const first = Number(low ?? Number.NaN);
  const last = Number(high ?? low);
  if (!(first >= 1 && first <= last && last <= MAX_PORT)) {
    throw usageError(
      `--port ${quoted(text)}: a port within 1-${MAX_PORT}, or a range, as in --port 60000-61000`,
    );
  }
  return high === undefined ? String(first) : `${first}-${last}`;
}

/** `-p N`, which people of Eternal Terminal take for the other port. */
export function parseSshPort(text: string): number {
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= MAX_PORT) return port;
  throw usageError(
    `-p ${quoted(text)}: -p is ssh's port, as in ssh, within 1-${MAX_PORT}; the session server's, Eternal Terminal's -p, is --port N[-M]`,
  );
}

/** `-k SECONDS`, which has no value in ssh. */
export function parseKeepalive(text: string): number {
  const seconds = /^\d{1,4}$/u.test(text) ? Number(text) : 0;
  if (seconds >= KEEPALIVE_SECONDS.least && seconds <= KEEPALIVE_SECONDS.most) return seconds;
  throw usageError(
    `-k ${quoted(text)}: -k/--keepalive is in seconds, ${KEEPALIVE_SECONDS.least}-${KEEPALIVE_SECONDS.most}, as in Eternal Terminal; ssh's -k is -o GSSAPIDelegateCredentials=no`,
  );
}

/** `--pad SIZE`, in bytes. */
export function parsePad(text: string): number {
  const bytes = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  if (bytes >= MIN_PAD_BYTES && bytes <= MAX_PAD_BYTES) return bytes;
  throw usageError(
    `--pad ${quoted(text)}: how long every datagram is to be, ${MIN_PAD_BYTES}-${MAX_PAD_BYTES} bytes`,
  );
}

/** `--grace TIME` in seconds; `null` for `never`. */
export function parseGrace(text: string): number | null {
  if (text === 'never') return null;
  const [, amount, unit] = /^(\d{1,9})([smhd]?)$/u.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS_PER[unit === '' ? 's' : (unit ?? '')] ?? Number.NaN);
  if (seconds >= 1) return seconds;
  throw usageError(`--grace ${quoted(text)}: at least 1s, written as 90s, 15m, 8h or 7d, or never`);
}

/** `--history BYTES`, with the units of 1024: at least 64K, at most 1024G. */
export function parseHistory(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,13})([KMG]?)$/iu.exec(text) ?? [];
  const bytes = Number(amount) * (BYTES_PER[unit.toUpperCase()] ?? Number.NaN);
  if (bytes >= HISTORY_BYTES.least && bytes <= HISTORY_BYTES.most) return bytes;
  throw usageError(
    `--history ${quoted(text)}: how much output the host keeps, from 64K to 1024G, written as 64M or 1G`,
  );
}

/** `--name NAME`. It stands where the beginning of an id may stand too. */
export function parseSessionName(text: string): string {
  if (!isSessionName(text)) {
    throw usageError(
      `--name ${quoted(text)}: up to 64 letters, digits and any of _ . @ : + -, the last not first`,
    );
  }
  if (isSessionId(text)) {
    throw usageError(
      `--name ${quoted(text)}: it could be the beginning of a session's id; add a letter beyond f`,
    );
  }
  return text;
}

/** At least four of the digits of a session's id, from the first on: fewer are a slip of the hand. */
export function isSessionId(text: string): boolean {
  return /^[0-9a-f]{4,32}$/iu.test(text);
}

/** `--escape-char CHAR`: one ASCII character, `^X` for a control character; `null` for `none`. */
export function parseEscapeChar(text: string): string | null {
  if (text === 'none') return null;
  if (/^[!-~]$/u.test(text)) return text;
  const [, letter] = /^\^([@-_a-z])$/u.exec(text) ?? [];
  if (letter !== undefined) return String.fromCharCode(letter.toUpperCase().charCodeAt(0) & 0x1f);
  throw usageError(
    `--escape-char ${quoted(text)}: one character, ^ and a letter for a control character, or none`,
  );
}

/** One of a few words. */
export function parseChoice<Word extends string>(
  flag: string,
  text: string,
  words: readonly Word[],
): Word {
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw usageError(`${flag} ${quoted(text)}: ${words.join(' or ')}`);
}

/** `--via PLAN`, checked and written as `formatDialPlan` does. */
export function parseVia(text: string): string {
  return formatDialPlan(
    asUsageOf(`--via ${quoted(text.slice(0, 200))}`, () => parseDialPlan(text)),
  );
}

/** Any text but none, and none that a program on the way would take for a flag. */
export function parseName(flag: string, text: string): string {
  if (/^[^-\p{Cc}][^\p{Cc}]*$/u.test(text)) return text;
  throw usageError(`${flag} ${quoted(text)}: a value that is not empty and begins with no dash`);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
