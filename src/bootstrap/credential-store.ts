import * as fs from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../base/bytes.ts';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import { stateDirectory } from '../base/state-directory.ts';
import {
  formatCredentials,
  parseCredentials,
  type SessionCredentials,
} from './session-credentials.ts';
import { withLock } from './with-lock.ts';

const LOCK = '.lock';

export interface CredentialStoreOptions {
  /** See `credentialDirectory`. */
  readonly directory: string;
  readonly random: RandomSource;
  readonly logger: Logger;
  /** Writes all of `text`; default node's writeFileSync. */
  readonly write?: (descriptor: number, text: string) => void;
}

/** `$XDG_STATE_HOME/everterm/sessions`, by default in `~/.local/state`. */
export function credentialDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return join(stateDirectory(environment, home), 'sessions');
}

/**
 * The sessions that a client which is gone has left behind, one file each. All calls are synchronous: they are made while
 * a process dies of a signal.
 *
 * Between any two calls: a file is whole or absent, and only its owner may read it.
 */
export class CredentialStore {
  readonly #options: CredentialStoreOptions;

  constructor(options: CredentialStoreOptions) {
    this.#options = options;
  }

  /**
   * `isDue` is asked when all is on the disk, which may take its time: no other process saves between its answer and the file's change.
   *
   * @throws {EtError} ET_ERR_STATE; then nothing is left of the attempt, and what was there before is still there.
   */
  save(credentials: SessionCredentials, isDue: () => boolean = () => true): void {
    const { directory, random, write = fs.writeFileSync } = this.#options;
    const path = this.#pathOf(credentials.session);
    const temporary = join(directory, `.${toHex(random.bytes(8))}.tmp`);
    try {
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
      // It may have been there, made by somebody with other ideas.
      fs.chmodSync(directory, 0o700);
      const descriptor = fs.openSync(temporary, 'wx', 0o600);
      try {
        write(descriptor, formatCredentials(credentials));
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
      withLock(join(directory, LOCK), () => {
        if (isDue()) fs.renameSync(temporary, path);
        else removeQuietly(temporary);
      });
    } catch (cause) {
      removeQuietly(temporary);
      throw stateError(`cannot keep the session in ${directory}`, cause);
    }
  }

  /** Those of a destination, or all; the latest first. What cannot be read is passed over, with a word in the log. */
  list(destination?: string): SessionCredentials[] {
    const { directory } = this.#options;
    const found = this.#names()
      .map((name) => this.#read(join(directory, name)))
      .filter((each) => each !== undefined)
      .filter((each) => destination === undefined || each.destination === destination);
    return found.toSorted((a, b) => b.createdMs - a.createdMs);
  }

  /** Those of one session; `undefined` where there are none that can be read. */
  find(session: Uint8Array): SessionCredentials | undefined {
    return this.#read(this.#pathOf(session));
  }

  /** Also when it is not there. @throws {EtError} ET_ERR_STATE */
  remove(session: Uint8Array): void {
    try {
      fs.rmSync(this.#pathOf(session), { force: true });
    } catch (cause) {
      throw stateError('cannot forget the session', cause);
    }
  }

  #pathOf(session: Uint8Array): string {
    return join(this.#options.directory, `${toHex(session)}.json`);
  }

  #names(): string[] {
    try {
      return fs
        .readdirSync(this.#options.directory)
        .filter((name) => /^[0-9a-f]{32}\.json$/u.test(name));
    } catch (cause) {
      if (systemCodeOf(cause) === 'ENOENT') return [];
      throw stateError(`cannot read ${this.#options.directory}`, cause);
    }
  }

  #read(path: string): SessionCredentials | undefined {
    try {
      const credentials = parseCredentials(fs.readFileSync(path, 'utf8'));
      if (path === this.#pathOf(credentials.session)) return credentials;
      this.#options.logger.log(0, `${path} is passed over: it is about another session`);
    } catch (thrown) {
      // Gone since we listed it: another client has resumed it.
      if (systemCodeOf(thrown) === 'ENOENT') return undefined;
      this.#options.logger.log(0, `${path} is passed over: ${messageOf(thrown)}`);
    }
    return undefined;
  }
}

/** The failure that led here is the one to tell. */
function removeQuietly(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {
    // Its directory is not there either.
  }
}

function stateError(what: string, cause: unknown): EtError {
  return new EtError('ET_ERR_STATE', `${what}: ${messageOf(cause)}`, {
    cause,
    advice: 'check the directory, its owner and its free space, or set XDG_STATE_HOME',
  });
}
