import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../base/errors.ts';

const SOCKET_NAME = /^([0-9a-f]{32})\.sock$/u;

/**
 * Where a user's session servers are found: one control socket each, named after the session id, in a directory
 * that only the user may enter. Whoever answers is alive; no list has to be kept true.
 */
export class SessionRegistry {
  readonly directory: string;
  readonly #userId: number;

  /** The directory stays when the user logs out, unlike $XDG_RUNTIME_DIR; systemd-tmpfiles spares live sockets. */
  constructor(userId: number, temporaryDirectory: string) {
    this.#userId = userId;
    this.directory = join(temporaryDirectory, `everterm-${userId}`);
  }

  get ownerId(): number {
    return this.#userId;
  }

  /** `id`: 32 hexadecimal digits. */
  socketOf(id: string): string {
    return join(this.directory, `${id}.sock`);
  }

  /** The ids whose socket file is there; some may be left over from a server that was killed. */
  async ids(): Promise<string[]> {
    try {
      const found = await lstat(this.directory);
      if (!found.isDirectory() || found.uid !== this.#userId) return [];
      const ids: string[] = [];
      for (const name of await readdir(this.directory)) {
        const id = SOCKET_NAME.exec(name)?.[1];
        if (id !== undefined) ids.push(id);
      }
      return ids.sort();
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** The ids that begin with `prefix`: people type a few digits. */
  async idsBeginning(prefix: string): Promise<string[]> {
    return (await this.ids()).filter((id) => id.startsWith(prefix.toLowerCase()));
  }
}
