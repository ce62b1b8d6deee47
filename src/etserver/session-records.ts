import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../base/errors.ts';

/** What is written down of a session, so that somebody who comes back learns what became of it. */
export interface SessionRecord {
  readonly session: string;
  readonly name: string;
  readonly pid: number;
  /** The boot that it ran in; empty where the system does not say. */
  readonly boot: string;
  readonly startedMs: number;
  readonly endedMs?: number;
  /** Why it ended, in words for people. */
  readonly why?: string;
  /** Output that was kept then and is no more. */
  readonly historyBytes?: number;
}

const FILE_NAME = /^([0-9a-f]{32})\.json$/u;
const MAX_RECORD_BYTES = 8192;
/** Of sessions that have ended. */
const MAX_RECORDS = 256;
const KEPT_MS: number = 14 * 24 * 3_600_000;

/**
 * One file for each session, in a directory of the user's (mode 0700): a server that was killed cannot say so itself.
 *
 * A record without an end, whose session does not answer, is that of a server that was killed, or of a machine that went down.
 */
export class SessionRecords {
  readonly #directory: string;
  readonly #boot: () => Promise<string>;

  constructor(directory: string, boot: () => Promise<string> = bootId) {
    this.#directory = directory;
    this.#boot = boot;
  }

  async begin(record: Omit<SessionRecord, 'boot'>): Promise<void> {
    await this.#write({ ...record, boot: await this.#boot() });
  }

  /** Nothing where its beginning was not written. */
  async end(
    session: string,
    end: Pick<SessionRecord, 'endedMs' | 'why' | 'historyBytes'>,
  ): Promise<void> {
    const record = await this.#read(session);
    if (record !== undefined) await this.#write({ ...record, ...end });
  }

  /** Nobody will ask for it. */
  async forget(session: string): Promise<void> {
    await rm(this.#pathOf(session), { force: true });
  }

  /** What became of a session that does not answer; `undefined`: nobody knows. */
  async whyGone(session: string, nowMs: number): Promise<string | undefined> {
    const record = await this.#read(session);
    if (record === undefined) return undefined;
    const { endedMs, why = 'it ended', historyBytes = 0, name, pid, boot } = record;
    const called = name === '' ? 'it' : JSON.stringify(name);
    if (endedMs === undefined) {
      const cause = causeOf(boot, await this.#boot(), pid);
      return `${called} ended when ${cause}; its output is gone with it, as only that server had the key`;
    }
    const lost = historyBytes === 0 ? '' : `; ${historyBytes} bytes of history went with it`;
    return `${called} ended ${ageOf(nowMs - endedMs)} ago: ${why}${lost}`;
  }

  /** The session of this name that was there last. */
  async idNamed(name: string): Promise<string | undefined> {
    const records = await Promise.all((await this.#ids()).map((id) => this.#read(id)));
    const found = records.filter((each) => each !== undefined && each.name === name);
    return found.toSorted((a, b) => (b?.startedMs ?? 0) - (a?.startedMs ?? 0))[0]?.session;
  }

  /** Forgets what ended long ago. */
  async sweep(nowMs: number): Promise<void> {
    const records = await Promise.all((await this.#ids()).map((id) => this.#read(id)));
    const known = records.filter((each) => each !== undefined);
    const latestFirst = known.toSorted((a, b) => b.startedMs - a.startedMs);
    for (const [index, { session, startedMs, endedMs }] of latestFirst.entries()) {
      if (index < MAX_RECORDS && nowMs - (endedMs ?? startedMs) < KEPT_MS) continue;
      if (endedMs !== undefined || index >= 2 * MAX_RECORDS)
        await rm(this.#pathOf(session), { force: true });
    }
  }

  async #ids(): Promise<string[]> {
    try {
      const names = await readdir(this.#directory);
      return names.map((name) => FILE_NAME.exec(name)?.[1]).filter((id) => id !== undefined);
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async #write(record: SessionRecord): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = this.#pathOf(record.session);
    const temporary = `${path}.${record.pid}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(record)}\n`);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  }

  async #read(session: string): Promise<SessionRecord | undefined> {
    try {
      const text = await readFile(this.#pathOf(session), 'utf8');
      if (text.length > MAX_RECORD_BYTES) return undefined;
      const value: unknown = JSON.parse(text);
      return isRecord(value) && value.session === session ? value : undefined;
    } catch {
      // Absent, or half written by a machine that went down: nothing is known.
      return undefined;
    }
  }

  #pathOf(session: string): string {
    return join(this.#directory, `${session}.json`);
  }
}

/** Linux tells boots apart; elsewhere a killed server and a machine that went down look the same. */
async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return '';
  }
}

function causeOf(boot: string, bootNow: string, pid: number): string {
  if (boot === '') return 'its server was killed, or its host went down';
  return boot === bootNow
    ? `its server (pid ${pid}) was killed or crashed`
    : 'its host was started anew';
}

function isRecord(value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { session, name, pid, boot, startedMs } = value as Record<string, unknown>;
  const areTexts = [session, name, boot].every((each) => typeof each === 'string');
  return areTexts && typeof pid === 'number' && typeof startedMs === 'number';
}

function ageOf(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} days`;
}
