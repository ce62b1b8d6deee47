import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { toHex } from '../base/bytes.ts';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import { credentialDirectory } from '../bootstrap/credential-store.ts';
import { formatRoadRecords, type HostRecord, parseRoadRecords, withHost } from './road-records.ts';

/** No file of ours is longer. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** `$XDG_STATE_HOME/everterm/roads.json`, by default in `~/.local/state`. */
export function roadStorePath(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return join(dirname(credentialDirectory(environment, home)), 'roads.json');
}

/**
 * Which roads worked, in a file. It is worth a second or two at the next loss of a link and nothing more, so that no failure here is told
 * but in the log, and of two clients that write at once one may be forgotten.
 *
 * Between any two calls: the file is whole or absent, and only its owner may read it.
 */
export class RoadStore {
  readonly #path: string;
  readonly #random: RandomSource;
  readonly #logger: Logger;

  constructor(path: string, random: RandomSource, logger: Logger) {
    this.#path = path;
    this.#random = random;
    this.#logger = logger;
  }

  find(destination: string): HostRecord | undefined {
    return this.#read().find((record) => record.destination === destination);
  }

  save(record: HostRecord): void {
    const directory = dirname(this.#path);
    const temporary = join(directory, `.${toHex(this.#random.bytes(8))}.tmp`);
    try {
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
      const text = formatRoadRecords(withHost(this.#read(), record));
      fs.writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
      fs.renameSync(temporary, this.#path);
    } catch (error) {
      this.#logger.log(1, `what worked is not remembered: ${messageOf(error)}`);
      removeQuietly(temporary);
    }
  }

  /** A file that is broken is as none, and the next `save` replaces it. */
  #read(): readonly HostRecord[] {
    try {
      const { size } = fs.statSync(this.#path);
      if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes long`);
      return parseRoadRecords(fs.readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT')
        this.#logger.log(1, `${this.#path} is passed over: ${messageOf(error)}`);
      return [];
    }
  }
}

function removeQuietly(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {
    // Its directory is not there either.
  }
}
